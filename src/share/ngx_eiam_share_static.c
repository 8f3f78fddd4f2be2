
#include <ngx_eiam_share_event.h>
#include <ngx_eiam_share_static.h>
#include <ngx_eiam_share_value.h>


#define NGX_EIAM_SHARE_STATIC_TIMEOUT  2000   /* ms */
#define NGX_EIAM_SHARE_STATIC_TOKENS   32     /* asked for at a time */

#define NGX_EIAM_SHARE_STATIC_NAMES                                           \
    (NGX_EIAM_SHARE_STATIC_TOKENS * NGX_EIAM_REDIS_SEAL_LINES)


static void ngx_eiam_share_static_looked(void *data, ngx_int_t rc);
static void ngx_eiam_share_static_ask(ngx_eiam_share_static_t *statics);
static ngx_int_t ngx_eiam_share_static_name(
    const ngx_eiam_share_static_t *statics, ngx_uint_t i, u_char *buffer,
    ngx_str_t *name);
static void ngx_eiam_share_static_answered(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_static_apply(ngx_eiam_share_static_t *statics,
    ngx_uint_t i, const ngx_str_t *sealed);
static void ngx_eiam_share_static_fail(ngx_eiam_share_static_t *statics);


void
ngx_eiam_share_static(ngx_eiam_share_static_t *statics)
{
    statics->next = 0;
    statics->tokens = NULL;
    statics->pool = ngx_create_pool(4096, ngx_cycle->log);

    if (statics->pool) {
        statics->tokens = statics->share->static_tokens(statics->pool);
    }

    if (statics->tokens == NULL) {
        ngx_eiam_share_static_fail(statics);
        return;
    }

    ngx_eiam_share_static_ask(statics);
}


void
ngx_eiam_share_static_look(ngx_eiam_share_static_t *statics)
{
    ngx_eiam_share_t  *share;

    share = statics->share;

    if (statics->pool
        || (statics->looked && statics->changes == share->static_changes)
        || !ngx_eiam_share_is_ready(share))
    {
        return;
    }

    statics->looked = 1;
    statics->changes = share->static_changes;
    statics->link = share->link;
    statics->handler = ngx_eiam_share_static_looked;
    statics->data = statics;

    ngx_eiam_share_static(statics);
}


/* after an error they are looked up again */

static void
ngx_eiam_share_static_looked(void *data, ngx_int_t rc)
{
    ngx_eiam_share_static_t *statics = data;

    if (rc != NGX_OK) {
        statics->looked = 0;
    }
}


static void
ngx_eiam_share_static_ask(ngx_eiam_share_static_t *statics)
{
    u_char                     names[NGX_EIAM_SHARE_STATIC_NAMES]
                                    [NGX_EIAM_REDIS_NAME_MAX];
    ngx_str_t                  args[NGX_EIAM_SHARE_STATIC_NAMES];
    ngx_uint_t                 i, n;

    statics->asked = ngx_min(statics->tokens->nelts - statics->next,
                             NGX_EIAM_SHARE_STATIC_TOKENS);

    if (statics->asked == 0) {
        ngx_eiam_share_static_end(statics);
        statics->handler(statics->data, NGX_OK);
        return;
    }

    n = statics->asked * statics->share->seal->n;

    for (i = 0; i < n; i++) {

        if (ngx_eiam_share_static_name(statics, i, names[i], &args[i])
            != NGX_OK)
        {
            ngx_eiam_share_static_fail(statics);
            return;
        }
    }

    ngx_eiam_redis_command_set(&statics->command, NGX_EIAM_REDIS_MGET, args, n,
                               NGX_EIAM_SHARE_STATIC_TIMEOUT,
                               ngx_eiam_share_static_answered, statics);
    statics->command.background = 1;

    if (ngx_eiam_redis_link_send(statics->link, &statics->command) != NGX_OK) {
        ngx_eiam_share_static_fail(statics);
    }
}


/* the names of a token follow one another, by the lines of the key */

static ngx_int_t
ngx_eiam_share_static_name(const ngx_eiam_share_static_t *statics,
    ngx_uint_t i, u_char *buffer, ngx_str_t *name)
{
    ngx_uint_t               lines;
    const ngx_eiam_share_t  *share;
    ngx_eiam_digest_t       *token;

    share = statics->share;
    lines = share->seal->n;
    token = statics->tokens->elts;

    name->data = buffer;

    return ngx_eiam_share_value_name(share, i % lines,
                                     token[statics->next + i / lines], NULL,
                                     name);
}


static void
ngx_eiam_share_static_answered(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_static_t *statics = data;

    ngx_uint_t  i;

    if (!ngx_eiam_redis_reply_has_values(reply, statics->asked
                                                * statics->share->seal->n))
    {
        ngx_eiam_share_static_fail(statics);
        return;
    }

    for (i = 0; i < reply->nelts; i++) {

        if (reply->elts[i].type == NGX_EIAM_REDIS_STRING) {
            ngx_eiam_share_static_apply(statics, i, &reply->elts[i].text);
        }
    }

    statics->next += statics->asked;

    ngx_eiam_share_static_ask(statics);
}


/* a tombstone that cannot be read revokes the token all the same */

static void
ngx_eiam_share_static_apply(ngx_eiam_share_static_t *statics, ngx_uint_t i,
    const ngx_str_t *sealed)
{
    u_char                        buffer[NGX_EIAM_REDIS_NAME_MAX];
    ngx_eiam_zone_t              *zone;
    ngx_eiam_digest_t            *token;
    ngx_eiam_position_t           none;
    ngx_eiam_share_event_t        event;
    ngx_eiam_revocation_event_t  *revocation;
    ngx_eiam_redis_seal_place_t   place;

    if (ngx_eiam_share_static_name(statics, i, buffer, &place.key) != NGX_OK) {
        return;
    }

    place.kind = NGX_EIAM_REDIS_SEAL_TOMBSTONE;
    ngx_str_null(&place.part);
    ngx_memzero(&none, sizeof(ngx_eiam_position_t));

    revocation = &event.revocation;

    if (ngx_eiam_share_event_open(statics->share, &place, sealed, &none,
                                  &event)
        != NGX_OK
        || event.hello || revocation->undo
        || revocation->kind != NGX_EIAM_REVOKED_TOKEN)
    {
        ngx_eiam_metrics_add(
            &ngx_eiam_share_metrics(statics->share)->rejected_tombstones);

        ngx_memzero(revocation, sizeof(ngx_eiam_revocation_event_t));
        revocation->kind = NGX_EIAM_REVOKED_TOKEN;
        revocation->by = NGX_EIAM_BY_GATE;
        revocation->expires = ngx_time() + NGX_EIAM_REVOCATION_LIFE;
    }

    token = statics->tokens->elts;
    ngx_memcpy(revocation->subject,
               token[statics->next + i / statics->share->seal->n],
               NGX_EIAM_REVOCATION_TOKEN);

    zone = statics->share->zone;

    ngx_eiam_zone_lock(zone);
    (void) ngx_eiam_revocation_event_apply(zone->shared, revocation);
    ngx_eiam_zone_unlock(zone);
}


void
ngx_eiam_share_static_end(ngx_eiam_share_static_t *statics)
{
    ngx_eiam_redis_command_detach(&statics->command);

    if (statics->pool) {
        ngx_destroy_pool(statics->pool);
        statics->pool = NULL;
    }
}


static void
ngx_eiam_share_static_fail(ngx_eiam_share_static_t *statics)
{
    ngx_eiam_share_static_end(statics);
    statics->handler(statics->data, NGX_ERROR);
}
