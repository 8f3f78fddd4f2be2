
/*
 * The values that gateways share, as bytes before they are sealed.  A number
 * has seven bits in each byte, the highest first, and all bytes but its last
 * have the eighth bit set; strings follow their length.  A value is read as a
 * whole or not at all: bytes that are unknown, missing or left over make it
 * unreadable.
 */


#ifndef _NGX_EIAM_REDIS_VALUE_H_INCLUDED_
#define _NGX_EIAM_REDIS_VALUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_position.h>
#include <ngx_eiam_redis_name.h>


#define NGX_EIAM_REDIS_VALUE_GATEWAY  128    /* bytes of a gateway's name */
#define NGX_EIAM_REDIS_VALUE_REASON   255    /* bytes of a reason */
#define NGX_EIAM_REDIS_VALUE_VERSION  64     /* bytes of a module's version */
#define NGX_EIAM_REDIS_VALUE_ID       16     /* bytes of an event's id */
#define NGX_EIAM_REDIS_VALUE_UNDONE   64     /* events that one can undo */

/* the size of any value at most, before it is sealed */
#define NGX_EIAM_REDIS_VALUE_MAX      5120


typedef struct {
    ngx_eiam_grant_t             grant;      /* without the generation */
    time_t                       checked;    /* when its source was asked */
    ngx_eiam_position_t    position;   /* of the stream before that */
    ngx_str_t                    gateway;    /* that asked the source */
} ngx_eiam_redis_grant_t;


typedef enum {
    NGX_EIAM_REDIS_OF_TOKEN = 1,
    NGX_EIAM_REDIS_OF_APPLICATION,
    NGX_EIAM_REDIS_OF_ALL,
    NGX_EIAM_REDIS_UNDO,                     /* undoes other events */
    NGX_EIAM_REDIS_HELLO                     /* only shows its position */
} ngx_eiam_redis_event_e;


typedef u_char  ngx_eiam_redis_event_id_t[NGX_EIAM_REDIS_VALUE_ID];


/* an entry of the stream; tombstones and cuts are copies of such events */

typedef struct {
    ngx_eiam_redis_event_e       kind;
    ngx_eiam_redis_event_id_t    id;         /* random */
    ngx_eiam_position_t    position;   /* original; 0-0: not known yet */
    time_t                       time;       /* of the revocation */
    time_t                       expires;    /* of a token */
    ngx_eiam_revoker_e           by;
    u_char                       token[NGX_EIAM_REDIS_NAME_TOKEN];
    ngx_str_t                    application;   /* id; of a token: if known */
    ngx_str_t                    gateway;       /* that revoked it */
    ngx_str_t                    reason;
    const u_char                *undone;     /* ids of 16 bytes each */
    ngx_uint_t                   nundone;
} ngx_eiam_redis_event_t;


typedef struct {
    ngx_str_t                    name;
    ngx_eiam_position_t    position;
    ngx_str_t                    version;    /* of the module */
    time_t                       time;
} ngx_eiam_redis_gateway_t;


/* the text of "{rev}:key" */
extern const ngx_str_t  ngx_eiam_redis_value_constant;


/*
 * Writers of values.  text->data has room for NGX_EIAM_REDIS_VALUE_MAX bytes,
 * text->len is set.  NGX_OK, or NGX_DECLINED: a string is too long.
 */
ngx_int_t ngx_eiam_redis_value_write_grant(
    const ngx_eiam_redis_grant_t *grant, ngx_str_t *text);
ngx_int_t ngx_eiam_redis_value_write_event(
    const ngx_eiam_redis_event_t *event, ngx_str_t *text);
ngx_int_t ngx_eiam_redis_value_write_gateway(
    const ngx_eiam_redis_gateway_t *gateway, ngx_str_t *text);

/*
 * Readers of values, whose strings point into the text.  NGX_OK, or
 * NGX_DECLINED: it is no such value, or was made by a later version.
 */
ngx_int_t ngx_eiam_redis_value_read_grant(const ngx_str_t *text,
    ngx_eiam_redis_grant_t *grant);
ngx_int_t ngx_eiam_redis_value_read_event(const ngx_str_t *text,
    ngx_eiam_redis_event_t *event);
ngx_int_t ngx_eiam_redis_value_read_gateway(const ngx_str_t *text,
    ngx_eiam_redis_gateway_t *gateway);


#endif /* _NGX_EIAM_REDIS_VALUE_H_INCLUDED_ */
