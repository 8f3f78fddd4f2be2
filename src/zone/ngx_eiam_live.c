
#include <ngx_eiam_live.h>


#define NGX_EIAM_LIVE_READ_MAX  2000     /* ms */

#define ngx_eiam_live_digest(live)                                            \
    ((live)->digests[(live)->generation & 1])


static ngx_eiam_live_t *ngx_eiam_live_find(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t id);
static ngx_eiam_live_t *ngx_eiam_live_create(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t id);
static ngx_int_t ngx_eiam_live_store(ngx_eiam_zone_t *zone,
    ngx_eiam_live_t *live, const ngx_eiam_digest_t digest);
static ngx_uint_t ngx_eiam_live_is_read(const ngx_eiam_live_t *live);


ngx_eiam_live_t *
ngx_eiam_live_add(ngx_eiam_zone_t *zone, const ngx_str_t *name,
    const ngx_eiam_digest_t digest)
{
    ngx_eiam_live_t    *live;
    ngx_eiam_digest_t   id;

    if (ngx_eiam_digest(name, id) != NGX_OK) {
        return NULL;
    }

    ngx_eiam_zone_lock(zone);
    live = ngx_eiam_live_find(zone, id);
    ngx_eiam_zone_unlock(zone);

    if (live == NULL) {
        live = ngx_eiam_live_create(zone, id);
        if (live == NULL) {
            return NULL;
        }
    }

    ngx_eiam_zone_lock(zone);
    live->number = zone->number;
    (void) ngx_eiam_live_store(zone, live, digest);
    ngx_eiam_zone_unlock(zone);

    return live;
}


/*
 * Finds the record of the file, or else takes one that neither this
 * configuration nor the one before uses.
 */

static ngx_eiam_live_t *
ngx_eiam_live_find(ngx_eiam_zone_t *zone, const ngx_eiam_digest_t id)
{
    ngx_eiam_live_t  *live, *unused;

    unused = NULL;

    for (live = zone->shared->lives; live; live = live->next) {

        if (ngx_memcmp(live->id, id, NGX_EIAM_DIGEST_LEN) == 0) {
            return live;
        }

        if (live->number + 1 < zone->number) {
            unused = live;
        }
    }

    if (unused) {
        ngx_memcpy(unused->id, id, NGX_EIAM_DIGEST_LEN);
        unused->reader = 0;
    }

    return unused;
}


static ngx_eiam_live_t *
ngx_eiam_live_create(ngx_eiam_zone_t *zone, const ngx_eiam_digest_t id)
{
    ngx_eiam_live_t  *live;

    live = ngx_slab_calloc(zone->pool, sizeof(ngx_eiam_live_t));
    if (live == NULL) {
        return NULL;
    }

    ngx_memcpy(live->id, id, NGX_EIAM_DIGEST_LEN);

    /* without the lock: only the master adds and searches records */
    live->next = zone->shared->lives;
    zone->shared->lives = live;

    return live;
}


ngx_uint_t
ngx_eiam_live_is(ngx_eiam_zone_t *zone, const ngx_eiam_live_t *live,
    const ngx_eiam_digest_t digest)
{
    ngx_uint_t  is;

    ngx_eiam_zone_lock(zone);

    is = ngx_memcmp(ngx_eiam_live_digest(live), digest, NGX_EIAM_DIGEST_LEN)
         == 0;

    ngx_eiam_zone_unlock(zone);

    return is;
}


ngx_int_t
ngx_eiam_live_begin(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live)
{
    ngx_int_t  rc;

    ngx_eiam_zone_lock(zone);

    rc = ngx_eiam_live_is_read(live) ? NGX_AGAIN : NGX_OK;

    if (rc == NGX_OK) {
        live->reader = ngx_pid;
        live->until = ngx_current_msec + NGX_EIAM_LIVE_READ_MAX;
    }

    ngx_eiam_zone_unlock(zone);

    return rc;
}


/* nobody waits for a reader that has been killed or stopped */

static ngx_uint_t
ngx_eiam_live_is_read(const ngx_eiam_live_t *live)
{
    return live->reader != 0 && live->reader != ngx_pid
           && (ngx_msec_int_t) (live->until - ngx_current_msec) > 0
           && (kill(live->reader, 0) == 0 || ngx_errno != ESRCH);
}


void
ngx_eiam_live_end(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live)
{
    ngx_eiam_zone_lock(zone);

    if (live->reader == ngx_pid) {
        live->reader = 0;
    }

    ngx_eiam_zone_unlock(zone);
}


ngx_int_t
ngx_eiam_live_put(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live,
    const ngx_eiam_digest_t digest)
{
    ngx_int_t  rc;

    ngx_eiam_zone_lock(zone);
    rc = ngx_eiam_live_store(zone, live, digest);
    ngx_eiam_zone_unlock(zone);

    return rc;
}


/*
 * For the holder of the lock.  If the worker is killed in here, either the old
 * or the new content is in force: one store changes the generation.
 */

static ngx_int_t
ngx_eiam_live_store(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live,
    const ngx_eiam_digest_t digest)
{
    live->refused_at = 0;
    ngx_memzero(&live->refused, sizeof(ngx_eiam_stamp_t));

    if (live->generation != 0
        && ngx_memcmp(ngx_eiam_live_digest(live), digest, NGX_EIAM_DIGEST_LEN)
           == 0)
    {
        return NGX_DECLINED;
    }

    ngx_eiam_shared_step(zone->shared);
    ngx_memcpy(live->digests[(live->generation + 1) & 1], digest,
               NGX_EIAM_DIGEST_LEN);

    ngx_eiam_shared_step(zone->shared);
    live->since = ngx_time();

    ngx_memory_barrier();
    ngx_eiam_shared_step(zone->shared);
    live->generation++;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_live_refuse(ngx_eiam_zone_t *zone, ngx_eiam_live_t *live,
    const ngx_eiam_stamp_t *stamp, ngx_uint_t permanent,
    const ngx_str_t *fault)
{
    size_t     len;
    ngx_int_t  rc;

    rc = NGX_DECLINED;
    len = ngx_min(fault->len, NGX_EIAM_LIVE_FAULT_MAX);

    ngx_eiam_zone_lock(zone);

    if (live->refused_at == 0
        || !ngx_eiam_stamp_equal(&live->refused, stamp)
        || live->fault_len != len
        || ngx_memcmp(live->fault, fault->data, len) != 0)
    {
        rc = NGX_OK;

        live->fault_len = len;
        ngx_memcpy(live->fault, fault->data, len);

        live->refused = *stamp;
        live->refused_at = ngx_time();
    }

    live->permanent = permanent;

    ngx_eiam_zone_unlock(zone);

    return rc;
}


ngx_uint_t
ngx_eiam_live_is_refused(ngx_eiam_zone_t *zone, const ngx_eiam_live_t *live,
    const ngx_eiam_stamp_t *stamp)
{
    ngx_uint_t  is;

    ngx_eiam_zone_lock(zone);

    is = live->refused_at && live->permanent
         && ngx_eiam_stamp_equal(&live->refused, stamp);

    ngx_eiam_zone_unlock(zone);

    return is;
}


void
ngx_eiam_live_state(ngx_eiam_zone_t *zone, const ngx_eiam_live_t *live,
    ngx_eiam_live_state_t *state)
{
    ngx_eiam_zone_lock(zone);

    state->generation = live->generation;
    ngx_memcpy(state->digest, ngx_eiam_live_digest(live), NGX_EIAM_DIGEST_LEN);
    state->since = live->since;
    state->refused_at = live->refused_at;
    state->fault_len = live->refused_at ? live->fault_len : 0;
    ngx_memcpy(state->fault, live->fault, state->fault_len);

    ngx_eiam_zone_unlock(zone);
}
