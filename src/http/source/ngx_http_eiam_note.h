
#ifndef _NGX_HTTP_EIAM_NOTE_H_INCLUDED_
#define _NGX_HTTP_EIAM_NOTE_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * Before the sources are asked: what a note says of the token, as a stage, or
 * NGX_DECLINED.  And afterwards: what they have said, for the next request.
 */
ngx_int_t ngx_http_eiam_note_recall(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
void ngx_http_eiam_note(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_int_t rc);


#endif /* _NGX_HTTP_EIAM_NOTE_H_INCLUDED_ */
