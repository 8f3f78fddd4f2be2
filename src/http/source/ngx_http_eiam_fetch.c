
#include <ngx_http_eiam_fetch.h>
#include <ngx_http_eiam_request.h>
#include <ngx_http_eiam_subrequest.h>


static ngx_int_t ngx_http_eiam_fetch_request(ngx_pool_t *pool,
    ngx_http_eiam_fetch_t *fetch);
static ngx_int_t ngx_http_eiam_fetch_form(ngx_pool_t *pool,
    const ngx_http_eiam_fetch_t *fetch, ngx_http_headers_in_t *headers,
    ngx_http_request_body_t *body);
static ngx_int_t ngx_http_eiam_fetch_done(ngx_http_request_t *r, void *data,
    ngx_int_t rc);
static void ngx_http_eiam_fetch_end(ngx_http_eiam_fetch_t *fetch,
    const ngx_eiam_answer_t *answer);
static void ngx_http_eiam_fetch_answer(ngx_http_request_t *r,
    const ngx_http_eiam_fetch_t *fetch, ngx_eiam_answer_t *answer);
static ngx_uint_t ngx_http_eiam_fetch_is_unread(
    const ngx_http_upstream_t *u);
static ngx_int_t ngx_http_eiam_fetch_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static void ngx_http_eiam_fetch_timeout(ngx_event_t *ev);
static void ngx_http_eiam_fetch_stop(ngx_http_eiam_fetch_t *fetch);
static void ngx_http_eiam_fetch_cleanup(void *data);


static ngx_http_eiam_field_t  ngx_http_eiam_accept_field = {
    ngx_string("Accept"), (u_char *) "accept", 0
};

static ngx_http_eiam_field_t  ngx_http_eiam_type_field = {
    ngx_string("Content-Type"), (u_char *) "content-type", 0
};


static ngx_http_output_body_filter_pt  ngx_http_eiam_next_body_filter;


ngx_int_t
ngx_http_eiam_fetch(ngx_http_request_t *r, ngx_http_eiam_fetch_t *fetch)
{
    ngx_http_cleanup_t          *cln;
    ngx_http_request_t          *sr;
    ngx_http_variable_value_t   *variables;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_post_subrequest_t  *ps;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    cln = ngx_http_cleanup_add(r, 0);
    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    variables = ngx_pcalloc(r->pool, cmcf->variables.nelts
                                     * sizeof(ngx_http_variable_value_t));

    if (cln == NULL || ps == NULL || variables == NULL
        || ngx_http_eiam_fetch_request(r->pool, fetch) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_eiam_fetch_done;
    ps->data = fetch;

    if (ngx_http_subrequest(r, &fetch->uri, NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_BACKGROUND
                            |NGX_HTTP_SUBREQUEST_IN_MEMORY)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    fetch->request = sr;
    sr->variables = variables;

    /*
     * nginx compares this with client_max_body_size before the fields are
     * replaced
     */

    sr->headers_in.content_length_n = fetch->headers->content_length_n;

    if (fetch->form.len) {
        sr->method = NGX_HTTP_POST;
        ngx_str_set(&sr->method_name, "POST");
    }

    if (ngx_http_eiam_subrequest_open(sr) != NGX_OK) {
        fetch->done = 1;
        return NGX_ERROR;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "eiam fetch \"%V\", %M ms", &fetch->uri, fetch->timeout);

    fetch->since = ngx_current_msec;

    cln->handler = ngx_http_eiam_fetch_cleanup;
    cln->data = fetch;

    fetch->timer.handler = ngx_http_eiam_fetch_timeout;
    fetch->timer.data = fetch;
    fetch->timer.log = r->connection->log;

    ngx_add_timer(&fetch->timer, fetch->timeout);

    return NGX_OK;
}


ngx_uint_t
ngx_http_eiam_fetch_is(ngx_http_request_t *r)
{
    return r->post_subrequest
           && r->post_subrequest->handler == ngx_http_eiam_fetch_done;
}


/* contains nothing of the client's request but the server that it is for */

static ngx_int_t
ngx_http_eiam_fetch_request(ngx_pool_t *pool, ngx_http_eiam_fetch_t *fetch)
{
    ngx_http_headers_in_t  *headers;

    static const ngx_str_t  json = ngx_string("application/json");

    headers = ngx_pcalloc(pool, sizeof(ngx_http_headers_in_t));
    fetch->body = ngx_pcalloc(pool, sizeof(ngx_http_request_body_t));

    if (headers == NULL || fetch->body == NULL) {
        return NGX_ERROR;
    }

    fetch->headers = headers;

    headers->content_length_n = fetch->form.len ? (off_t) fetch->form.len : -1;

    if (ngx_list_init(&headers->headers, pool, 2, sizeof(ngx_table_elt_t))
           != NGX_OK
        || ngx_http_eiam_request_set_field(&headers->headers,
                                           &ngx_http_eiam_accept_field, &json)
           == NULL)
    {
        return NGX_ERROR;
    }

    return fetch->form.len ? ngx_http_eiam_fetch_form(pool, fetch, headers,
                                                      fetch->body)
                           : NGX_OK;
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
    headers->content_type =
        ngx_http_eiam_request_set_field(&headers->headers,
                                        &ngx_http_eiam_type_field, &form);
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
 * NGX_OK is returned for failures, too: otherwise nginx would make an error
 * page and call this function again, or with NGX_ERROR close the client's
 * connection.
 */

static ngx_int_t
ngx_http_eiam_fetch_done(ngx_http_request_t *r, void *data, ngx_int_t rc)
{
    ngx_eiam_answer_t  answer;

    /* the function runs again when the file of a cached answer has been read */

    if (rc == NGX_AGAIN && r->buffered) {
        return NGX_OK;
    }

    ngx_http_eiam_subrequest_ended(r, data, rc);

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));

#if (NGX_HTTP_CACHE)
    answer.cached = r->cached;
#endif

    if (rc != NGX_OK && r->upstream == NULL) {

        /*
         * a status of nginx itself, such as 413 or 405, is no answer of the
         * source
         */

        answer.own = 1;
        answer.status = ngx_max(rc, 0);

    } else if (rc == NGX_HTTP_BAD_GATEWAY
               && ngx_http_eiam_fetch_is_unread(r->upstream))
    {
        answer.unread = 1;
        answer.status = r->upstream->headers_in.status_n;

    } else if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        answer.status = rc;

    } else if (rc == NGX_OK) {
        ngx_http_eiam_fetch_answer(r, data, &answer);
    }

    ngx_http_eiam_fetch_end(data, &answer);

    return NGX_OK;
}


static void
ngx_http_eiam_fetch_end(ngx_http_eiam_fetch_t *fetch,
    const ngx_eiam_answer_t *answer)
{
    if (fetch->done) {
        return;
    }

    fetch->done = 1;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, fetch->request->connection->log, 0,
                   "eiam fetch \"%V\": status %ui, %uz bytes", &fetch->uri,
                   answer ? answer->status : 0, answer ? answer->body.len : 0);

    if (fetch->timer.timer_set) {
        ngx_del_timer(&fetch->timer);
    }

    fetch->handler(fetch->request->parent, fetch->data, answer);
}


static void
ngx_http_eiam_fetch_answer(ngx_http_request_t *r,
    const ngx_http_eiam_fetch_t *fetch, ngx_eiam_answer_t *answer)
{
    ngx_table_elt_t  *encoding;

    encoding = r->headers_out.content_encoding;

    answer->status = r->headers_out.status;
    answer->type = r->headers_out.content_type;
    answer->encoded = encoding && encoding->value.len;
    answer->cut = !fetch->complete && !fetch->large;
    answer->unread = fetch->large;

    /* nginx may have rewritten its own copy for the client */

    if (r->upstream && r->upstream->headers_in.location) {
        answer->location = r->upstream->headers_in.location->value;
    }

    if (r->out) {
        answer->body.data = r->out->buf->pos;
        answer->body.len = r->out->buf->last - r->out->buf->pos;
    }
}


/*
 * Whether nginx has given up reading the head of the answer, because it exceeds
 * the buffer, or because it is none.  A head that is only incomplete would be
 * read on.
 */

static ngx_uint_t
ngx_http_eiam_fetch_is_unread(const ngx_http_upstream_t *u)
{
    const ngx_buf_t  *b;

    b = &u->buffer;

    return u->state && u->state->header_time == (ngx_msec_t) -1
           && b->start && (b->last == b->end || b->pos != b->last);
}


void
ngx_http_eiam_fetch_add_filter(void)
{
    ngx_http_eiam_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_eiam_fetch_filter;
}


/*
 * An answer is complete with its last buffer; for nginx one that was cut off is
 * finished, too.  If the answer exceeds its buffer, nginx would close the
 * client's connection.
 */

static ngx_int_t
ngx_http_eiam_fetch_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_uint_t                 last;
    ngx_chain_t               *cl;
    ngx_http_eiam_fetch_t     *fetch;
    ngx_http_core_loc_conf_t  *clcf;

    if (r == r->main || !ngx_http_eiam_fetch_is(r)) {
        return ngx_http_eiam_next_body_filter(r, in);
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    fetch = r->post_subrequest->data;
    last = 0;

    for (cl = in; cl; cl = cl->next) {
        fetch->size += ngx_buf_size(cl->buf);
        last |= cl->buf->last_buf || cl->buf->last_in_chain;
    }

    if (ngx_max(fetch->size, r->headers_out.content_length_n)
        <= (off_t) clcf->subrequest_output_buffer_size)
    {
        fetch->complete = last;
        return ngx_http_eiam_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    fetch->large = 1;
    ngx_http_eiam_fetch_stop(fetch);

    return NGX_OK;
}


/* the subrequest may still be running, but nobody waits for it any longer */

static void
ngx_http_eiam_fetch_timeout(ngx_event_t *ev)
{
    ngx_connection_t       *c;
    ngx_eiam_answer_t       answer;
    ngx_http_request_t     *r;
    ngx_http_upstream_t    *u;
    ngx_http_eiam_fetch_t  *fetch;

    fetch = ev->data;
    r = fetch->request;
    c = r->connection;
    u = r->upstream;

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));

    ngx_http_eiam_fetch_end(fetch, &answer);

    /* also while a name is resolved, or another server is tried */

    if (u && u->cleanup && *u->cleanup && !r->main->blocked) {
        (*u->cleanup)(r);
        ngx_http_run_posted_requests(c);
    }
}


/* ends the request to the upstream as if it had timed out */

static void
ngx_http_eiam_fetch_stop(ngx_http_eiam_fetch_t *fetch)
{
    ngx_connection_t     *c;
    ngx_http_upstream_t  *u;

    u = fetch->request->upstream;
    c = u ? u->peer.connection : NULL;

    if (c) {
        c->read->timedout = 1;
        c->write->timedout = 1;
        ngx_post_event(c->read, &ngx_posted_events);
    }
}


/* the client has gone away */

static void
ngx_http_eiam_fetch_cleanup(void *data)
{
    ngx_http_eiam_fetch_end(data, NULL);
}
