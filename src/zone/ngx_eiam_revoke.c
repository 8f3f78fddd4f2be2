
#include <ngx_eiam_revocation_index.h>
#include <ngx_eiam_revocation_undone.h>
#include <ngx_eiam_revoke.h>


#define NGX_EIAM_REVOKE_LOOK  256       /* rows at a time under the lock */


static ngx_uint_t ngx_eiam_revoke_read(const ngx_eiam_revocations_t *table,
    uint32_t i, ngx_eiam_revoke_row_t *listed);


ngx_uint_t
ngx_eiam_revoke_has(ngx_eiam_zone_t *zone, const ngx_eiam_digest_t token)
{
    ngx_uint_t  has;

    ngx_eiam_zone_lock(zone);
    has = ngx_eiam_revocation_has(zone->shared, token);
    ngx_eiam_zone_unlock(zone);

    return has;
}


/*
 * An introspected token without "iat" is asked for again when its application
 * is revoked: the authorization server knows what a client has revoked there,
 * but not what the operator has revoked here.
 */

ngx_int_t
ngx_eiam_revoke_token(ngx_eiam_zone_t *zone, const ngx_eiam_digest_t token,
    const ngx_eiam_grant_t *grant, ngx_eiam_revoker_e by)
{
    time_t                     expires;
    u_char                    *known;
    ngx_int_t                  rc;
    ngx_eiam_revocation_id_t   id;

    expires = ngx_time() + NGX_EIAM_REVOCATION_LIFE;
    known = NULL;

    if (grant) {
        expires = grant->expires;

        if (grant->application.len
            && (grant->learned || grant->issued || by == NGX_EIAM_BY_CLIENT))
        {
            if (ngx_eiam_revocation_id(&grant->application, id) != NGX_OK) {
                return NGX_ERROR;
            }

            known = id;
        }
    }

    ngx_eiam_zone_lock(zone);
    ngx_eiam_revocation_undone_forget(zone->shared, token);
    rc = ngx_eiam_revocation_add_token(zone->shared, token, known, expires,
                                       by);
    ngx_eiam_zone_unlock(zone);

    return rc;
}


ngx_int_t
ngx_eiam_revoke_application(ngx_eiam_zone_t *zone,
    const ngx_str_t *application, ngx_eiam_revoker_e by, time_t *not_before)
{
    u_char  subject[NGX_EIAM_REVOCATION_TOKEN];

    ngx_memzero(subject, sizeof(subject));

    if (ngx_eiam_revocation_id(application, subject) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_eiam_zone_lock(zone);
    ngx_eiam_revocation_undone_forget(zone->shared, subject);
    *not_before = ngx_eiam_revocation_add(zone->shared, subject, by);
    ngx_eiam_zone_unlock(zone);

    return NGX_OK;
}


void
ngx_eiam_revoke_all(ngx_eiam_zone_t *zone, ngx_eiam_revoker_e by,
    time_t *not_before)
{
    static const u_char  subject[NGX_EIAM_REVOCATION_TOKEN];

    ngx_eiam_zone_lock(zone);
    ngx_eiam_revocation_undone_forget(zone->shared, subject);
    *not_before = ngx_eiam_revocation_add(zone->shared, NULL, by);
    ngx_eiam_zone_unlock(zone);
}


ngx_int_t
ngx_eiam_revoke_find(ngx_eiam_zone_t *zone, const ngx_str_t *application,
    time_t *not_before)
{
    uint32_t                   i, k, found[2];
    ngx_int_t                  rc;
    ngx_eiam_revoke_row_t      row;
    ngx_eiam_revocations_t    *table;
    ngx_eiam_revocation_id_t   id;

    if (ngx_eiam_revocation_id(application, id) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = NGX_DECLINED;
    table = &zone->shared->revocations;
    *not_before = 0;

    ngx_eiam_zone_lock(zone);

    found[0] = NGX_EIAM_REVOCATION_ALL;
    found[1] = ngx_eiam_revocation_index_find(table, id);

    for (k = 0; k < 2; k++) {

        i = found[k];

        if (ngx_eiam_revocation_kind(&table->rows[i])
            == NGX_EIAM_REVOCATION_OF_APPLICATION)
        {
            (void) ngx_eiam_revoke_read(table, i, &row);
            *not_before = ngx_max(*not_before, row.not_before);
            rc = NGX_OK;
        }
    }

    ngx_eiam_zone_unlock(zone);

    return rc;
}


ngx_int_t
ngx_eiam_revoke_restore_token(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token)
{
    ngx_int_t  rc;

    ngx_eiam_zone_lock(zone);
    ngx_eiam_revocation_undone_add(zone->shared, NGX_EIAM_REVOKED_TOKEN,
                                   token);
    rc = ngx_eiam_revocation_remove_token(zone->shared, token);
    ngx_eiam_zone_unlock(zone);

    return rc;
}


ngx_int_t
ngx_eiam_revoke_restore_application(ngx_eiam_zone_t *zone,
    const ngx_str_t *application)
{
    ngx_int_t  rc;
    u_char     subject[NGX_EIAM_REVOCATION_TOKEN];

    ngx_memzero(subject, sizeof(subject));

    if (ngx_eiam_revocation_id(application, subject) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_eiam_zone_lock(zone);
    ngx_eiam_revocation_undone_add(zone->shared, NGX_EIAM_REVOKED_APPLICATION,
                                   subject);
    rc = ngx_eiam_revocation_remove(zone->shared, subject);
    ngx_eiam_zone_unlock(zone);

    return rc;
}


ngx_int_t
ngx_eiam_revoke_restore_all(ngx_eiam_zone_t *zone)
{
    ngx_int_t  rc;

    static const u_char  subject[NGX_EIAM_REVOCATION_TOKEN];

    ngx_eiam_zone_lock(zone);
    ngx_eiam_revocation_undone_add(zone->shared, NGX_EIAM_REVOKED_ALL,
                                   subject);
    rc = ngx_eiam_revocation_remove(zone->shared, NULL);
    ngx_eiam_zone_unlock(zone);

    return rc;
}


ngx_int_t
ngx_eiam_revoke_event(ngx_eiam_zone_t *zone, ngx_eiam_revoked_e kind,
    const u_char *subject, ngx_uint_t restored,
    ngx_eiam_revocation_event_t *event)
{
    uint32_t                 i;
    ngx_int_t                rc;
    ngx_eiam_revocations_t  *table;

    table = &zone->shared->revocations;
    rc = NGX_DECLINED;

    ngx_eiam_zone_lock(zone);

    if (restored) {
        i = ngx_eiam_revocation_index_find_undone(table, subject);
        i = i ? i : table->nrows;

    } else {
        i = ngx_eiam_revocation_event_find(table, kind, subject);
    }

    if (i != table->nrows) {
        rc = ngx_eiam_revocation_event_read(zone->shared, i, event);
    }

    ngx_eiam_zone_unlock(zone);

    return rc;
}


ngx_uint_t
ngx_eiam_revoke_list(ngx_eiam_zone_t *zone, ngx_uint_t *position,
    ngx_eiam_revoke_row_t *rows, ngx_uint_t n)
{
    uint32_t                 last;
    ngx_uint_t               count;
    ngx_eiam_revocations_t  *table;

    table = &zone->shared->revocations;
    count = 0;

    while (count == 0 && *position < table->nrows) {

        last = ngx_min(*position + NGX_EIAM_REVOKE_LOOK, table->nrows);

        ngx_eiam_zone_lock(zone);

        for ( /* void */ ; *position < last && count < n; (*position)++) {
            count += ngx_eiam_revoke_read(table, *position, &rows[count]);
        }

        ngx_eiam_zone_unlock(zone);
    }

    return count;
}


static ngx_uint_t
ngx_eiam_revoke_read(const ngx_eiam_revocations_t *table, uint32_t i,
    ngx_eiam_revoke_row_t *listed)
{
    uint32_t                      application;
    const ngx_eiam_revocation_t  *row;

    row = &table->rows[i];

    ngx_memzero(listed, sizeof(ngx_eiam_revoke_row_t));

    listed->by = NGX_EIAM_BY_CONTROL;

    if (row->state & NGX_EIAM_REVOCATION_CLIENT) {
        listed->by = NGX_EIAM_BY_CLIENT;

    } else if (row->state & NGX_EIAM_REVOCATION_GATE) {
        listed->by = NGX_EIAM_BY_GATE;
    }

    switch (ngx_eiam_revocation_kind(row)) {

    case NGX_EIAM_REVOCATION_OF_APPLICATION:
        listed->kind = (i == NGX_EIAM_REVOCATION_ALL)
                       ? NGX_EIAM_REVOKED_ALL : NGX_EIAM_REVOKED_APPLICATION;
        listed->not_before = (time_t) row->time + 1;
        listed->has_id = (i != NGX_EIAM_REVOCATION_ALL);

        ngx_memcpy(listed->id, row->of.application.id, NGX_EIAM_REVOCATION_ID);
        return 1;

    case NGX_EIAM_REVOCATION_OF_TOKEN:
        if (ngx_eiam_revocation_index_is_over(row)) {
            return 0;
        }

        listed->kind = NGX_EIAM_REVOKED_TOKEN;
        listed->expires = (row->time == NGX_MAX_UINT32_VALUE)
                          ? NGX_EIAM_NEVER : (time_t) row->time;

        ngx_memcpy(listed->token, row->of.token, NGX_EIAM_REVOCATION_TOKEN);

        application = ngx_eiam_revocation_application(row);

        if (application) {
            listed->has_id = 1;
            ngx_memcpy(listed->id, table->rows[application].of.application.id,
                       NGX_EIAM_REVOCATION_ID);
        }

        return 1;
    }

    return 0;
}


void
ngx_eiam_revoke_usage(ngx_eiam_zone_t *zone, ngx_eiam_revoke_usage_t *usage)
{
    const ngx_eiam_revocations_t  *table;

    table = &zone->shared->revocations;

    ngx_eiam_zone_lock(zone);

    usage->count[NGX_EIAM_REVOKED_TOKEN] = table->tokens;
    usage->count[NGX_EIAM_REVOKED_APPLICATION] = table->applications;
    usage->count[NGX_EIAM_REVOKED_ALL] =
        ngx_eiam_revocation_kind(&table->rows[NGX_EIAM_REVOCATION_ALL])
        == NGX_EIAM_REVOCATION_OF_APPLICATION;
    usage->room = table->nrows - 1;

    ngx_eiam_zone_unlock(zone);
}
