
/* The form in a request's body, which has been read into memory or a file. */


#ifndef _NGX_HTTP_EIAM_FORM_H_INCLUDED_
#define _NGX_HTTP_EIAM_FORM_H_INCLUDED_


#include <ngx_http_eiam.h>


#define NGX_HTTP_EIAM_FORM_MAX  (64 * 1024)      /* bytes */


/*
 * whether every backend reads the body as a form: one type, no other charset,
 * no encoding
 */
ngx_uint_t ngx_http_eiam_form_is(ngx_http_request_t *r);

/*
 * NGX_OK: the form, perhaps empty; NGX_DECLINED: no form, or too large;
 * NGX_ERROR
 */
ngx_int_t ngx_http_eiam_form_read(ngx_http_request_t *r, ngx_str_t *form);


#endif /* _NGX_HTTP_EIAM_FORM_H_INCLUDED_ */
