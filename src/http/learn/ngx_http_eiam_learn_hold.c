
#include <ngx_http_eiam_learn_hold.h>


/* a bit of r->buffered; image_filter, which has it too, comes later */
#define NGX_HTTP_EIAM_BUFFERED  0x08


static void ngx_http_eiam_learn_hold_written(void *data, ngx_int_t rc);
static void ngx_http_eiam_learn_hold_sent(void *data, ngx_int_t rc,
    const ngx_eiam_position_t *position);
static void ngx_http_eiam_learn_hold_late(ngx_event_t *ev);
static void ngx_http_eiam_learn_hold_release(
    ngx_http_eiam_learn_hold_t *hold);
static ngx_uint_t ngx_http_eiam_learn_hold_is_broken_off(
    ngx_http_request_t *r, ngx_chain_t *in);
static void ngx_http_eiam_learn_hold_cleanup(void *data);


ngx_int_t
ngx_http_eiam_learn_hold(ngx_http_request_t *r, ngx_http_eiam_learn_t *learn)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share == NULL || r != r->main || r->method != NGX_HTTP_POST
        || !ngx_eiam_share_is_ready(mcf->share))
    {
        return NGX_DECLINED;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_eiam_learn_hold_t));
    if (cln == NULL) {
        return NGX_DECLINED;
    }

    cln->handler = ngx_http_eiam_learn_hold_cleanup;
    learn->hold = cln->data;

    ngx_memzero(learn->hold, sizeof(ngx_http_eiam_learn_hold_t));

    learn->hold->request = r;

    /* a 304 would be sent without the body */

    r->disable_not_modified = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_learn_hold_write(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant, ngx_http_eiam_learn_hold_pt handler)
{
    ngx_http_eiam_srv_conf_t    *scf;
    ngx_http_eiam_main_conf_t   *mcf;
    ngx_http_eiam_learn_hold_t  *hold;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    hold = learn->hold;

    hold->handler = handler;
    hold->write = ngx_eiam_share_write_learned(mcf->share, scf->learned, token,
                                               grant,
                                            ngx_http_eiam_learn_hold_written,
                                               hold);
    if (hold->write == NULL) {
        return NGX_ERROR;
    }

    hold->waiting = 1;

    return NGX_OK;
}


static void
ngx_http_eiam_learn_hold_written(void *data, ngx_int_t rc)
{
    ngx_http_eiam_learn_hold_t *hold = data;

    hold->write = NULL;

    ngx_http_set_log_request(hold->request->connection->log, hold->request);

    hold->handler(hold->request, rc);

    ngx_http_eiam_learn_hold_release(hold);
}


ngx_int_t
ngx_http_eiam_learn_hold_send(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, const ngx_eiam_revocation_event_t *event)
{
    ngx_eiam_share_t            *share;
    ngx_http_eiam_main_conf_t   *mcf;
    ngx_http_eiam_learn_hold_t  *hold;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);
    share = mcf->share;

    if (ngx_http_eiam_learn_hold(r, learn) != NGX_OK) {
        (void) ngx_eiam_share_send(share, share->link, event, NULL, NULL);
        return NGX_DECLINED;
    }

    hold = learn->hold;

    hold->send = ngx_eiam_share_send(share, share->link, event,
                                     ngx_http_eiam_learn_hold_sent, hold);
    if (hold->send == NULL) {
        learn->hold = NULL;
        return NGX_DECLINED;
    }

    hold->waiting = 1;
    hold->since = ngx_current_msec;

    hold->timer.handler = ngx_http_eiam_learn_hold_late;
    hold->timer.data = hold;
    hold->timer.log = r->connection->log;

    ngx_add_timer(&hold->timer, NGX_EIAM_SHARE_HOLD);

    return NGX_OK;
}


static void
ngx_http_eiam_learn_hold_sent(void *data, ngx_int_t rc,
    const ngx_eiam_position_t *position)
{
    ngx_http_eiam_learn_hold_t *hold = data;

    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(hold->request, ngx_eiam_module);

    hold->send = NULL;

    ngx_eiam_share_held(mcf->share, hold->since, 0);
    ngx_http_eiam_learn_hold_release(hold);
}


static void
ngx_http_eiam_learn_hold_late(ngx_event_t *ev)
{
    ngx_http_eiam_learn_hold_t *hold = ev->data;

    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(hold->request, ngx_eiam_module);

    ngx_eiam_share_held(mcf->share, hold->since, 1);
    ngx_http_eiam_learn_hold_release(hold);
}


/* the request's write handler calls the body filter, which sends the answer */

static void
ngx_http_eiam_learn_hold_release(ngx_http_eiam_learn_hold_t *hold)
{
    ngx_http_eiam_learn_hold_cleanup(hold);

    hold->waiting = 0;

    ngx_post_event(hold->request->connection->write, &ngx_posted_events);
}


void
ngx_http_eiam_learn_hold_end(ngx_http_eiam_learn_t *learn)
{
    learn->copying = 0;

    ngx_http_eiam_learn_hold_cleanup(learn->hold);

    learn->hold->waiting = 0;
}


ngx_int_t
ngx_http_eiam_learn_hold_body(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, ngx_chain_t *in)
{
    ngx_buf_t                   *b;
    ngx_chain_t                 *cl;
    ngx_http_eiam_learn_hold_t  *hold;

    hold = learn->hold;

    if (!learn->copying && !hold->waiting) {
        return NGX_DECLINED;
    }

    if (learn->copying && ngx_http_eiam_learn_hold_is_broken_off(r, in)) {
        ngx_http_eiam_learn_hold_end(learn);
        return NGX_DECLINED;
    }

    for (cl = in; cl; cl = cl->next) {

        b = cl->buf;

        hold->last |= b->last_buf;
        b->pos = b->last;
        b->file_pos = b->file_last;
    }

    r->buffered |= NGX_HTTP_EIAM_BUFFERED;

    return NGX_OK;
}


/*
 * The upstream module flushes when it ends an answer that is incomplete;
 * without "proxy_buffering" it also does so before the body has arrived.
 */

static ngx_uint_t
ngx_http_eiam_learn_hold_is_broken_off(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t  *cl;

    if (r->upstream->cleanup) {
        return 0;
    }

    for (cl = in; cl; cl = cl->next) {

        if (cl->buf->flush && ngx_buf_size(cl->buf) == 0) {
            return 1;
        }
    }

    return 0;
}


ngx_chain_t *
ngx_http_eiam_learn_hold_chain(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, size_t len, ngx_chain_t *in)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    r->buffered &= ~NGX_HTTP_EIAM_BUFFERED;
    learn->hold->over = 1;

    if (len == 0 && !learn->hold->last) {
        return in;
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    if (len) {
        b->start = learn->answer.data;
        b->pos = b->start;
        b->last = b->start + len;
        b->end = b->last;
        b->memory = 1;
    }

    b->last_buf = learn->hold->last;
    b->last_in_chain = (in == NULL);

    cl->buf = b;
    cl->next = in;

    return cl;
}


static void
ngx_http_eiam_learn_hold_cleanup(void *data)
{
    ngx_http_eiam_learn_hold_t *hold = data;

    if (hold->write) {
        ngx_eiam_share_write_detach(hold->write);
        hold->write = NULL;
    }

    if (hold->send) {
        ngx_eiam_share_send_detach(hold->send);
        hold->send = NULL;
    }

    if (hold->timer.timer_set) {
        ngx_del_timer(&hold->timer);
    }
}
