
/* Members of a JSON object that say something about a token: RFC 7519. */


#ifndef _NGX_EIAM_CLAIMS_H_INCLUDED_
#define _NGX_EIAM_CLAIMS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_pointer.h>


#define NGX_EIAM_CLAIMS_TIME_MAX  9007199254740992.0      /* 2^53 */


/* in all of these null counts as absent */

/* any member of that name: NGX_OK, or NGX_DECLINED */
ngx_int_t ngx_eiam_claims_has(const ngx_eiam_node_t *claims,
    const char *name, ngx_eiam_node_t *node);

/* NGX_OK; NGX_DECLINED: there is none; NGX_ERROR: not of that type */
ngx_int_t ngx_eiam_claims_member(const ngx_eiam_node_t *claims,
    const char *name, ngx_eiam_type_e type, ngx_eiam_node_t *node);

/*
 * A NumericDate in whole seconds: the last one that is over at that time, so
 * it is rounded down.  NGX_OK; NGX_DECLINED: there is none; NGX_ERROR: no
 * number, or beyond 2^53 either way.
 */
ngx_int_t ngx_eiam_claims_time(const ngx_eiam_node_t *claims,
    const char *name, time_t *time);

/*
 * A string that may stand in headers and logs: NGX_OK; NGX_DECLINED: there is
 * none; NGX_ERROR: no such string, or longer than max.
 */
ngx_int_t ngx_eiam_claims_text(const ngx_eiam_node_t *claims,
    const char *name, size_t max, ngx_str_t *text);

/* the same of a member that is there: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_claims_identifier(const ngx_eiam_node_t *node, size_t max,
    ngx_str_t *text);

/*
 * "token_type", in any case: NGX_OK; NGX_DECLINED: there is none; NGX_ERROR:
 * another one.
 */
ngx_int_t ngx_eiam_claims_is_bearer(const ngx_eiam_node_t *claims);

/*
 * Words of a string, separated by spaces, or of an array of strings without
 * spaces; what is made of an array lives in the document's pool.  NGX_OK;
 * NGX_ERROR: something else, or too long for a grant, then with
 * document->fault; or no memory.
 */
ngx_int_t ngx_eiam_claims_words(const ngx_eiam_node_t *node,
    ngx_str_t *words);

/* the same of the member of that name; NGX_DECLINED: there is none */
ngx_int_t ngx_eiam_claims_scope(const ngx_eiam_node_t *claims,
    const char *name, ngx_str_t *scopes);

/* client_id, azp, cid, appid: where an application may be named */
extern ngx_array_t  ngx_eiam_claims_clients;

/*
 * The application that the claims name, which are ngx_eiam_pointer_t.  All of
 * them are read, so that none contradicts the one that counts.  NGX_OK, and
 * the id, empty if there is none; NGX_ERROR: two that differ, or something
 * else than an id, both with document->fault, or no memory.
 */
ngx_int_t ngx_eiam_claims_application(const ngx_eiam_node_t *claims,
    const ngx_array_t *names, ngx_str_t *application);

/* is it bound to a key of its holder?  RFC 7800, section 3.1 */
ngx_uint_t ngx_eiam_claims_is_bound(const ngx_eiam_node_t *claims);

/*
 * Does "aud", a string or an array of them, name one of the audiences, which
 * are ngx_str_t?  NGX_OK; NGX_DECLINED: another one, or there is none;
 * NGX_ERROR: something else than strings.
 */
ngx_int_t ngx_eiam_claims_audience(const ngx_eiam_node_t *claims,
    const ngx_array_t *audiences);


#endif /* _NGX_EIAM_CLAIMS_H_INCLUDED_ */
