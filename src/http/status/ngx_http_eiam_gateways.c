
#include <ngx_http_eiam_gateways.h>
#include <ngx_http_eiam_request.h>
#include <ngx_eiam_reader.h>
#include <ngx_eiam_redis_stream.h>
#include <ngx_eiam_share_reader.h>


#define NGX_HTTP_EIAM_GATEWAYS_LOST     90      /* s, as clocks may differ */
#define NGX_HTTP_EIAM_GATEWAYS_ENTRIES  "100"   /* of the stream, at most */


typedef struct {
    ngx_pool_t                 *pool;
    ngx_array_t                *gateways;
} ngx_http_eiam_gateways_list_t;


typedef struct {
    ngx_http_request_t         *request;
    ngx_eiam_share_t           *share;
    ngx_eiam_redis_command_t    list;
    ngx_eiam_redis_command_t    last;
    ngx_uint_t                  pending;
    ngx_http_eiam_gateways_pt   handler;

    ngx_array_t                *gateways;    /* NULL: they are not known */
    ngx_array_t                *entries;     /* the last positions of the
                                                stream; NULL: the same */
} ngx_http_eiam_gateways_t;


static void ngx_http_eiam_gateways_add(void *data, const ngx_str_t *field,
    const ngx_eiam_redis_gateway_t *value);
static void ngx_http_eiam_gateways_ask_last(
    ngx_http_eiam_gateways_t *gateways);
static void ngx_http_eiam_gateways_listed(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_http_eiam_gateways_last(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_http_eiam_gateways_answered(
    ngx_http_eiam_gateways_t *gateways);
static void ngx_http_eiam_gateways_cleanup(void *data);
static void ngx_http_eiam_gateways_write(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_gateway_t *gateway);


ngx_uint_t
ngx_http_eiam_gateways_is_lost(const ngx_http_eiam_gateway_t *gateway)
{
    return gateway->time + NGX_HTTP_EIAM_GATEWAYS_LOST < ngx_time();
}


ngx_array_t *
ngx_http_eiam_gateways_read(ngx_pool_t *pool, const ngx_eiam_share_t *share,
    const ngx_eiam_redis_reply_t *reply)
{
    ngx_http_eiam_gateways_list_t  list;

    if (reply == NULL) {
        return NULL;
    }

    list.pool = pool;
    list.gateways = ngx_array_create(pool, 4, sizeof(ngx_http_eiam_gateway_t));

    if (list.gateways == NULL
        || ngx_eiam_share_gateways_read(share, reply,
                                        ngx_http_eiam_gateways_add, &list)
           != NGX_OK)
    {
        return NULL;
    }

    return list.gateways;
}


static void
ngx_http_eiam_gateways_add(void *data, const ngx_str_t *field,
    const ngx_eiam_redis_gateway_t *value)
{
    ngx_http_eiam_gateways_list_t *list = data;

    ngx_str_t                 name, id;
    ngx_http_eiam_gateway_t  *gateway;

    name = value->name;
    id = *field;

    gateway = ngx_array_push(list->gateways);
    if (gateway == NULL) {
        return;
    }

    gateway->name.len = name.len;
    gateway->name.data = ngx_pstrdup(list->pool, &name);
    gateway->id.len = id.len;
    gateway->id.data = ngx_pstrdup(list->pool, &id);
    gateway->position = value->position;
    gateway->time = value->time;
    gateway->in_force = 0;

    if (gateway->name.data == NULL || gateway->id.data == NULL) {
        list->gateways->nelts--;
    }
}


ngx_int_t
ngx_http_eiam_gateways_ask(ngx_http_request_t *r,
    ngx_http_eiam_gateways_pt handler)
{
    ngx_http_cleanup_t         *cln;
    ngx_http_eiam_gateways_t   *gateways;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share == NULL || !ngx_eiam_share_is_ready(mcf->share)) {
        return NGX_DECLINED;
    }

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_eiam_gateways_t));
    if (cln == NULL) {
        return NGX_DECLINED;
    }

    gateways = cln->data;
    ngx_memzero(gateways, sizeof(ngx_http_eiam_gateways_t));
    cln->handler = ngx_http_eiam_gateways_cleanup;

    gateways->request = r;
    gateways->share = mcf->share;
    gateways->handler = handler;

    if (ngx_eiam_share_gateways(mcf->share, &gateways->list,
                                ngx_http_eiam_gateways_listed, gateways)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    gateways->pending = 1;
    ngx_http_eiam_gateways_ask_last(gateways);

    /* otherwise it is noticed only when the answer is sent */

    (void) ngx_http_eiam_request_watch_client(r);

    return NGX_OK;
}


/* how far a gateway is behind is the number of entries that it has not read */

static void
ngx_http_eiam_gateways_ask_last(ngx_http_eiam_gateways_t *gateways)
{
    u_char     name[NGX_EIAM_REDIS_NAME_MAX];
    ngx_str_t  args[5];

    args[0].data = name;
    ngx_eiam_redis_name_stream(&gateways->share->names, "", &args[0]);

    ngx_str_set(&args[1], "+");
    ngx_str_set(&args[2], "-");
    ngx_str_set(&args[3], "COUNT");
    ngx_str_set(&args[4], NGX_HTTP_EIAM_GATEWAYS_ENTRIES);

    ngx_eiam_redis_command_set(&gateways->last, NGX_EIAM_REDIS_XREVRANGE,
                               args, 5, NGX_EIAM_SHARE_TIMEOUT,
                               ngx_http_eiam_gateways_last, gateways);

    if (ngx_eiam_redis_link_send(gateways->share->link, &gateways->last)
        == NGX_OK)
    {
        gateways->pending++;
    }
}


static void
ngx_http_eiam_gateways_listed(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_http_eiam_gateways_t *gateways = data;

    gateways->gateways = ngx_http_eiam_gateways_read(gateways->request->pool,
                                                     gateways->share, reply);

    ngx_http_eiam_gateways_answered(gateways);
}


static void
ngx_http_eiam_gateways_last(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_http_eiam_gateways_t *gateways = data;

    ngx_uint_t               i;
    ngx_array_t             *entries;
    ngx_eiam_position_t     *position;
    ngx_eiam_redis_entry_t   entry;

    entries = NULL;

    if (reply && reply->type == NGX_EIAM_REDIS_ARRAY) {
        entries = ngx_array_create(gateways->request->pool, 100,
                                   sizeof(ngx_eiam_position_t));
    }

    for (i = 0; entries && i < reply->nelts; i++) {

        position = ngx_array_push(entries);

        if (position == NULL
            || ngx_eiam_redis_stream_entry(&reply->elts[i], &entry) != NGX_OK)
        {
            entries = NULL;
            break;
        }

        *position = entry.position;
    }

    gateways->entries = entries;

    ngx_http_eiam_gateways_answered(gateways);
}


static void
ngx_http_eiam_gateways_answered(ngx_http_eiam_gateways_t *gateways)
{
    ngx_connection_t  *c;

    if (--gateways->pending) {
        return;
    }

    c = gateways->request->connection;

    ngx_http_set_log_request(c->log, gateways->request);

    gateways->handler(gateways->request, gateways);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_eiam_gateways_cleanup(void *data)
{
    ngx_http_eiam_gateways_t *gateways = data;

    ngx_eiam_redis_command_detach(&gateways->list);
    ngx_eiam_redis_command_detach(&gateways->last);
}


ngx_int_t
ngx_http_eiam_gateways_json(ngx_http_eiam_status_t *status)
{
    ngx_msec_t                 age;
    ngx_uint_t                 i;
    ngx_eiam_share_t          *share;
    ngx_http_eiam_gateway_t   *gateway;
    ngx_http_eiam_gateways_t  *gateways;

    share = status->mcf->share;
    gateways = status->data;

    if (share == NULL) {
        ngx_http_eiam_puts(status, "null");
        return NGX_OK;
    }

    age = ngx_eiam_reader_age(share->zone);

    ngx_http_eiam_write_text(status, "{\"state\":\"%V\",\"age\":%M.%03M,"
                             "\"connected\":%s,\"address\":",
                             ngx_eiam_share_state(share), age / 1000,
                             age % 1000,
                             ngx_eiam_share_is_ready(share) ? "true" : "false");

    if (share->link && share->link->name.len) {
        ngx_http_eiam_write_quoted(status, &share->link->name);

    } else {
        ngx_http_eiam_puts(status, "null");
    }

    if (gateways == NULL || gateways->gateways == NULL) {
        ngx_http_eiam_puts(status, ",\"gateways\":null}");
        return NGX_OK;
    }

    ngx_http_eiam_puts(status, ",\"gateways\":[");

    gateway = gateways->gateways->elts;

    for (i = 0; i < gateways->gateways->nelts; i++) {
        ngx_http_eiam_write_text(status, "%s\n", i ? "," : "");
        ngx_http_eiam_gateways_write(status, &gateway[i]);
    }

    ngx_http_eiam_puts(status, "]}");

    return NGX_OK;
}


static void
ngx_http_eiam_gateways_write(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_gateway_t *gateway)
{
    u_char                     own[NGX_EIAM_SHARE_READER_FIELD];
    ngx_uint_t                 i, behind;
    ngx_eiam_position_t       *position;
    ngx_http_eiam_gateways_t  *gateways;

    gateways = status->data;

    ngx_eiam_share_reader_field(gateways->share->zone, own);

    ngx_http_eiam_puts(status, "{\"gateway\":");
    ngx_http_eiam_write_quoted(status, &gateway->name);
    ngx_http_eiam_puts(status, ",\"id\":");
    ngx_http_eiam_write_quoted(status, &gateway->id);
    ngx_http_eiam_write_text(status, ",\"this\":%s,\"seen\":%T,\"lost\":%s,"
                             "\"behind\":",
                             (gateway->id.len == sizeof(own)
                              && ngx_memcmp(gateway->id.data, own, sizeof(own))
                                 == 0)
                             ? "true" : "false", gateway->time,
                             ngx_http_eiam_gateways_is_lost(gateway) ? "true"
                                                                     : "false");

    if (gateways->entries == NULL) {
        ngx_http_eiam_puts(status, "null}");
        return;
    }

    behind = 0;
    position = gateways->entries->elts;

    for (i = 0; i < gateways->entries->nelts; i++) {
        behind += (ngx_eiam_position_compare(&position[i], &gateway->position)
                   > 0);
    }

    ngx_http_eiam_write_text(status, "%ui}", behind);
}
