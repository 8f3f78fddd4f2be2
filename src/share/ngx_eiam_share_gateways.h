
/* The list of gateways in Redis, and how far each has read the stream. */


#ifndef _NGX_EIAM_SHARE_GATEWAYS_H_INCLUDED_
#define _NGX_EIAM_SHARE_GATEWAYS_H_INCLUDED_


#include <ngx_eiam_share.h>


typedef void (*ngx_eiam_share_gateway_pt)(void *data, const ngx_str_t *field,
    const ngx_eiam_redis_gateway_t *gateway);


/* asks for the list: NGX_OK, or NGX_DECLINED: the link is down */
ngx_int_t ngx_eiam_share_gateways(ngx_eiam_share_t *share,
    ngx_eiam_redis_command_t *command, ngx_eiam_redis_command_pt handler,
    void *data);

/* calls the handler for each gateway in the answer: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_share_gateways_read(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_reply_t *reply, ngx_eiam_share_gateway_pt handler,
    void *data);


#endif /* _NGX_EIAM_SHARE_GATEWAYS_H_INCLUDED_ */
