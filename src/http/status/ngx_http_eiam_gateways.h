
/*
 * The gateways that share one Redis, as they tell it themselves: how far each
 * has read what others revoked.  They are asked for before a page is written.
 */


#ifndef _NGX_HTTP_EIAM_GATEWAYS_H_INCLUDED_
#define _NGX_HTTP_EIAM_GATEWAYS_H_INCLUDED_


#include <ngx_http_eiam_status.h>
#include <ngx_eiam_share_gateways.h>


typedef struct {
    ngx_str_t                  name;
    ngx_str_t                  id;
    ngx_eiam_position_t        position;      /* read up to here */
    time_t                     time;          /* s: when it told that */
    unsigned                   in_force:1;    /* there: what was ordered */
} ngx_http_eiam_gateway_t;


/* it has not told anything for long */
ngx_uint_t ngx_http_eiam_gateways_is_lost(
    const ngx_http_eiam_gateway_t *gateway);

/* those of an answer, of ngx_http_eiam_gateway_t; NULL: they are not known */
ngx_array_t *ngx_http_eiam_gateways_read(ngx_pool_t *pool,
    const ngx_eiam_share_t *share, const ngx_eiam_redis_reply_t *reply);

/*
 * Asks Redis; the handler is called later, for a step that writes them with
 * this data.  NGX_OK; NGX_DECLINED: Redis cannot be asked.
 */
typedef void (*ngx_http_eiam_gateways_pt)(ngx_http_request_t *r, void *data);

ngx_int_t ngx_http_eiam_gateways_ask(ngx_http_request_t *r,
    ngx_http_eiam_gateways_pt handler);

/* a member of the JSON: Redis, and the gateways if they were asked for */
ngx_int_t ngx_http_eiam_gateways_json(ngx_http_eiam_status_t *status);


#endif /* _NGX_HTTP_EIAM_GATEWAYS_H_INCLUDED_ */
