
/*
 * What can be done with revocations.  These functions take the zone's lock;
 * what they have done is in force in all workers when they return.
 */


#ifndef _NGX_EIAM_REVOKE_H_INCLUDED_
#define _NGX_EIAM_REVOKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_revocation.h>
#include <ngx_eiam_zone.h>


/* a revocation in force, as it is listed */

typedef struct {
    ngx_eiam_revoked_e          kind;
    ngx_eiam_revoker_e          by;
    u_char                      token[NGX_EIAM_REVOCATION_TOKEN];
    ngx_eiam_revocation_id_t    id;            /* of the application */
    ngx_uint_t                  has_id;        /* that of a token is known */
    time_t                      expires;       /* of a token */
    time_t                      not_before;    /* "iat" of tokens that pass */
} ngx_eiam_revoke_row_t;


typedef struct {
    ngx_uint_t                  count[NGX_EIAM_REVOKED];
    ngx_uint_t                  room;          /* for all of them */
} ngx_eiam_revoke_usage_t;


/* the generation of what is asked for from now on */
#define ngx_eiam_revoke_generation(zone)                                      \
    (zone)->shared->revocations.generation

/*
 * Has the token itself been revoked?  It needs no lock to know that none has.
 */

#define ngx_eiam_revoke_is(zone, token)                                       \
    ((zone)->shared->revocations.tokens && ngx_eiam_revoke_has(zone, token))

ngx_uint_t ngx_eiam_revoke_has(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token);

/*
 * Revokes a token.  The grant, if somebody knows it (ngx_eiam_source_known()),
 * says whose it is and when it expires; if not, it is NULL, and the token is
 * kept for NGX_EIAM_REVOCATION_LIFE.  It must be NULL for a static token: if
 * too many tokens of an application are revoked, all that were issued to it up
 * to then are, but static tokens are not issued.
 * NGX_OK; NGX_DECLINED: there is no room for tokens that nobody knows;
 * NGX_ERROR.
 */
ngx_int_t ngx_eiam_revoke_token(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token, const ngx_eiam_grant_t *grant,
    ngx_eiam_revoker_e by);

/*
 * Revokes what an application, or whoever, has been issued up to now.  Tokens
 * with an "iat" pass again if they are not issued before not_before.  NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_eiam_revoke_application(ngx_eiam_zone_t *zone,
    const ngx_str_t *application, ngx_eiam_revoker_e by, time_t *not_before);
void ngx_eiam_revoke_all(ngx_eiam_zone_t *zone, ngx_eiam_revoker_e by,
    time_t *not_before);

/*
 * The time from which on tokens must have been issued to pass, for a revoked
 * application, or if all were revoked.  NGX_OK; NGX_DECLINED: neither is the
 * case; NGX_ERROR.
 */
ngx_int_t ngx_eiam_revoke_find(ngx_eiam_zone_t *zone,
    const ngx_str_t *application, time_t *not_before);

/*
 * Takes back what was done by the function of that name, and nothing else.
 * NGX_OK; NGX_DECLINED: that was not revoked; NGX_ERROR.
 */
ngx_int_t ngx_eiam_revoke_restore_token(ngx_eiam_zone_t *zone,
    const ngx_eiam_digest_t token);
ngx_int_t ngx_eiam_revoke_restore_application(ngx_eiam_zone_t *zone,
    const ngx_str_t *application);
ngx_int_t ngx_eiam_revoke_restore_all(ngx_eiam_zone_t *zone);

/*
 * Lists up to n of the revocations in force, from *position on, which begins
 * with 0: how many there are; 0: no more.
 */
ngx_uint_t ngx_eiam_revoke_list(ngx_eiam_zone_t *zone, ngx_uint_t *position,
    ngx_eiam_revoke_row_t *rows, ngx_uint_t n);

/* tokens that are over may still be counted */
void ngx_eiam_revoke_usage(ngx_eiam_zone_t *zone,
    ngx_eiam_revoke_usage_t *usage);


#endif /* _NGX_EIAM_REVOKE_H_INCLUDED_ */
