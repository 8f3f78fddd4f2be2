
/*
 * Subrequests, and the only file that sends them.  They run in the background
 * of a request, which waits for what the handler does.  The handler is called
 * once; the answer is NULL if the client went away before there was one.
 */


#ifndef _NGX_HTTP_EIAM_FETCH_H_INCLUDED_
#define _NGX_HTTP_EIAM_FETCH_H_INCLUDED_


#include <ngx_http_eiam.h>


typedef void (*ngx_http_eiam_fetched_pt)(ngx_http_request_t *r, void *data,
    const ngx_eiam_answer_t *answer);

typedef struct {
    ngx_str_t                  uri;
    ngx_str_t                  form;          /* to POST; empty: GET */
    ngx_msec_t                 timeout;       /* of the whole answer */
    ngx_http_eiam_fetched_pt   handler;
    void                      *data;

    ngx_http_request_t        *request;       /* the subrequest */
    ngx_http_headers_in_t     *headers;       /* that it sends */
    ngx_http_request_body_t   *body;
    ngx_msec_t                 since;
    ngx_event_t                timer;
    off_t                      size;          /* bytes of the answer so far */
    unsigned                   taken:1;       /* flag: it has its own fields */
    unsigned                   complete:1;
    unsigned                   large:1;       /* flag: it exceeds the buffer */
    unsigned                   done:1;
} ngx_http_eiam_fetch_t;

/*
 * NGX_OK, or NGX_ERROR: the handler is not called.  fetch must live as long as
 * the request.
 */
ngx_int_t ngx_http_eiam_fetch(ngx_http_request_t *r,
    ngx_http_eiam_fetch_t *fetch);

/* whether the request is such a subrequest */
ngx_uint_t ngx_http_eiam_fetch_is(ngx_http_request_t *r);

/* adds the filter that reads the answers; called once for each configuration */
void ngx_http_eiam_fetch_add_filter(void);


#endif /* _NGX_HTTP_EIAM_FETCH_H_INCLUDED_ */
