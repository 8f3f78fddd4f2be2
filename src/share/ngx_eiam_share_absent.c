
#include <ngx_eiam_share_absent.h>
#include <ngx_eiam_share_gateways.h>


#define NGX_EIAM_SHARE_ABSENT_AGAIN  (60 * 60 * 1000)   /* ms */
#define NGX_EIAM_SHARE_ABSENT_LIFE   (24 * 60 * 60)     /* s, by their clocks */
#define NGX_EIAM_SHARE_ABSENT_MAX    64                 /* at a time */


typedef struct {
    ngx_str_t                  args[1 + NGX_EIAM_SHARE_ABSENT_MAX];
    ngx_uint_t                 nargs;
} ngx_eiam_share_absent_fields_t;


static void ngx_eiam_share_absent_listed(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_share_absent_add(void *data, const ngx_str_t *field,
    const ngx_eiam_redis_gateway_t *gateway);
static void ngx_eiam_share_absent_removed(void *data,
    const ngx_eiam_redis_reply_t *reply);


void
ngx_eiam_share_absent_look(ngx_eiam_share_absent_t *absent)
{
    if (absent->list.slot || absent->remove.slot
        || (absent->listed && ngx_current_msec - absent->listed
                              < NGX_EIAM_SHARE_ABSENT_AGAIN))
    {
        return;
    }

    if (ngx_eiam_share_gateways(absent->share, &absent->list,
                                ngx_eiam_share_absent_listed, absent)
        == NGX_OK)
    {
        absent->listed = ngx_current_msec;
    }
}


/* one that cannot be read stays, as nobody knows when it was written */

static void
ngx_eiam_share_absent_listed(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_absent_t *absent = data;

    u_char                          name[NGX_EIAM_REDIS_NAME_MAX];
    ngx_eiam_share_absent_fields_t  fields;

    fields.args[0].data = name;
    fields.nargs = 1;

    ngx_eiam_redis_name_stream(&absent->share->names, "gw", &fields.args[0]);

    if (reply == NULL
        || ngx_eiam_share_gateways_read(absent->share, reply,
                                        ngx_eiam_share_absent_add, &fields)
           != NGX_OK
        || fields.nargs == 1)
    {
        return;
    }

    ngx_eiam_redis_command_set(&absent->remove, NGX_EIAM_REDIS_HDEL,
                               fields.args, fields.nargs,
                               NGX_EIAM_SHARE_TIMEOUT,
                               ngx_eiam_share_absent_removed, absent);
    absent->remove.background = 1;

    (void) ngx_eiam_redis_link_send(absent->share->link, &absent->remove);
}


static void
ngx_eiam_share_absent_add(void *data, const ngx_str_t *field,
    const ngx_eiam_redis_gateway_t *gateway)
{
    ngx_eiam_share_absent_fields_t *fields = data;

    if (gateway->time + NGX_EIAM_SHARE_ABSENT_LIFE < ngx_time()
        && fields->nargs <= NGX_EIAM_SHARE_ABSENT_MAX)
    {
        fields->args[fields->nargs++] = *field;
    }
}


/* there may be more of them */

static void
ngx_eiam_share_absent_removed(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_absent_t *absent = data;

    if (reply && reply->type == NGX_EIAM_REDIS_INTEGER
        && reply->integer >= NGX_EIAM_SHARE_ABSENT_MAX)
    {
        absent->listed = 0;
    }
}
