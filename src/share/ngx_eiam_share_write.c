
#include <ngx_eiam_share_job.h>
#include <ngx_eiam_share_value.h>
#include <ngx_eiam_share_write.h>
#include <ngx_eiam_share_zone.h>


#define NGX_EIAM_SHARE_BATCH      256      /* queued grants sent at a time */
#define NGX_EIAM_SHARE_AGAIN      1000     /* ms between tries of the queue */
#define NGX_EIAM_SHARE_LIFE_MAX   315360000   /* s: of a Redis key, ten years */


struct ngx_eiam_share_write_s {
    ngx_eiam_share_job_t       job;
    ngx_queue_t                queue;       /* in share->queue */
    ngx_eiam_source_t         *source;
    ngx_eiam_digest_t          token;
    ngx_eiam_redis_grant_t     value;
    time_t                     until;       /* when the Redis key expires */

    ngx_eiam_share_write_pt    handler;     /* NULL: nobody waits */
    void                      *data;
    ngx_event_t                timer;       /* the end of that waiting */
    ngx_msec_t                 since;
    ngx_int_t                  rc;          /* of learning it in the zone */

    ngx_str_t                  args[2 * NGX_EIAM_REDIS_SEAL_LINES];
    u_char                     names[2 * NGX_EIAM_REDIS_SEAL_LINES]
                                    [NGX_EIAM_REDIS_NAME_MAX];
    u_char                     life[NGX_INT64_LEN];
    unsigned                   learned:1;   /* it was learned in the zone */
    unsigned                   counted:1;   /* in its application's quota */
};


static ngx_eiam_share_write_t *ngx_eiam_share_write_create(
    ngx_eiam_share_t *share, ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, const ngx_eiam_redis_grant_t *grant);
static ngx_int_t ngx_eiam_share_write_copy(ngx_pool_t *pool, ngx_str_t *text);
static ngx_int_t ngx_eiam_share_write_ask(ngx_eiam_share_write_t *write);
static void ngx_eiam_share_write_asked_for(void *data,
    const ngx_eiam_redis_reply_t *reply);
static ngx_uint_t ngx_eiam_share_write_is_revoked(
    ngx_eiam_share_write_t *write, const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_write_learn(ngx_eiam_share_write_t *write,
    ngx_uint_t revoked);
static void ngx_eiam_share_write_learn_unasked(
    ngx_eiam_share_write_t *write);
static ngx_int_t ngx_eiam_share_write_set(ngx_eiam_share_write_t *write);
static ngx_int_t ngx_eiam_share_write_seal(ngx_eiam_share_write_t *write);
static void ngx_eiam_share_write_done(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_write_late(ngx_event_t *ev);
static void ngx_eiam_share_write_release(ngx_eiam_share_write_t *write);
static void ngx_eiam_share_write_enqueue(ngx_eiam_share_write_t *write);
static void ngx_eiam_share_write_retry(ngx_event_t *ev);
static void ngx_eiam_share_write_drop(ngx_eiam_share_write_t *write,
    ngx_eiam_unshared_e why);
static void ngx_eiam_share_write_cleanup(void *data);


ngx_eiam_share_write_t *
ngx_eiam_share_write_learned(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant, ngx_eiam_share_write_pt handler,
    void *data)
{
    ngx_eiam_share_write_t  *write;

    write = ngx_eiam_share_write_create(share, source, token, grant);
    if (write == NULL) {
        return NULL;
    }

    write->handler = handler;
    write->data = data;
    write->until = grant->grant.expires;
    write->since = ngx_current_msec;

    write->timer.handler = ngx_eiam_share_write_late;
    write->timer.data = write;
    write->timer.log = ngx_cycle->log;

    /* if the link is down the timer's handler is called without delay */

    if (ngx_eiam_share_write_ask(write) == NGX_OK) {
        ngx_add_timer(&write->timer, NGX_EIAM_SHARE_HOLD);

    } else {
        ngx_eiam_share_write_learn_unasked(write);
        ngx_post_event(&write->timer, &ngx_posted_events);
    }

    return write;
}


ngx_int_t
ngx_eiam_share_write_now(ngx_eiam_share_t *share, ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, const ngx_eiam_redis_grant_t *grant)
{
    ngx_int_t                  rc;
    ngx_eiam_share_write_t    *write;
    ngx_eiam_metrics_redis_t  *metrics;

    write = ngx_eiam_share_write_create(share, source, token, grant);

    if (write == NULL) {
        metrics = ngx_eiam_share_metrics(share);
        ngx_eiam_metrics_add(&metrics->unshared[NGX_EIAM_UNSHARED_FAILED]);
        return ngx_eiam_source_learn(source, token, &grant->grant);
    }

    write->until = grant->grant.expires;
    write->timer.handler = ngx_eiam_share_write_late;

    ngx_eiam_share_write_learn_unasked(write);

    rc = write->rc;

    if (rc != NGX_OK) {
        ngx_eiam_share_job_destroy(&write->job);

    } else if (ngx_eiam_share_write_ask(write) != NGX_OK) {
        ngx_eiam_share_write_enqueue(write);
    }

    return rc;
}


void
ngx_eiam_share_write_detach(ngx_eiam_share_write_t *write)
{
    write->handler = NULL;
}


void
ngx_eiam_share_write_asked(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant, time_t valid)
{
    ngx_eiam_share_write_t  *write;

    if (!ngx_eiam_share_is_ready(share)) {
        return;
    }

    write = ngx_eiam_share_write_create(share, source, token, grant);
    if (write == NULL) {
        return;
    }

    write->learned = 1;
    write->until = ngx_min(grant->grant.expires, grant->checked + valid);

    if (ngx_eiam_share_write_set(write) != NGX_OK) {
        ngx_eiam_share_job_destroy(&write->job);
    }
}


static ngx_eiam_share_write_t *
ngx_eiam_share_write_create(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant)
{
    ngx_pool_t              *pool;
    ngx_pool_cleanup_t      *cln;
    ngx_eiam_share_write_t  *write;

    write = ngx_eiam_share_job_create(share, sizeof(ngx_eiam_share_write_t));
    if (write == NULL) {
        return NULL;
    }

    pool = write->job.pool;

    write->source = source;
    write->value = *grant;
    write->value.gateway = share->gateway;
    ngx_memcpy(write->token, token, NGX_EIAM_DIGEST_LEN);

    cln = ngx_pool_cleanup_add(pool, 0);

    if (cln == NULL
        || ngx_eiam_share_write_copy(pool, &write->value.grant.application)
           != NGX_OK
        || ngx_eiam_share_write_copy(pool, &write->value.grant.scopes)
           != NGX_OK)
    {
        ngx_eiam_share_job_destroy(&write->job);
        return NULL;
    }

    cln->handler = ngx_eiam_share_write_cleanup;
    cln->data = write;

    return write;
}


static void
ngx_eiam_share_write_cleanup(void *data)
{
    ngx_eiam_share_write_t *write = data;

    if (write->timer.timer_set) {
        ngx_del_timer(&write->timer);
    }

    if (write->timer.posted) {
        ngx_delete_posted_event(&write->timer);
    }
}


static ngx_int_t
ngx_eiam_share_write_copy(ngx_pool_t *pool, ngx_str_t *text)
{
    if (text->len == 0) {
        return NGX_OK;
    }

    text->data = ngx_pstrdup(pool, text);

    return text->data ? NGX_OK : NGX_ERROR;
}


/* asks Redis for the token's tombstone, and for an earlier grant of it */

static ngx_int_t
ngx_eiam_share_write_ask(ngx_eiam_share_write_t *write)
{
    ngx_str_t          *name;
    ngx_uint_t          i, line;
    ngx_eiam_share_t   *share;
    ngx_eiam_source_t  *source;

    share = write->job.share;
    name = write->args;

    if (!ngx_eiam_share_is_ready(share)) {
        return NGX_DECLINED;
    }

    for (line = 0; line < share->seal->n; line++) {

        for (i = 0; i < 2; i++, name++) {

            source = i ? write->source : NULL;

            name->data = write->names[name - write->args];

            if (ngx_eiam_share_value_name(share, line, write->token, source,
                                          name)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    write->job.command.args = write->args;
    write->job.command.nargs = name - write->args;

    return ngx_eiam_share_job_send(&write->job, NGX_EIAM_REDIS_MGET,
                                   ngx_eiam_share_write_asked_for);
}


static void
ngx_eiam_share_write_asked_for(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_write_t *write = data;

    ngx_uint_t  revoked;

    if (!ngx_eiam_redis_reply_has_values(reply, write->job.command.nargs)) {
        ngx_eiam_share_write_learn_unasked(write);
        ngx_eiam_share_write_enqueue(write);
        return;
    }

    revoked = ngx_eiam_share_write_is_revoked(write, reply);

    if (revoked || !write->learned) {
        ngx_eiam_share_write_learn(write, revoked);
    }

    if (write->rc != NGX_OK) {
        ngx_eiam_share_write_release(write);
        ngx_eiam_share_job_destroy(&write->job);
        return;
    }

    if (!write->counted
        && ngx_eiam_share_zone_count(write->job.share->zone,
                                     &write->value.grant)
           != NGX_OK)
    {
        ngx_eiam_share_write_drop(write, NGX_EIAM_UNSHARED_LIMIT);
        return;
    }

    write->counted = 1;

    if (ngx_eiam_share_write_set(write) != NGX_OK) {
        ngx_eiam_share_write_enqueue(write);
    }
}


static ngx_uint_t
ngx_eiam_share_write_is_revoked(ngx_eiam_share_write_t *write,
    const ngx_eiam_redis_reply_t *reply)
{
    u_char                   buffer[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t                text;
    ngx_uint_t               i;
    ngx_eiam_redis_grant_t   prior;

    text.data = buffer;

    for (i = 0; i < reply->nelts; i++) {

        if (reply->elts[i].type != NGX_EIAM_REDIS_STRING) {
            continue;
        }

        if (i % 2 == 0) {
            ngx_eiam_share_value_check_tombstone(write->job.share, i / 2,
                                                 &write->args[i],
                                                 &reply->elts[i].text);
            return 1;
        }

        if (ngx_eiam_share_value_open(write->job.share, i / 2, &write->args[i],
                                      write->source, &reply->elts[i].text,
                                      &text, &prior)
            == NGX_OK
            && ngx_eiam_share_zone_is_revoked(write->job.share->zone, &prior))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_eiam_share_write_learn(ngx_eiam_share_write_t *write, ngx_uint_t revoked)
{
    ngx_eiam_zone_t  *zone;

    zone = write->job.share->zone;

    if (revoked) {
        ngx_eiam_share_zone_revoke(zone, write->token, &write->value.grant);

    } else if (write->learned) {
        return;
    }

    write->rc = ngx_eiam_source_learn(write->source, write->token,
                                      &write->value.grant);

    if (write->rc == NGX_OK && !write->learned) {
        ngx_eiam_metrics_add(&zone->shared->metrics.learned);
    }

    write->learned = 1;
}


/* Redis has not said whether the token is revoked: it will be asked again */

static void
ngx_eiam_share_write_learn_unasked(ngx_eiam_share_write_t *write)
{
    write->value.grant.generation |= NGX_EIAM_REVOCATION_UNASKED;

    ngx_eiam_share_write_learn(write, 0);
}


/* NGX_OK; NGX_DECLINED: the link is down; NGX_ERROR */

static ngx_int_t
ngx_eiam_share_write_set(ngx_eiam_share_write_t *write)
{
    time_t     life;
    ngx_int_t  rc;

    life = ngx_min(write->until - ngx_time(), NGX_EIAM_SHARE_LIFE_MAX);

    if (life <= 0) {
        return NGX_ERROR;
    }

    rc = ngx_eiam_share_write_seal(write);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_str_set(&write->args[2], "PX");

    write->args[3].data = write->life;
    write->args[3].len = ngx_sprintf(write->life, "%T000", life) - write->life;

    write->job.command.args = write->args;
    write->job.command.nargs = 4;

    return ngx_eiam_share_job_send(&write->job, NGX_EIAM_REDIS_SET,
                                   ngx_eiam_share_write_done);
}


/* the buffer is static: arguments are copied when a command is sent */

static ngx_int_t
ngx_eiam_share_write_seal(ngx_eiam_share_write_t *write)
{
    ngx_str_t  *name, *sealed;

    static u_char  buffer[NGX_EIAM_SHARE_SEALED];

    name = &write->args[0];
    name->data = write->names[0];

    sealed = &write->args[1];
    sealed->data = buffer;

    if (ngx_eiam_share_value_name(write->job.share, 0, write->token,
                                  write->source, name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_share_value_close(write->job.share, name, write->source,
                                      &write->value, sealed);
}


static void
ngx_eiam_share_write_done(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_write_t *write = data;

    ngx_uint_t  written;

    written = (reply && ngx_eiam_redis_reply_is(reply, "OK"));

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "eiam token %*xs is written to redis: %s",
                   NGX_EIAM_TOKEN_ID_LEN, write->token,
                   written ? "yes" : "no");

    if (written) {
        ngx_eiam_share_write_release(write);
        ngx_eiam_share_job_destroy(&write->job);
        return;
    }

    ngx_eiam_share_write_enqueue(write);
}


/* the time is over: the token is released, even if Redis has not answered */

static void
ngx_eiam_share_write_late(ngx_event_t *ev)
{
    ngx_eiam_share_write_t *write = ev->data;

    if (write->job.command.slot) {
        ngx_eiam_share_write_learn_unasked(write);
        ngx_eiam_share_write_release(write);
        return;
    }

    ngx_eiam_share_write_enqueue(write);
}


static void
ngx_eiam_share_write_release(ngx_eiam_share_write_t *write)
{
    ngx_eiam_share_write_pt  handler;

    if (write->timer.timer_set) {
        ngx_del_timer(&write->timer);
    }

    handler = write->handler;
    write->handler = NULL;

    if (handler) {
        ngx_eiam_share_held(write->job.share, write->since,
                            write->job.command.slot != NULL);
        handler(write->data, write->rc);
    }
}


/* Redis is down or refuses the grant: queues it, if the queue has room */

static void
ngx_eiam_share_write_enqueue(ngx_eiam_share_write_t *write)
{
    ngx_eiam_share_t  *share;

    ngx_eiam_share_write_release(write);

    share = write->job.share;

    if (write->rc != NGX_OK || write->timer.handler == NULL) {
        ngx_eiam_share_job_destroy(&write->job);
        return;
    }

    if (share->queued == NGX_EIAM_SHARE_QUEUE) {
        ngx_eiam_share_write_drop(write, NGX_EIAM_UNSHARED_QUEUE);
        return;
    }

    ngx_queue_insert_tail(&share->queue, &write->queue);
    share->queued++;

    if (!share->timer.timer_set) {
        share->timer.handler = ngx_eiam_share_write_retry;
        share->timer.data = share;
        share->timer.log = ngx_cycle->log;
        share->timer.cancelable = 1;

        ngx_add_timer(&share->timer, NGX_EIAM_SHARE_AGAIN);
    }
}


static void
ngx_eiam_share_write_retry(ngx_event_t *ev)
{
    ngx_eiam_share_t *share = ev->data;

    ngx_eiam_share_write_queued(share);

    if (share->queued && !share->timer.timer_set) {
        ngx_add_timer(&share->timer, NGX_EIAM_SHARE_AGAIN);
    }
}


void
ngx_eiam_share_write_queued(ngx_eiam_share_t *share)
{
    ngx_uint_t               i;
    ngx_queue_t             *q;
    ngx_eiam_share_write_t  *write;

    for (i = 0; i < NGX_EIAM_SHARE_BATCH && share->queued; i++) {

        q = ngx_queue_head(&share->queue);
        write = ngx_queue_data(q, ngx_eiam_share_write_t, queue);

        if (write->until <= ngx_time()) {
            ngx_queue_remove(q);
            share->queued--;
            ngx_eiam_share_write_drop(write, NGX_EIAM_UNSHARED_EXPIRED);
            continue;
        }

        if (ngx_eiam_share_write_ask(write) != NGX_OK) {
            break;
        }

        ngx_queue_remove(q);
        share->queued--;
    }
}


static void
ngx_eiam_share_write_drop(ngx_eiam_share_write_t *write,
    ngx_eiam_unshared_e why)
{
    ngx_eiam_metrics_redis_t  *metrics;

    metrics = ngx_eiam_share_metrics(write->job.share);
    ngx_eiam_metrics_add(&metrics->unshared[why]);

    ngx_eiam_share_write_release(write);
    ngx_eiam_share_job_destroy(&write->job);
}
