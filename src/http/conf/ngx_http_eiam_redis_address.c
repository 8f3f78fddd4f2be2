
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_redis_address.h>
#include <ngx_eiam_string.h>


#define NGX_HTTP_EIAM_REDIS_PORT      6379
#define NGX_HTTP_EIAM_SENTINEL_PORT   26379


static ngx_int_t ngx_http_eiam_redis_address_name(ngx_conf_t *cf,
    const ngx_eiam_redis_t *redis, ngx_url_t *u,
    ngx_eiam_redis_address_t *address);
static void ngx_http_eiam_redis_address_look_up(ngx_conf_t *cf,
    ngx_eiam_redis_address_t *address);
static ngx_uint_t ngx_http_eiam_redis_address_is_local(
    const ngx_eiam_redis_address_t *address);


/* names are resolved later, when it is known whether there is a resolver */

ngx_int_t
ngx_http_eiam_redis_address_add(ngx_conf_t *cf, ngx_eiam_redis_t *redis,
    ngx_str_t *text)
{
    ngx_url_t                  u;
    ngx_uint_t                 i;
    ngx_eiam_redis_address_t  *address, *last;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = *text;
    u.default_port = redis->sentinel.len ? NGX_HTTP_EIAM_SENTINEL_PORT
                                         : NGX_HTTP_EIAM_REDIS_PORT;
    u.no_resolve = 1;

    if (ngx_strstr(text->data, "://")) {
        (void) ngx_http_eiam_invalid(cf, "\"%V\" is a URL: name the address "
                                     "alone, such as \"127.0.0.1:6379\"",
                                     text);
        return NGX_ERROR;
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        (void) ngx_http_eiam_invalid(cf, "\"%V\" is not an address: %s", text,
                                     u.err ? u.err : "no memory");
        return NGX_ERROR;
    }

    address = ngx_array_push(&redis->addresses);

    if (address == NULL
        || ngx_http_eiam_redis_address_name(cf, redis, &u, address) != NGX_OK)
    {
        return NGX_ERROR;
    }

    last = address;
    address = redis->addresses.elts;

    for (i = 0; i < redis->addresses.nelts - 1; i++) {

        if (ngx_eiam_str_equal(&address[i].name, &last->name)) {
            (void) ngx_http_eiam_invalid(cf, "\"%V\" is named twice", text);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_redis_address_name(ngx_conf_t *cf, const ngx_eiam_redis_t *redis,
    ngx_url_t *u, ngx_eiam_redis_address_t *address)
{
    ngx_memzero(address, sizeof(ngx_eiam_redis_address_t));

    address->port = u->port;
    address->addrs = u->addrs;
    address->naddrs = u->naddrs;

    if (u->family == AF_UNIX) {
        address->name = u->url;

        if (redis->ssl && redis->ssl_name.len == 0) {
            (void) ngx_http_eiam_invalid(cf, "\"%V\" needs \"ssl_name\", as "
                                         "it has no name to verify", &u->url);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    address->host = u->host;

    if (address->host.len > 2 && address->host.data[0] == '[') {
        address->host.data++;
        address->host.len -= 2;
    }

    address->name.data = ngx_pnalloc(cf->pool, u->host.len
                                               + sizeof(":65535"));
    if (address->name.data == NULL) {
        return NGX_ERROR;
    }

    address->name.len = ngx_sprintf(address->name.data, "%V:%d", &u->host,
                                    (int) u->port)
                        - address->name.data;

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_redis_address_resolve(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_eiam_redis_t           *redis;
    ngx_eiam_redis_address_t   *address;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    redis = mcf->redis;

    if (redis == NULL) {
        return NGX_OK;
    }

    if (mcf->zone == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"eiam_redis\" needs \"eiam_zone\"");
        return NGX_ERROR;
    }

    mcf->zone->redis = 1;

    /* without the directive nginx may have made a resolver without servers */

    if (clcf->resolver && clcf->resolver->connections.nelts) {
        redis->resolver = clcf->resolver;
    }

    redis->resolver_timeout = (clcf->resolver_timeout == NGX_CONF_UNSET_MSEC)
                              ? 30000 : clcf->resolver_timeout;   /* ms */

    address = redis->addresses.elts;

    for (i = 0; i < redis->addresses.nelts; i++) {

        if (address[i].naddrs == 0 && redis->resolver == NULL) {
            ngx_http_eiam_redis_address_look_up(cf, &address[i]);
        }

        if (redis->ssl == NULL
            && !ngx_http_eiam_redis_address_is_local(&address[i]))
        {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0, "\"eiam_redis\" sends to "
                          "\"%V\" without TLS: set \"ssl\"",
                          &address[i].name);
        }
    }

    return NGX_OK;
}


static void
ngx_http_eiam_redis_address_look_up(ngx_conf_t *cf,
    ngx_eiam_redis_address_t *address)
{
    ngx_url_t  u;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = address->name;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, cf->log, 0, "\"eiam_redis\" finds no "
                      "address of \"%V\", and there is no \"resolver\" in http",
                      &address->name);
        return;
    }

    address->addrs = u.addrs;
    address->naddrs = u.naddrs;
}


static ngx_uint_t
ngx_http_eiam_redis_address_is_local(const ngx_eiam_redis_address_t *address)
{
    ngx_uint_t            i;
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    static const ngx_str_t  localhost = ngx_string("localhost");

    if (address->naddrs == 0) {
        return ngx_eiam_str_equal(&address->host, &localhost);
    }

    for (i = 0; i < address->naddrs; i++) {

        switch (address->addrs[i].sockaddr->sa_family) {

        case AF_INET:
            sin = (struct sockaddr_in *) address->addrs[i].sockaddr;

            if ((ntohl(sin->sin_addr.s_addr) & 0xff000000) != 0x7f000000) {
                return 0;
            }

            break;

#if (NGX_HAVE_INET6)
        case AF_INET6:
            sin6 = (struct sockaddr_in6 *) address->addrs[i].sockaddr;

            if (!IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr)) {
                return 0;
            }

            break;
#endif

        default: /* AF_UNIX */
            break;
        }
    }

    return 1;
}
