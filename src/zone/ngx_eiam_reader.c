
#include <ngx_eiam_reader.h>
#include <ngx_eiam_revocation_index.h>


#define NGX_EIAM_READER_AGE_MAX  (24 * 60 * 60 * 1000)   /* ms */


static ngx_uint_t ngx_eiam_reader_has(const ngx_eiam_zone_t *zone,
    uint32_t lease);
static ngx_msec_t ngx_eiam_reader_since(uint64_t then);


ngx_int_t
ngx_eiam_reader_acquire(ngx_eiam_zone_t *zone, uint32_t *lease)
{
    ngx_int_t           rc;
    ngx_eiam_reader_t  *reader;

    reader = &zone->shared->reader;
    rc = NGX_DECLINED;

    ngx_eiam_zone_lock(zone);

    if (reader->number < zone->number || reader->until <= ngx_current_msec) {

        ngx_eiam_shared_change(zone->shared);

        if (reader->identity != zone->identity) {

            /* the stream is that of another Redis or key, and not yet read */

            ngx_eiam_reader_wipe(zone->shared);
            ngx_memzero(&reader->known, sizeof(ngx_eiam_position_t));
            reader->identity = zone->identity;
        }

        reader->number = zone->number;
        reader->until = ngx_current_msec + NGX_EIAM_READER_LEASE;
        ngx_eiam_shared_step(zone->shared);

        *lease = ++reader->lease;
        rc = NGX_OK;
    }

    ngx_eiam_zone_unlock(zone);

    return rc;
}


/* for the holder of the lock */

static ngx_uint_t
ngx_eiam_reader_has(const ngx_eiam_zone_t *zone, uint32_t lease)
{
    const ngx_eiam_reader_t  *reader;

    reader = &zone->shared->reader;

    return reader->number && reader->lease == lease
           && reader->identity == zone->identity;
}


ngx_int_t
ngx_eiam_reader_renew(ngx_eiam_zone_t *zone, uint32_t lease)
{
    ngx_int_t  rc;

    rc = NGX_DECLINED;

    ngx_eiam_zone_lock(zone);

    if (ngx_eiam_reader_has(zone, lease)) {
        zone->shared->reader.until = ngx_current_msec + NGX_EIAM_READER_LEASE;
        rc = NGX_OK;
    }

    ngx_eiam_zone_unlock(zone);

    return rc;
}


void
ngx_eiam_reader_release(ngx_eiam_zone_t *zone, uint32_t lease)
{
    ngx_eiam_zone_lock(zone);

    if (ngx_eiam_reader_has(zone, lease)) {
        ngx_eiam_shared_change(zone->shared);
        zone->shared->reader.until = 0;
        ngx_eiam_shared_step(zone->shared);
        zone->shared->reader.number = 0;
    }

    ngx_eiam_zone_unlock(zone);
}


ngx_int_t
ngx_eiam_reader_place(ngx_eiam_zone_t *zone, ngx_eiam_reader_place_t *place)
{
    ngx_eiam_reader_t  *reader;

    reader = &zone->shared->reader;

    ngx_eiam_zone_lock(zone);

    place->position = reader->position;
    place->unreadable = reader->unreadable;
    ngx_memcpy(place->nonce, reader->nonce, NGX_EIAM_READER_NONCE);

    ngx_eiam_zone_unlock(zone);

    return ngx_eiam_position_is_zero(&place->position) ? NGX_DECLINED : NGX_OK;
}


ngx_int_t
ngx_eiam_reader_known(ngx_eiam_zone_t *zone,
    ngx_eiam_position_t *position)
{
    ngx_eiam_zone_lock(zone);

    *position = zone->shared->reader.known;

    ngx_eiam_zone_unlock(zone);

    return ngx_eiam_reader_has_read(zone) ? NGX_OK : NGX_DECLINED;
}


ngx_uint_t
ngx_eiam_reader_has_read(const ngx_eiam_zone_t *zone)
{
    const ngx_eiam_reader_t  *reader;

    reader = &zone->shared->reader;

    return reader->identity == zone->identity && reader->known.msec;
}


ngx_int_t
ngx_eiam_reader_advance(ngx_eiam_zone_t *zone, uint32_t lease,
    const ngx_eiam_reader_place_t *place, ngx_msec_t sent)
{
    ngx_int_t           rc;
    ngx_eiam_reader_t  *reader;

    reader = &zone->shared->reader;
    rc = NGX_DECLINED;

    ngx_eiam_zone_lock(zone);

    if (ngx_eiam_reader_has(zone, lease)) {

        ngx_eiam_shared_change(zone->shared);

        reader->position = place->position;
        reader->known = place->position;
        reader->unreadable = place->unreadable;
        ngx_memcpy(reader->nonce, place->nonce, NGX_EIAM_READER_NONCE);
        ngx_eiam_shared_step(zone->shared);

        reader->until = ngx_current_msec + NGX_EIAM_READER_LEASE;
        reader->contact = ngx_current_msec;

        if (sent) {
            reader->fresh = sent;
        }

        rc = NGX_OK;
    }

    ngx_eiam_zone_unlock(zone);

    return rc;
}


ngx_int_t
ngx_eiam_reader_begin(ngx_eiam_zone_t *zone, uint32_t lease)
{
    ngx_int_t                rc;
    ngx_eiam_revocations_t  *table;

    table = &zone->shared->revocations;
    rc = NGX_DECLINED;

    ngx_eiam_zone_lock(zone);

    if (ngx_eiam_reader_has(zone, lease)) {

        ngx_eiam_shared_change(zone->shared);

        zone->shared->reader.fresh = 0;
        ngx_memzero(&zone->shared->reader.position,
                    sizeof(ngx_eiam_position_t));
        ngx_eiam_shared_step(zone->shared);

        table->doubt = ngx_eiam_revocation_index_next(table);
        table->generation = table->doubt;

        rc = NGX_OK;
    }

    ngx_eiam_zone_unlock(zone);

    return rc;
}


/* "then" may be later: the time of another worker's event loop may be ahead */

static ngx_msec_t
ngx_eiam_reader_since(uint64_t then)
{
    if (then == 0) {
        return NGX_EIAM_READER_AGE_MAX;
    }

    if (then >= ngx_current_msec) {
        return 0;
    }

    return ngx_min(ngx_current_msec - then, NGX_EIAM_READER_AGE_MAX);
}


ngx_msec_t
ngx_eiam_reader_age(const ngx_eiam_zone_t *zone)
{
    const ngx_eiam_reader_t  *reader;

    reader = &zone->shared->reader;

    if (reader->identity != zone->identity) {
        return NGX_EIAM_READER_AGE_MAX;
    }

    return ngx_eiam_reader_since(reader->fresh);
}


ngx_eiam_reader_state_e
ngx_eiam_reader_state(const ngx_eiam_zone_t *zone)
{
    if (ngx_eiam_reader_age(zone) < NGX_EIAM_READER_FRESH) {
        return NGX_EIAM_READER_IS_FRESH;
    }

    return (ngx_eiam_reader_since(zone->shared->reader.contact)
            < NGX_EIAM_READER_LEASE)
           ? NGX_EIAM_READER_IS_STALE : NGX_EIAM_READER_IS_DOWN;
}


ngx_msec_t
ngx_eiam_reader_silence(const ngx_eiam_zone_t *zone)
{
    return ngx_eiam_reader_since(zone->shared->reader.contact);
}


void
ngx_eiam_reader_wipe(ngx_eiam_shared_t *shared)
{
    ngx_eiam_reader_t  *reader;

    reader = &shared->reader;

    reader->fresh = 0;
    reader->until = 0;
    reader->number = 0;
    ngx_eiam_shared_step(shared);

    ngx_memzero(&reader->position, sizeof(ngx_eiam_position_t));
    ngx_memzero(&reader->unreadable, sizeof(ngx_eiam_position_t));
    ngx_eiam_shared_step(shared);

    /*
     * The table of revocations is not wiped, and the known position may be
     * half of one.
     */

    reader->known.sequence = 0;

    /* until the first answer the silence begins now */

    if (reader->contact == 0) {
        reader->contact = ngx_current_msec;
    }
}
