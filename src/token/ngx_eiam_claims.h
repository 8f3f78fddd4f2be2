
/* Members of a JSON object that describe a token: RFC 7519. */


#ifndef _NGX_EIAM_CLAIMS_H_INCLUDED_
#define _NGX_EIAM_CLAIMS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_pointer.h>


#define NGX_EIAM_CLAIMS_TIME_MAX  9007199254740992.0      /* 2^53 */


/* all functions treat a member that is null as absent */

/* finds the member of that name, whatever its type: NGX_OK, or NGX_DECLINED */
ngx_int_t ngx_eiam_claims_has(const ngx_eiam_node_t *claims,
    const char *name, ngx_eiam_node_t *node);

/* NGX_OK; NGX_DECLINED: there is no such member; NGX_ERROR: wrong type */
ngx_int_t ngx_eiam_claims_member(const ngx_eiam_node_t *claims,
    const char *name, ngx_eiam_type_e type, ngx_eiam_node_t *node);

/*
 * Reads a NumericDate, rounded down to whole seconds.  NGX_OK; NGX_DECLINED:
 * there is none; NGX_ERROR: it is not a number, or its absolute value exceeds
 * 2^53.
 */
ngx_int_t ngx_eiam_claims_time(const ngx_eiam_node_t *claims,
    const char *name, time_t *time);

/*
 * Reads a string that goes into headers and logs.  NGX_OK; NGX_DECLINED: there
 * is none; NGX_ERROR: it is no such string, or longer than max.
 */
ngx_int_t ngx_eiam_claims_text(const ngx_eiam_node_t *claims,
    const char *name, size_t max, ngx_str_t *text);

/* the same for a member that has been found: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_claims_identifier(const ngx_eiam_node_t *node, size_t max,
    ngx_str_t *text);

/*
 * Whether "token_type" is "Bearer", in any case.  NGX_OK; NGX_DECLINED: there
 * is no such member; NGX_ERROR: another type.
 */
ngx_int_t ngx_eiam_claims_is_bearer(const ngx_eiam_node_t *claims);

/*
 * Reads the words of a string, separated by spaces, or of an array of strings
 * without spaces, whose text is made in the document's pool.  NGX_OK;
 * NGX_ERROR: the node is neither, or its text is too long for a grant, and
 * document->fault is set; or no memory.
 */
ngx_int_t ngx_eiam_claims_words(const ngx_eiam_node_t *node,
    ngx_str_t *words);

/* the same for a member; NGX_DECLINED: there is none of that name */
ngx_int_t ngx_eiam_claims_scope(const ngx_eiam_node_t *claims,
    const char *name, ngx_str_t *scopes);

/* client_id, azp, cid, appid: the members that name an application */
extern ngx_array_t  ngx_eiam_claims_clients;

/*
 * Finds the application in the claims whose names, of ngx_eiam_pointer_t, are
 * given.  All these claims are read, so that none contradicts the first one.
 * NGX_OK, and the id, which is empty if there is none; NGX_ERROR: two of them
 * differ, or one is no id, and document->fault is set; or no memory.
 */
ngx_int_t ngx_eiam_claims_application(const ngx_eiam_node_t *claims,
    const ngx_array_t *names, ngx_str_t *application);

/* whether the token is bound to a key of its holder: RFC 7800, section 3.1 */
ngx_uint_t ngx_eiam_claims_is_bound(const ngx_eiam_node_t *claims);

/*
 * Whether "aud", a string or an array of strings, names one of the audiences,
 * which are ngx_str_t.  NGX_OK; NGX_DECLINED: it names others, or there is no
 * "aud"; NGX_ERROR: it is neither.
 */
ngx_int_t ngx_eiam_claims_audience(const ngx_eiam_node_t *claims,
    const ngx_array_t *audiences);


#endif /* _NGX_EIAM_CLAIMS_H_INCLUDED_ */
