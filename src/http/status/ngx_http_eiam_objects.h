
/*
 * Objects in the status location: which parameters of an operation name an
 * object, and whether an application may use the object.
 */


#ifndef _NGX_HTTP_EIAM_OBJECTS_H_INCLUDED_
#define _NGX_HTTP_EIAM_OBJECTS_H_INCLUDED_


#include <ngx_http_eiam_object.h>
#include <ngx_http_eiam_status.h>


/* the marks of an operation, without brackets */
void ngx_http_eiam_objects_marks(ngx_http_eiam_status_t *status,
    const ngx_eiam_operation_t *operation);

/* the member "objects" of an explanation, if the operation has marks */
void ngx_http_eiam_objects_explain(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_ctx_t *ctx, const ngx_http_eiam_object_call_t *call);

/* is the refusal only reported, by "eiam_objects report"? */
ngx_uint_t ngx_http_eiam_objects_are_reported(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_ctx_t *ctx);


#endif /* _NGX_HTTP_EIAM_OBJECTS_H_INCLUDED_ */
