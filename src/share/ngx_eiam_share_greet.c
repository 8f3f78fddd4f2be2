
#include <ngx_eiam_share_event.h>
#include <ngx_eiam_share_greet.h>


#define NGX_EIAM_SHARE_GREET_MAX  128    /* bytes of the constant, sealed */


static ngx_int_t ngx_eiam_share_greet_set(ngx_eiam_share_greet_t *greet,
    const ngx_str_t *name, ngx_uint_t always);
static void ngx_eiam_share_greet_was_set(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_greet_answer(void *data,
    const ngx_eiam_redis_reply_t *reply);


void
ngx_eiam_share_greet(ngx_eiam_share_greet_t *greet, ngx_eiam_share_t *share,
    ngx_eiam_redis_link_t *link)
{
    u_char                       buffer[NGX_EIAM_REDIS_NAME_MAX];
    ngx_eiam_redis_seal_place_t  place;

    ngx_memzero(greet, sizeof(ngx_eiam_share_greet_t));

    greet->share = share;
    greet->link = link;

    ngx_eiam_share_event_place(share, NGX_EIAM_REDIS_SEAL_CONSTANT, "key",
                               buffer, &place);

    ngx_eiam_redis_command_set(&greet->get, NGX_EIAM_REDIS_GET, &place.key, 1,
                               NGX_EIAM_SHARE_TIMEOUT,
                               ngx_eiam_share_greet_answer, greet);
    greet->get.background = 1;

    if (ngx_eiam_share_greet_set(greet, &place.key, 0) != NGX_OK
        || ngx_eiam_redis_link_greet(link, &greet->get) != NGX_OK)
    {
        ngx_eiam_redis_link_drop(link, NGX_EIAM_REDIS_LOST);
    }
}


/* writes the constant: always, or only if Redis has none (NX) */

static ngx_int_t
ngx_eiam_share_greet_set(ngx_eiam_share_greet_t *greet, const ngx_str_t *name,
    ngx_uint_t always)
{
    u_char                       buffer[NGX_EIAM_SHARE_GREET_MAX];
    ngx_str_t                    args[3];
    ngx_eiam_redis_seal_place_t  place;

    place.kind = NGX_EIAM_REDIS_SEAL_CONSTANT;
    place.key = *name;
    ngx_str_null(&place.part);

    args[0] = *name;
    args[1].data = buffer;
    ngx_str_set(&args[2], "NX");

    if (ngx_eiam_redis_seal_close(greet->share->seal, &place,
                                  &ngx_eiam_redis_value_constant, &args[1])
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_eiam_redis_command_set(&greet->set, NGX_EIAM_REDIS_SET, args,
                               always ? 2 : 3, NGX_EIAM_SHARE_TIMEOUT,
                               ngx_eiam_share_greet_was_set, greet);
    greet->set.background = 1;

    return ngx_eiam_redis_link_greet(greet->link, &greet->set);
}


/* ignored: a Redis that refuses writes can still be read */

static void
ngx_eiam_share_greet_was_set(void *data, const ngx_eiam_redis_reply_t *reply)
{
    /* void */
}


/*
 * If the constant was sealed under the second line of the key, it is sealed
 * again under the first one, so that the second line can be removed.
 */

static void
ngx_eiam_share_greet_answer(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_greet_t *greet = data;

    u_char                       buffer[NGX_EIAM_REDIS_NAME_MAX];
    u_char                       plain[NGX_EIAM_SHARE_GREET_MAX];
    ngx_str_t                    text;
    ngx_uint_t                   line;
    ngx_eiam_redis_seal_place_t  place;

    if (reply == NULL) {
        ngx_eiam_redis_link_drop(greet->link, NGX_EIAM_REDIS_LOST);
        return;
    }

    if (reply->type == NGX_EIAM_REDIS_NIL) {
        ngx_eiam_redis_link_ready(greet->link);
        return;
    }

    if (reply->type != NGX_EIAM_REDIS_STRING) {
        ngx_eiam_redis_link_drop(greet->link, NGX_EIAM_REDIS_DENIED);
        return;
    }

    ngx_eiam_share_event_place(greet->share, NGX_EIAM_REDIS_SEAL_CONSTANT,
                               "key", buffer, &place);

    text.data = plain;

    if (reply->text.len > sizeof(plain)
        || ngx_eiam_share_event_text(greet->share, &place, &reply->text, &text,
                                     &line)
           != NGX_OK
        || text.len != ngx_eiam_redis_value_constant.len
        || ngx_memcmp(text.data, ngx_eiam_redis_value_constant.data, text.len)
           != 0)
    {
        ngx_eiam_redis_link_drop(greet->link, NGX_EIAM_REDIS_OTHER_KEY);
        return;
    }

    if (line) {
        (void) ngx_eiam_share_greet_set(greet, &place.key, 1);
    }

    ngx_eiam_redis_link_ready(greet->link);
}
