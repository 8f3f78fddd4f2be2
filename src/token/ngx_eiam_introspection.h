
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
    ngx_uint_t    encoded;         /* flag: it has a Content-Encoding */
    ngx_uint_t    cut;             /* flag: it ended too early */
    ngx_uint_t    unread;          /* flag: too large, or without a head */
    ngx_uint_t    own;             /* flag: by nginx, without asking */
    ngx_uint_t    cached;          /* flag: from a cache of nginx */
    ngx_str_t     location;        /* of a redirect, or empty */
    ngx_str_t     body;
} ngx_eiam_answer_t;


/*
 * Reads an answer.  NGX_EIAM_NO_REASON: the grant, whose strings live as long
 * as document->pool.  Otherwise the reason why the token is refused, and the
 * detail; with NGX_EIAM_SOURCE_UNAVAILABLE document->fault says what is wrong
 * with the answer, and calls the source by document->name.  The audiences are
 * ngx_str_t; NULL: any audience is accepted.
 */
ngx_eiam_reason_e ngx_eiam_introspection_read(ngx_eiam_document_t *document,
    const ngx_eiam_answer_t *answer, const ngx_array_t *audiences, time_t now,
    ngx_eiam_grant_t *grant, ngx_eiam_detail_e *detail);

/*
 * What an answer with NGX_EIAM_SOURCE_UNAVAILABLE says about the source: it is
 * NGX_EIAM_DOWN only if the answer is incomplete, or if a proxy says so.
 */
ngx_eiam_failure_e ngx_eiam_introspection_failure(
    const ngx_eiam_answer_t *answer);


#endif /* _NGX_EIAM_INTROSPECTION_H_INCLUDED_ */
