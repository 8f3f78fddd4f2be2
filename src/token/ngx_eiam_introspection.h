
/* Answers of an introspection endpoint: RFC 7662, section 2.2. */


#ifndef _NGX_EIAM_INTROSPECTION_H_INCLUDED_
#define _NGX_EIAM_INTROSPECTION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_detail.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_reason.h>


typedef struct {
    ngx_uint_t    status;          /* 0: there is none */
    ngx_str_t     type;            /* Content-Type */
    ngx_uint_t    encoded;         /* with some Content-Encoding */
    ngx_uint_t    cut;             /* it ended too early */
    ngx_uint_t    unread;          /* too large, or no head that can be read */
    ngx_uint_t    own;             /* nginx's own, which asked nobody */
    ngx_uint_t    cached;          /* by nginx: for another token, perhaps */
    ngx_str_t     location;        /* that it redirects to, or empty */
    ngx_str_t     body;
} ngx_eiam_answer_t;


/*
 * NGX_EIAM_NO_REASON and the grant, whose strings live as long as
 * document->pool; or why the token is refused: with
 * NGX_EIAM_SOURCE_UNAVAILABLE, document->fault tells what is wrong with the
 * answer.  document->name is what it calls the source.  The audiences are
 * ngx_str_t, or NULL: any will do.  The detail is that of the reason.
 */
ngx_eiam_reason_e ngx_eiam_introspection_read(ngx_eiam_document_t *document,
    const ngx_eiam_answer_t *answer, const ngx_array_t *audiences, time_t now,
    ngx_eiam_grant_t *grant, ngx_eiam_detail_e *detail);

/*
 * With NGX_EIAM_SOURCE_UNAVAILABLE: what the answer says of the source.  It is
 * NGX_EIAM_DOWN only if it does not answer completely, or if a proxy says so.
 */
ngx_eiam_failure_e ngx_eiam_introspection_failure(
    const ngx_eiam_answer_t *answer);


#endif /* _NGX_EIAM_INTROSPECTION_H_INCLUDED_ */
