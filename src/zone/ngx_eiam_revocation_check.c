
#include <ngx_eiam_revocation_check.h>
#include <ngx_eiam_revocation_index.h>


static ngx_int_t ngx_eiam_revocation_compare(
    const ngx_eiam_revocations_t *table, uint32_t i,
    const ngx_eiam_grant_t *grant, const ngx_eiam_position_t *position,
    ngx_eiam_detail_e *detail);
static ngx_uint_t ngx_eiam_revocation_is_early(
    const ngx_eiam_revocations_t *table, uint32_t i,
    const ngx_eiam_position_t *position);


ngx_int_t
ngx_eiam_revocation_check(const ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant,
    ngx_eiam_detail_e *detail)
{
    if (ngx_eiam_revocation_has(shared, token)) {

        *detail = (grant->generation & NGX_EIAM_REVOCATION_REISSUED)
                  ? NGX_EIAM_DETAIL_REISSUED : NGX_EIAM_NO_DETAIL;

        return NGX_ABORT;
    }

    return ngx_eiam_revocation_check_issue(shared, grant, detail);
}


ngx_int_t
ngx_eiam_revocation_check_issue(const ngx_eiam_shared_t *shared,
    const ngx_eiam_grant_t *grant, ngx_eiam_detail_e *detail)
{
    return ngx_eiam_revocation_check_shared(shared, grant, NULL, detail);
}


ngx_int_t
ngx_eiam_revocation_check_shared(const ngx_eiam_shared_t *shared,
    const ngx_eiam_grant_t *grant, const ngx_eiam_position_t *position,
    ngx_eiam_detail_e *detail)
{
    uint32_t                       i;
    ngx_int_t                      rc;
    ngx_eiam_revocation_id_t       id;
    const ngx_eiam_revocations_t  *table;

    table = &shared->revocations;

    *detail = NGX_EIAM_NO_DETAIL;

    rc = ngx_eiam_revocation_compare(table, NGX_EIAM_REVOCATION_ALL, grant,
                                     position, detail);

    if (rc != NGX_OK || table->applications == 0
        || grant->application.len == 0)
    {
        return rc;
    }

    if (ngx_eiam_revocation_id(&grant->application, id) != NGX_OK) {
        return NGX_ABORT;
    }

    i = ngx_eiam_revocation_index_find(table, id);

    return i ? ngx_eiam_revocation_compare(table, i, grant, position, detail)
             : NGX_OK;
}


/*
 * A learned token says when it was issued by its generation or position.  Of
 * another one "iat" does; without one the source is asked whether it is still
 * good.
 */

static ngx_int_t
ngx_eiam_revocation_compare(const ngx_eiam_revocations_t *table, uint32_t i,
    const ngx_eiam_grant_t *grant, const ngx_eiam_position_t *position,
    ngx_eiam_detail_e *detail)
{
    ngx_uint_t                    before;
    const ngx_eiam_revocation_t  *row;

    row = &table->rows[i];

    if (ngx_eiam_revocation_kind(row) != NGX_EIAM_REVOCATION_OF_APPLICATION) {
        return NGX_OK;
    }

    before = position
             ? ngx_eiam_revocation_is_early(table, i, position)
             : ngx_eiam_revocation_check_is_before(grant->generation,
                                               row->of.application.generation);

    if (grant->learned) {
        return before ? NGX_ABORT : NGX_OK;
    }

    if (grant->issued == 0) {
        return before ? NGX_DECLINED : NGX_OK;
    }

    if (grant->issued > (time_t) row->time) {
        return NGX_OK;
    }

    *detail = NGX_EIAM_DETAIL_ISSUED_EARLY;

    return NGX_ABORT;
}


/* until a revocation is in the stream, every position is before it */

static ngx_uint_t
ngx_eiam_revocation_is_early(const ngx_eiam_revocations_t *table, uint32_t i,
    const ngx_eiam_position_t *position)
{
    return (table->rows[i].state & NGX_EIAM_REVOCATION_UNSENT)
           || ngx_eiam_position_compare(position, &table->events[i].position)
              < 0;
}


/* generations wrap around; 0 is before all of them */

ngx_uint_t
ngx_eiam_revocation_check_is_before(uint32_t generation, uint32_t other)
{
    generation &= NGX_EIAM_REVOCATION_GENERATIONS;

    return generation == 0
           || ((generation - other) & NGX_EIAM_REVOCATION_GENERATIONS)
              > NGX_EIAM_REVOCATION_GENERATIONS / 2;
}


ngx_uint_t
ngx_eiam_revocation_check_is_doubtful(const ngx_eiam_shared_t *shared,
    const ngx_eiam_grant_t *grant)
{
    uint32_t  doubt;

    doubt = shared->revocations.doubt;

    if (grant->generation & NGX_EIAM_REVOCATION_UNASKED) {
        return 1;
    }

    return doubt
           && ngx_eiam_revocation_check_is_before(grant->generation, doubt);
}
