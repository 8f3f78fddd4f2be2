
/*
 * Revoking, restoring and listing.  These functions take the zone's lock; when
 * they return, the change is in force in all workers.
 */


#ifndef _NGX_EIAM_REVOKE_H_INCLUDED_
#define _NGX_EIAM_REVOKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_revocation.h>
#include <ngx_eiam_revocation_event.h>
#include <ngx_eiam_zone.h>


/* a revocation in force, for the list */

typedef struct {
    ngx_eiam_revoked_e          kind;
    ngx_eiam_revoker_e          by;
    u_char                      token[NGX_EIAM_REVOCATION_TOKEN];
    ngx_eiam_revocation_id_t    id;            /* of the application */
    ngx_uint_t                  has_id;        /* flag: id is known */
    time_t                      expires;       /* of a token */
    time_t                      not_before;    /* "iat" of tokens that pass */
} ngx_eiam_revoke_row_t;


typedef struct {
    ngx_uint_t                  count[NGX_EIAM_REVOKED];
    ngx_uint_t                  room;          /* how many revocations fit */
} ngx_eiam_revoke_usage_t;


/* the generation for grants whose source is asked from now on */
#define ngx_eiam_revoke_generation(zone)                                      \
    (zone)->shared->revocations.generation

/*
 * Whether the token itself has been revoked.  If no token has been, this takes
 * no lock.
 */

#define ngx_eiam_revoke_is(zone, token)                                       \
    ((zone)->shared->revocations.tokens && ngx_eiam_revoke_has(zone, token))

ngx_uint_t ngx_eiam_revoke_has(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token);

/*
 * Revokes a token.  grant says which application it belongs to and when it
 * expires; it is NULL if no source knows the token (ngx_eiam_source_known()),
 * which then stays revoked for NGX_EIAM_REVOCATION_LIFE.  It must also be NULL
 * for a static token: if too many tokens of an application are revoked, all
 * that were issued up to then are, but static tokens are not issued.  NGX_OK;
 * NGX_DECLINED: there is no room for unknown tokens; NGX_ERROR.
 */
ngx_int_t ngx_eiam_revoke_token(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant,
    ngx_eiam_revoker_e by);

/*
 * Revoke what an application, or everybody, has been issued up to now.  Tokens
 * with an "iat" of not_before or later pass again.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_eiam_revoke_application(ngx_eiam_zone_t *zone,
    const ngx_str_t *application, ngx_eiam_revoker_e by, time_t *not_before);
void ngx_eiam_revoke_all(ngx_eiam_zone_t *zone, ngx_eiam_revoker_e by,
    time_t *not_before);

/*
 * For a revoked application, or if all were revoked: the time from which on
 * tokens must have been issued to pass.  NGX_OK; NGX_DECLINED: neither is
 * revoked; NGX_ERROR.
 */
ngx_int_t ngx_eiam_revoke_find(ngx_eiam_zone_t *zone,
    const ngx_str_t *application, time_t *not_before);

/*
 * Take back what the function of that name has done, and nothing else.  NGX_OK;
 * NGX_DECLINED: it was not revoked; NGX_ERROR.
 */
ngx_int_t ngx_eiam_revoke_restore_token(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token);
ngx_int_t ngx_eiam_revoke_restore_application(ngx_eiam_zone_t *zone,
    const ngx_str_t *application);
ngx_int_t ngx_eiam_revoke_restore_all(ngx_eiam_zone_t *zone);

/*
 * Lists up to n of the revocations in force, beginning at *position, which is 0
 * at first.  Returns their number; 0: there are no more.
 */
ngx_uint_t ngx_eiam_revoke_list(ngx_eiam_zone_t *zone, ngx_uint_t *position,
    ngx_eiam_revoke_row_t *rows, ngx_uint_t n);

/*
 * What other gateways are to be told of a revocation, or of its restoring:
 * NGX_OK, or NGX_DECLINED: nothing.
 */
ngx_int_t ngx_eiam_revoke_event(ngx_eiam_zone_t *zone,
    ngx_eiam_revoked_e kind, const u_char *subject, ngx_uint_t restored,
    ngx_eiam_revocation_event_t *event);

/* expired tokens may still be counted */
void ngx_eiam_revoke_usage(ngx_eiam_zone_t *zone,
    ngx_eiam_revoke_usage_t *usage);


#endif /* _NGX_EIAM_REVOKE_H_INCLUDED_ */
