
#include <ngx_eiam_cache.h>
#include <ngx_eiam_flight.h>
#include <ngx_eiam_key_set.h>
#include <ngx_eiam_random.h>
#include <ngx_eiam_reader.h>
#include <ngx_eiam_revocation.h>
#include <ngx_eiam_revocation_index.h>
#include <ngx_eiam_source.h>
#include <ngx_eiam_zone.h>


#define NGX_EIAM_ZONE_RESERVE  4     /* pages, at least */
#define NGX_EIAM_ZONE_SMALL    (256 * 1024)


static ngx_int_t ngx_eiam_zone_create(ngx_eiam_zone_t *zone);
static ngx_int_t ngx_eiam_zone_inherit(ngx_eiam_zone_t *zone,
    const ngx_shm_zone_t *shm_zone);
static void ngx_eiam_zone_lay_out(ngx_eiam_shared_t *shared, u_char *p,
    size_t size);
static uint32_t ngx_eiam_zone_power(size_t n);
static ngx_int_t ngx_eiam_zone_redis(ngx_eiam_zone_t *zone);
static ngx_int_t ngx_eiam_zone_records(ngx_eiam_zone_t *zone,
    const ngx_eiam_zone_t *prior);
static ngx_eiam_record_t *ngx_eiam_zone_record(ngx_eiam_zone_t *zone,
    const ngx_eiam_zone_t *prior, const ngx_eiam_source_t *source);
static ngx_eiam_record_t *ngx_eiam_zone_reuse(ngx_eiam_zone_t *zone,
    const ngx_eiam_zone_t *prior, const ngx_eiam_source_t *source);
static void ngx_eiam_zone_forget(ngx_eiam_shared_t *shared,
    ngx_eiam_record_t *record);
static ngx_uint_t ngx_eiam_zone_has(const ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t id);
static ngx_int_t ngx_eiam_zone_key_set(ngx_eiam_zone_t *zone,
    ngx_eiam_record_t *record);
static void ngx_eiam_zone_wipe(ngx_eiam_shared_t *shared);


ngx_int_t
ngx_eiam_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_eiam_zone_t  *prior = data;

    ngx_eiam_zone_t  *zone;

    zone = shm_zone->data;
    zone->pool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (prior) {
        zone->shared = prior->shared;

    } else if (shm_zone->shm.exists) {
        zone->shared = zone->pool->data;

    } else if (ngx_eiam_zone_create(zone) != NGX_OK
               || ngx_eiam_zone_inherit(zone, shm_zone) != NGX_OK)
    {
        goto failed;
    }

    zone->number = ++zone->shared->number;
    zone->shared->revocations.leeway = zone->leeway;
    zone->shared->revocations.shares = (zone->identity != 0);

    if (ngx_eiam_zone_records(zone, prior) == NGX_OK
        && ngx_eiam_zone_redis(zone) == NGX_OK)
    {
        return NGX_OK;
    }

failed:

    ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                  "\"eiam_zone\" \"%V\" is too small%s",
                  &shm_zone->shm.name,
                  prior ? " for what this configuration adds: change its size"
                        : "");

    return NGX_ERROR;
}


/*
 * Nearly all pages are divided here once and for all: a sixteenth for counters,
 * a tenth for revocations, a sixty-fourth for who is refused, a thirty-second
 * for what has been used, another one for flights and one for refusals, and the
 * rest for grants.  The slab allocator keeps a sixteenth, and what key sets
 * need.
 */

static ngx_int_t
ngx_eiam_zone_create(ngx_eiam_zone_t *zone)
{
    size_t              size;
    u_char             *p;
    ngx_uint_t          i, reserve;
    ngx_eiam_shared_t  *shared;
    ngx_eiam_source_t **source;

    zone->pool->log_nomem = 0;

    shared = ngx_slab_calloc(zone->pool, sizeof(ngx_eiam_shared_t));

    reserve = ngx_max(zone->pool->pfree / 16, NGX_EIAM_ZONE_RESERVE);
    source = zone->sources.elts;

    for (i = 0; i < zone->sources.nelts; i++) {

        if (source[i]->has_keys) {
            reserve += NGX_EIAM_KEY_SET_MAX / ngx_pagesize + 1;
        }
    }

    if (zone->pool->pfree < 2 * reserve) {
        return NGX_ERROR;
    }

    size = (zone->pool->pfree - reserve) * ngx_pagesize;

    p = ngx_slab_alloc(zone->pool, size);

    if (shared == NULL || p == NULL
        || ngx_eiam_random(&shared->revocations.base, sizeof(uint64_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_eiam_zone_lay_out(shared, p, size);
    ngx_eiam_zone_wipe(shared);

    zone->shared = shared;
    zone->pool->data = shared;

    return NGX_OK;
}


static void
ngx_eiam_zone_lay_out(ngx_eiam_shared_t *shared, u_char *p, size_t size)
{
    size_t                part;
    u_char               *last;
    uint32_t              n;
    ngx_eiam_grants_t    *grants;
    ngx_eiam_flights_t   *flights;
    ngx_eiam_refusals_t  *refusals;

    grants = &shared->grants;
    flights = &shared->flights;
    refusals = &shared->refusals;

    last = p + size;

    part = size / 16;
    ngx_memzero(p, part);
    ngx_eiam_metrics_lay_out(&shared->metrics, p, part);
    p += ngx_align(part, sizeof(ngx_eiam_entry_t));

    part = size / 10;
    ngx_eiam_revocation_lay_out(shared, p, part);
    p += ngx_align(part, sizeof(ngx_eiam_entry_t));

    part = ngx_max(size / 64,
                   NGX_EIAM_DENIAL_WAYS * sizeof(ngx_eiam_denial_t));
    ngx_memzero(p, part);
    part = ngx_eiam_denial_lay_out(&shared->denials, p, part);
    p += ngx_align(part, sizeof(ngx_eiam_entry_t));

    part = (size < NGX_EIAM_ZONE_SMALL) ? NGX_EIAM_USAGE_MIN : size / 32;
    ngx_memzero(p, part);
    ngx_eiam_usage_lay_out(&shared->usage, p, part);
    p += ngx_align(part, sizeof(ngx_eiam_entry_t));

    part = size / 32;

    n = part / sizeof(ngx_eiam_flight_t);
    flights->nslots = ngx_min(n, NGX_EIAM_FLIGHTS_MAX + 1);
    flights->slots = (ngx_eiam_flight_t *) p;
    p += flights->nslots * sizeof(ngx_eiam_flight_t);

    flights->heads = (uint32_t *) p;
    p += NGX_EIAM_FLIGHTS_HEADS * sizeof(uint32_t);

    n = ngx_eiam_zone_power(part / (NGX_EIAM_REFUSALS
                                    * sizeof(ngx_eiam_refusal_t)));
    refusals->mask = n - 1;
    refusals->slots = (ngx_eiam_refusal_t *) p;
    p += n * NGX_EIAM_REFUSALS * sizeof(ngx_eiam_refusal_t);

    n = ngx_eiam_zone_power((last - p) / sizeof(ngx_eiam_entry_t));
    grants->mask = n - 1;
    grants->heads = (uint32_t *) p;
    p += ngx_align(n * sizeof(uint32_t), sizeof(ngx_eiam_entry_t));

    grants->cells = (ngx_eiam_entry_t *) p;
    grants->ncells = (last - p) / sizeof(ngx_eiam_entry_t);
}


/*
 * A zone of another size starts empty, but what was revoked stays revoked: the
 * revocations are copied from the zone of that name that nginx is about to
 * free.
 */

static ngx_int_t
ngx_eiam_zone_inherit(ngx_eiam_zone_t *zone, const ngx_shm_zone_t *shm_zone)
{
    ngx_int_t         rc;
    ngx_uint_t        i;
    ngx_shm_zone_t   *old;
    ngx_list_part_t  *part;
    ngx_eiam_zone_t  *prior;

    part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part;
    old = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {

            if (part->next == NULL) {
                return NGX_OK;
            }

            part = part->next;
            old = part->elts;
            i = 0;
        }

        if (&old[i] != shm_zone && old[i].tag == shm_zone->tag
            && old[i].shm.name.len == shm_zone->shm.name.len
            && ngx_memcmp(old[i].shm.name.data, shm_zone->shm.name.data,
                          shm_zone->shm.name.len)
               == 0)
        {
            break;
        }
    }

    prior = old[i].data;

    if (prior == NULL || prior->shared == NULL) {
        return NGX_OK;
    }

    ngx_eiam_zone_lock(prior);
    rc = ngx_eiam_revocation_copy(zone->shared, prior->shared);
    ngx_eiam_zone_unlock(prior);

    return rc;
}


/* the largest power of two that is not larger than n */

static uint32_t
ngx_eiam_zone_power(size_t n)
{
    uint32_t  power;

    for (power = 1; power <= n / 2; power *= 2) { /* void */ }

    return power;
}


/* the counters of Redis, which only those zones have that need them */

static ngx_int_t
ngx_eiam_zone_redis(ngx_eiam_zone_t *zone)
{
    ngx_eiam_shared_t   *shared;
    ngx_eiam_metrics_t  *metrics;

    shared = zone->shared;
    metrics = &shared->metrics;

    if (!zone->redis) {
        return NGX_OK;
    }

    if (metrics->redis == NULL) {
        metrics->redis = ngx_slab_calloc(zone->pool,
                                         sizeof(ngx_eiam_metrics_redis_t));
    }

    if (shared->quotas == NULL) {
        shared->quotas = ngx_slab_calloc(zone->pool,
                                         NGX_EIAM_QUOTAS
                                         * sizeof(ngx_eiam_quota_t));
    }

    return (metrics->redis && shared->quotas) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_eiam_zone_records(ngx_eiam_zone_t *zone, const ngx_eiam_zone_t *prior)
{
    ngx_uint_t           i;
    ngx_eiam_source_t  **source;

    source = zone->sources.elts;

    for (i = 0; i < zone->sources.nelts; i++) {

        if (source[i]->location) {
            source[i]->record = source[i]->location->record;
            continue;
        }

        if (!source[i]->is_asked) {
            continue;
        }

        source[i]->record = ngx_eiam_zone_record(zone, prior, source[i]);

        if (source[i]->record == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_eiam_record_t *
ngx_eiam_zone_record(ngx_eiam_zone_t *zone, const ngx_eiam_zone_t *prior,
    const ngx_eiam_source_t *source)
{
    ngx_eiam_record_t  *record;

    for (record = zone->shared->records; record; record = record->next) {

        if (ngx_memcmp(record->id, source->id, NGX_EIAM_DIGEST_LEN) == 0) {
            return record;
        }
    }

    record = ngx_eiam_zone_reuse(zone, prior, source);
    if (record) {
        return record;
    }

    record = ngx_slab_calloc(zone->pool, sizeof(ngx_eiam_record_t));
    if (record == NULL) {
        return NULL;
    }

    if (source->has_keys && ngx_eiam_zone_key_set(zone, record) != NGX_OK) {
        ngx_slab_free(zone->pool, record);
        return NULL;
    }

    ngx_memcpy(record->id, source->id, NGX_EIAM_DIGEST_LEN);
    record->next = zone->shared->records;

    /* old workers may be walking along the list */
    ngx_memory_barrier();
    zone->shared->records = record;

    return record;
}


/*
 * A record that neither this configuration nor the previous one uses.  Workers
 * of even older configurations see that it belongs to a newer one.
 */

static ngx_eiam_record_t *
ngx_eiam_zone_reuse(ngx_eiam_zone_t *zone, const ngx_eiam_zone_t *prior,
    const ngx_eiam_source_t *source)
{
    ngx_eiam_record_t  *record;

    ngx_eiam_zone_lock(zone);

    for (record = zone->shared->records; record; record = record->next) {

        if (record->flights || (record->keys != NULL) != source->has_keys
            || ngx_eiam_zone_has(zone, record->id)
            || (prior && ngx_eiam_zone_has(prior, record->id)))
        {
            continue;
        }

        ngx_eiam_shared_change(zone->shared);

        ngx_memcpy(record->id, source->id, NGX_EIAM_DIGEST_LEN);
        ngx_eiam_shared_step(zone->shared);

        ngx_eiam_zone_forget(zone->shared, record);

        if (record->keys) {
            record->keys->owner = zone->number;
        }

        break;
    }

    ngx_eiam_zone_unlock(zone);

    return record;
}


static ngx_uint_t
ngx_eiam_zone_has(const ngx_eiam_zone_t *zone, const ngx_eiam_digest_t id)
{
    ngx_uint_t           i;
    ngx_eiam_source_t  **source;

    source = zone->sources.elts;

    for (i = 0; i < zone->sources.nelts; i++) {

        if (ngx_memcmp(source[i]->id, id, NGX_EIAM_DIGEST_LEN) == 0) {
            return 1;
        }
    }

    return 0;
}


/* allocates a key set with room for the largest one */

static ngx_int_t
ngx_eiam_zone_key_set(ngx_eiam_zone_t *zone, ngx_eiam_record_t *record)
{
    record->keys = ngx_slab_calloc(zone->pool, sizeof(ngx_eiam_key_set_t));
    if (record->keys == NULL) {
        return NGX_ERROR;
    }

    record->keys->owner = zone->number;
    record->keys->text = ngx_slab_alloc(zone->pool, NGX_EIAM_KEY_SET_MAX);

    if (record->keys->text == NULL) {
        ngx_slab_free(zone->pool, record->keys);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_eiam_zone_wipe(ngx_eiam_shared_t *shared)
{
    ngx_eiam_record_t  *record;

    ngx_eiam_shared_step(shared);
    ngx_eiam_cache_wipe(shared);
    ngx_eiam_shared_step(shared);
    ngx_eiam_flight_wipe(shared);
    ngx_eiam_shared_step(shared);
    ngx_eiam_revocation_index_rebuild(shared);
    ngx_eiam_shared_step(shared);
    ngx_eiam_reader_wipe(shared);

    for (record = shared->records; record; record = record->next) {
        record->flights = 0;
        record->strangers = 0;
        ngx_eiam_zone_forget(shared, record);
    }
}


static void
ngx_eiam_zone_forget(ngx_eiam_shared_t *shared, ngx_eiam_record_t *record)
{
    record->retry = 0;
    ngx_eiam_shared_step(shared);
    record->failures = 0;
    ngx_eiam_shared_step(shared);
    record->probe = 0;
    ngx_eiam_shared_step(shared);
    record->open = 0;
    ngx_eiam_shared_step(shared);

    if (record->keys) {
        record->keys->len = 0;
        ngx_eiam_shared_step(shared);

        ngx_eiam_key_set_reset(shared, record->keys);
    }
}


void
ngx_eiam_zone_sweep(ngx_eiam_zone_t *zone)
{
    ngx_eiam_zone_lock(zone);
    ngx_eiam_flight_sweep(zone->shared, 1);
    ngx_eiam_zone_unlock(zone);
}


void
ngx_eiam_zone_lock(ngx_eiam_zone_t *zone)
{
    ngx_shmtx_lock(&zone->pool->mutex);
    ngx_eiam_shared_step(zone->shared);

    if (zone->shared->changing) {
        ngx_eiam_zone_wipe(zone->shared);
    }
}


void
ngx_eiam_zone_unlock(ngx_eiam_zone_t *zone)
{
    if (zone->shared->changing) {
        ngx_memory_barrier();
        zone->shared->changing = 0;
    }

    ngx_eiam_shared_step(zone->shared);
    ngx_shmtx_unlock(&zone->pool->mutex);
}
