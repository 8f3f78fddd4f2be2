
#include <ngx_eiam_cache.h>
#include <ngx_eiam_flight.h>
#include <ngx_eiam_source.h>
#include <ngx_eiam_zone.h>


static ngx_int_t ngx_eiam_zone_create(ngx_eiam_zone_t *zone);
static ngx_int_t ngx_eiam_zone_records(ngx_eiam_zone_t *zone);
static ngx_eiam_record_t *ngx_eiam_zone_record(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t id);
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

    } else if (ngx_eiam_zone_create(zone) != NGX_OK) {
        goto failed;
    }

    if (ngx_eiam_zone_records(zone) == NGX_OK) {
        return NGX_OK;
    }

failed:

    ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                  "\"eiam_zone\" \"%V\" is too small", &shm_zone->shm.name);

    return NGX_ERROR;
}


/*
 * Seven eighths of the pages are laid out here once and for all, the slab
 * allocator has the rest.  A sixteenth is for refusals, another one at most
 * for flights.
 */

static ngx_int_t
ngx_eiam_zone_create(ngx_eiam_zone_t *zone)
{
    size_t               size;
    u_char              *p;
    uint32_t             n;
    ngx_eiam_shared_t   *shared;

    zone->pool->log_nomem = 0;

    shared = ngx_slab_calloc(zone->pool, sizeof(ngx_eiam_shared_t));

    size = zone->pool->pfree / 8 * 7 * ngx_pagesize;
    p = ngx_slab_alloc(zone->pool, size);

    if (shared == NULL || p == NULL) {
        return NGX_ERROR;
    }

    n = size / 16 / sizeof(ngx_eiam_flight_t);

    shared->flights.nslots = ngx_min(n, NGX_EIAM_FLIGHTS_MAX);
    shared->flights.slots = (ngx_eiam_flight_t *) p;
    p += shared->flights.nslots * sizeof(ngx_eiam_flight_t);

    shared->flights.heads = (uint32_t *) p;
    p += NGX_EIAM_FLIGHTS_HEADS * sizeof(uint32_t);

    n = NGX_EIAM_REFUSALS * sizeof(ngx_eiam_refusal_t);

    for (shared->refusals.mask = 1;
         shared->refusals.mask * 2 * n <= size / 16;
         shared->refusals.mask *= 2)
    {
        /* void */
    }

    shared->refusals.slots = (ngx_eiam_refusal_t *) p;
    p += shared->refusals.mask-- * n;

    size -= p - (u_char *) shared->flights.slots;
    n = size / (sizeof(ngx_eiam_entry_t) + sizeof(uint32_t));

    shared->grants.ncells = n;
    shared->grants.cells = (ngx_eiam_entry_t *) p;
    shared->grants.heads = (uint32_t *) (shared->grants.cells + n);

    for (shared->grants.mask = 1;
         shared->grants.mask * 2 <= n;
         shared->grants.mask *= 2)
    {
        /* void */
    }

    shared->grants.mask--;

#if (NGX_EIAM_STEPS)
    shared->last_step = getenv("EIAM_LAST_STEP")
                        ? atoi(getenv("EIAM_LAST_STEP")) : 0;
#endif

    ngx_eiam_zone_wipe(shared);

    zone->shared = shared;
    zone->pool->data = shared;

    return NGX_OK;
}


/* the records of sources that no configuration has any more stay, unused */

static ngx_int_t
ngx_eiam_zone_records(ngx_eiam_zone_t *zone)
{
    ngx_uint_t           i;
    ngx_eiam_source_t  **source;

    source = zone->sources.elts;

    for (i = 0; i < zone->sources.nelts; i++) {

        source[i]->record = ngx_eiam_zone_record(zone, source[i]->id);

        if (source[i]->record == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_eiam_record_t *
ngx_eiam_zone_record(ngx_eiam_zone_t *zone, const ngx_eiam_digest_t id)
{
    ngx_eiam_record_t  *record;

    for (record = zone->shared->records; record; record = record->next) {

        if (ngx_memcmp(record->id, id, NGX_EIAM_DIGEST_LEN) == 0) {
            return record;
        }
    }

    record = ngx_slab_calloc(zone->pool, sizeof(ngx_eiam_record_t));
    if (record == NULL) {
        return NULL;
    }

    ngx_memcpy(record->id, id, NGX_EIAM_DIGEST_LEN);
    record->next = zone->shared->records;

    /* old workers may be walking along the list */
    ngx_memory_barrier();
    zone->shared->records = record;

    return record;
}


static void
ngx_eiam_zone_wipe(ngx_eiam_shared_t *shared)
{
    ngx_eiam_record_t  *record;

    ngx_eiam_cache_wipe(shared);
    ngx_eiam_flight_wipe(shared);

    for (record = shared->records; record; record = record->next) {
        record->retry = 0;
        record->failures = 0;
        record->probe = 0;
        record->flights = 0;
    }
}


void
ngx_eiam_zone_sweep(ngx_eiam_zone_t *zone)
{
    ngx_eiam_zone_lock(zone);
    ngx_eiam_flight_sweep(zone->shared);
    ngx_eiam_zone_unlock(zone);
}


void
ngx_eiam_zone_lock(ngx_eiam_zone_t *zone)
{
    ngx_shmtx_lock(&zone->pool->mutex);

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

    ngx_shmtx_unlock(&zone->pool->mutex);
}


#if (NGX_EIAM_STEPS)

void
ngx_eiam_zone_step(ngx_eiam_shared_t *shared)
{
    if (++shared->steps == shared->last_step) {
        (void) kill(getpid(), SIGKILL);
    }
}

#endif
