
/*
 * Objects: may the application use those that the call names?
 */


#ifndef _NGX_HTTP_EIAM_OBJECT_H_INCLUDED_
#define _NGX_HTTP_EIAM_OBJECT_H_INCLUDED_


#include <ngx_http_eiam.h>


/* where a call names objects */

typedef struct {
    const ngx_str_t   *path;          /* decoded */
    const ngx_str_t   *query;
    ngx_pool_t        *pool;          /* of what is decoded */
    unsigned           rewritten:1;   /* the query: it may not be sent so */
    unsigned           form:1;        /* the body may have parameters too */
    unsigned           record:1;      /* for eiam_objects report */
} ngx_http_eiam_object_call_t;


/*
 * The last part of the stage authorize, where "eiam_objects" is set.  NGX_OK,
 * NGX_ABORT or NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_object_authorize(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* the same for a call that may only be asked about */
ngx_int_t ngx_http_eiam_object_check(ngx_http_eiam_ctx_t *ctx,
    const ngx_http_eiam_object_call_t *call);

/*
 * The id that a call has for a mark.  NGX_OK; NGX_ABORT: detail says why
 * nobody knows the id; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_eiam_object_value(const ngx_http_eiam_object_call_t *call,
    const ngx_eiam_object_mark_t *mark, ngx_str_t *id,
    ngx_eiam_detail_e *detail);


#endif /* _NGX_HTTP_EIAM_OBJECT_H_INCLUDED_ */
