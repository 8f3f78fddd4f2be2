
#include <ngx_eiam_share_event.h>
#include <ngx_eiam_share_gateways.h>


#define NGX_EIAM_SHARE_GATEWAYS_TEXT  1024    /* bytes of a sealed value */


ngx_int_t
ngx_eiam_share_gateways(ngx_eiam_share_t *share,
    ngx_eiam_redis_command_t *command, ngx_eiam_redis_command_pt handler,
    void *data)
{
    u_char     name[NGX_EIAM_REDIS_NAME_MAX];
    ngx_str_t  key;

    if (!ngx_eiam_share_is_ready(share)) {
        return NGX_DECLINED;
    }

    key.data = name;
    ngx_eiam_redis_name_stream(&share->names, "gw", &key);

    ngx_eiam_redis_command_set(command, NGX_EIAM_REDIS_HGETALL, &key, 1,
                               NGX_EIAM_SHARE_TIMEOUT, handler, data);

    return ngx_eiam_redis_link_send(share->link, command);
}


/* a gateway of another version is left out, as its value cannot be read */

ngx_int_t
ngx_eiam_share_gateways_read(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_reply_t *reply, ngx_eiam_share_gateway_pt handler,
    void *data)
{
    u_char                       name[NGX_EIAM_REDIS_NAME_MAX];
    u_char                       buffer[NGX_EIAM_SHARE_GATEWAYS_TEXT];
    ngx_str_t                    text;
    ngx_uint_t                   i, line;
    const ngx_str_t             *value;
    ngx_eiam_redis_gateway_t     gateway;
    ngx_eiam_redis_seal_place_t  place;

    if (reply->type != NGX_EIAM_REDIS_ARRAY) {
        return NGX_ERROR;
    }

    ngx_eiam_share_event_place(share, NGX_EIAM_REDIS_SEAL_GATEWAY, "gw", name,
                               &place);

    for (i = 0; i + 1 < reply->nelts; i += 2) {

        place.part = reply->elts[i].text;
        value = &reply->elts[i + 1].text;
        text.data = buffer;

        if (value->len <= sizeof(buffer)
            && ngx_eiam_share_event_text(share, &place, value, &text, &line)
               == NGX_OK
            && ngx_eiam_redis_value_read_gateway(&text, &gateway) == NGX_OK)
        {
            handler(data, &place.part, &gateway);
        }
    }

    return NGX_OK;
}
