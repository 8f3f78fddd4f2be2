
#include <ngx_http_eiam.h>


#define NGX_HTTP_EIAM_FETCH_AGAIN  100   /* ms: to end what is still there */


static ngx_http_request_body_t *ngx_http_eiam_fetch_request(
    ngx_pool_t *pool, const ngx_http_eiam_fetch_t *fetch,
    ngx_http_headers_in_t *headers);
static ngx_int_t ngx_http_eiam_fetch_form(ngx_pool_t *pool,
    const ngx_http_eiam_fetch_t *fetch, ngx_http_headers_in_t *headers,
    ngx_http_request_body_t *body);
static ngx_int_t ngx_http_eiam_fetch_done(ngx_http_request_t *r, void *data,
    ngx_int_t rc);
static void ngx_http_eiam_fetch_timeout(ngx_event_t *ev);
static void ngx_http_eiam_fetch_cleanup(void *data);


static const ngx_http_eiam_field_t  ngx_http_eiam_accept_field = {
    ngx_string("Accept"), (u_char *) "accept"
};

static const ngx_http_eiam_field_t  ngx_http_eiam_type_field = {
    ngx_string("Content-Type"), (u_char *) "content-type"
};


ngx_int_t
ngx_http_eiam_fetch(ngx_http_request_t *r, ngx_http_eiam_fetch_t *fetch)
{
    ngx_http_cleanup_t          *cln;
    ngx_http_request_t          *sr;
    ngx_http_headers_in_t        headers;
    ngx_http_request_body_t     *body;
    ngx_http_post_subrequest_t  *ps;

    cln = ngx_http_cleanup_add(r, 0);
    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    body = ngx_http_eiam_fetch_request(r->pool, fetch, &headers);

    if (cln == NULL || ps == NULL || body == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_eiam_fetch_done;
    ps->data = fetch;

    if (ngx_http_subrequest(r, &fetch->uri, NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_WAITED
                            |NGX_HTTP_SUBREQUEST_IN_MEMORY)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* nothing of the client's request but the server that it is for */

    headers.server = r->headers_in.server;
    sr->headers_in = headers;

    if (sr->headers_in.headers.last == &headers.headers.part) {
        sr->headers_in.headers.last = &sr->headers_in.headers.part;
    }

    sr->request_body = body;

    if (fetch->form.len) {
        sr->method = NGX_HTTP_POST;
        ngx_str_set(&sr->method_name, "POST");
    }

    fetch->request = sr;

    cln->handler = ngx_http_eiam_fetch_cleanup;
    cln->data = fetch;

    fetch->timer.handler = ngx_http_eiam_fetch_timeout;
    fetch->timer.data = fetch;
    fetch->timer.log = r->connection->log;

    ngx_add_timer(&fetch->timer, fetch->timeout);

    return NGX_OK;
}


ngx_uint_t
ngx_http_eiam_is_fetch(ngx_http_request_t *r)
{
    return r->post_subrequest
           && r->post_subrequest->handler == ngx_http_eiam_fetch_done;
}


static ngx_http_request_body_t *
ngx_http_eiam_fetch_request(ngx_pool_t *pool,
    const ngx_http_eiam_fetch_t *fetch, ngx_http_headers_in_t *headers)
{
    ngx_http_request_body_t  *body;

    static const ngx_str_t  json = ngx_string("application/json");

    ngx_memzero(headers, sizeof(ngx_http_headers_in_t));

    headers->content_length_n = fetch->form.len;

    body = ngx_pcalloc(pool, sizeof(ngx_http_request_body_t));

    if (body == NULL
        || ngx_list_init(&headers->headers, pool, 2, sizeof(ngx_table_elt_t))
           != NGX_OK
        || ngx_http_eiam_set_field(&headers->headers,
                                   &ngx_http_eiam_accept_field, &json)
           == NULL)
    {
        return NULL;
    }

    if (fetch->form.len
        && ngx_http_eiam_fetch_form(pool, fetch, headers, body) != NGX_OK)
    {
        return NULL;
    }

    return body;
}


static ngx_int_t
ngx_http_eiam_fetch_form(ngx_pool_t *pool,
    const ngx_http_eiam_fetch_t *fetch, ngx_http_headers_in_t *headers,
    ngx_http_request_body_t *body)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    static const ngx_str_t  form =
        ngx_string("application/x-www-form-urlencoded");

    b = ngx_calloc_buf(pool);
    cl = ngx_alloc_chain_link(pool);
    headers->content_type = ngx_http_eiam_set_field(&headers->headers,
                                                    &ngx_http_eiam_type_field,
                                                    &form);
    if (b == NULL || cl == NULL || headers->content_type == NULL) {
        return NGX_ERROR;
    }

    b->pos = fetch->form.data;
    b->last = b->pos + fetch->form.len;
    b->memory = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    body->bufs = cl;
    body->buf = b;

    return NGX_OK;
}


/*
 * Returning NGX_OK for a failure spares an error page, after which nginx
 * would call again, and for NGX_ERROR the end of the client's connection.
 */

static ngx_int_t
ngx_http_eiam_fetch_done(ngx_http_request_t *r, void *data, ngx_int_t rc)
{
    ngx_http_eiam_fetch_t *fetch = data;

    ngx_str_t          *type;
    ngx_eiam_answer_t   answer;

    if (fetch->done) {
        return rc;
    }

    fetch->done = 1;

    if (fetch->timer.timer_set) {
        ngx_del_timer(&fetch->timer);
    }

    if (rc == NGX_HTTP_CLIENT_CLOSED_REQUEST
        || (rc != NGX_OK && r->connection->error))
    {
        fetch->handler(r->parent, fetch->data, NULL);
        return rc;
    }

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        answer.status = rc;

    } else if (rc == NGX_OK) {

        type = &r->headers_out.content_type;

        answer.status = r->headers_out.status;
        answer.encoded = r->headers_out.content_encoding != NULL
                         && r->headers_out.content_encoding->value.len;
        answer.type.data = type->data;
        answer.type.len = r->headers_out.content_type_len
                          ? ngx_min(r->headers_out.content_type_len, type->len)
                          : type->len;

        if (r->out) {
            answer.body.data = r->out->buf->pos;
            answer.body.len = r->out->buf->last - r->out->buf->pos;
        }
    }

    fetch->handler(r->parent, fetch->data, &answer);

    return NGX_OK;
}


/* to the upstream module it looks like a timeout of its own */

static void
ngx_http_eiam_fetch_timeout(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_http_upstream_t    *u;
    ngx_http_eiam_fetch_t  *fetch;

    fetch = ev->data;

    u = fetch->request->upstream;
    c = u ? u->peer.connection : NULL;

    if (c) {
        c->read->timedout = 1;
        c->write->timedout = 1;
        ngx_post_event(c->read, &ngx_posted_events);
    }

    /* it may be looking for a name, or try another server */

    ngx_add_timer(ev, NGX_HTTP_EIAM_FETCH_AGAIN);
}


static void
ngx_http_eiam_fetch_cleanup(void *data)
{
    ngx_http_eiam_fetch_t *fetch = data;

    if (fetch->done) {
        return;
    }

    fetch->done = 1;

    if (fetch->timer.timer_set) {
        ngx_del_timer(&fetch->timer);
    }

    fetch->handler(fetch->request->parent, fetch->data, NULL);
}
