
#include <ngx_eiam_redis_sentinel.h>


static ngx_int_t ngx_eiam_redis_sentinel_host(const ngx_str_t *text,
    ngx_eiam_redis_master_t *master);
static ngx_uint_t ngx_eiam_redis_sentinel_ip(ngx_eiam_redis_master_t *master);


ngx_int_t
ngx_eiam_redis_sentinel_read(const ngx_eiam_redis_reply_t *reply,
    ngx_eiam_redis_master_t *master)
{
    ngx_int_t                      port;
    ngx_eiam_redis_address_t      *address;
    const ngx_eiam_redis_reply_t  *elts;

    if (reply->type == NGX_EIAM_REDIS_NIL) {
        return NGX_DECLINED;
    }

    if (reply->type != NGX_EIAM_REDIS_ARRAY || reply->nelts != 2
        || reply->elts[0].type != NGX_EIAM_REDIS_STRING
        || reply->elts[1].type != NGX_EIAM_REDIS_STRING)
    {
        return NGX_ERROR;
    }

    elts = reply->elts;
    port = ngx_atoi(elts[1].text.data, elts[1].text.len);

    if (port < 1 || port > 65535
        || ngx_eiam_redis_sentinel_host(&elts[0].text, master) != NGX_OK)
    {
        return NGX_ERROR;
    }

    address = &master->address;
    address->port = port;

    if (ngx_eiam_redis_sentinel_ip(master)) {
        address->addrs = &master->addr;
        address->naddrs = 1;
    }

    address->name.data = master->name;
    address->name.len = ngx_sprintf(master->name,
                                    ngx_strlchr(master->host,
                                                master->host
                                                + address->host.len, ':')
                                    ? "[%V]:%i" : "%V:%i",
                                    &address->host, port)
                        - master->name;

    if (address->naddrs) {
        master->addr.name = address->name;
    }

    return NGX_OK;
}


/* only harmless characters: the host is logged, and sent to a resolver */

static ngx_int_t
ngx_eiam_redis_sentinel_host(const ngx_str_t *text,
    ngx_eiam_redis_master_t *master)
{
    u_char     *p, ch;
    ngx_str_t  *host;

    if (text->len == 0 || text->len > NGX_EIAM_REDIS_HOST_MAX) {
        return NGX_ERROR;
    }

    for (p = text->data; p < text->data + text->len; p++) {

        ch = *p | 0x20;

        if ((ch < 'a' || ch > 'z') && (*p < '0' || *p > '9')
            && *p != '.' && *p != '-' && *p != '_' && *p != ':')
        {
            return NGX_ERROR;
        }
    }

    ngx_memzero(master, sizeof(ngx_eiam_redis_master_t));
    ngx_memcpy(master->host, text->data, text->len);

    host = &master->address.host;
    host->data = master->host;
    host->len = text->len;

    return NGX_OK;
}


static ngx_uint_t
ngx_eiam_redis_sentinel_ip(ngx_eiam_redis_master_t *master)
{
    in_addr_t             inaddr;
    ngx_str_t            *host;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    host = &master->address.host;
    master->addr.sockaddr = &master->sockaddr.sockaddr;

    inaddr = ngx_inet_addr(host->data, host->len);

    if (inaddr != INADDR_NONE) {
        master->sockaddr.sockaddr_in.sin_family = AF_INET;
        master->sockaddr.sockaddr_in.sin_addr.s_addr = inaddr;
        master->addr.socklen = sizeof(struct sockaddr_in);

        ngx_inet_set_port(master->addr.sockaddr, master->address.port);
        return 1;
    }

#if (NGX_HAVE_INET6)

    sin6 = &master->sockaddr.sockaddr_in6;

    if (ngx_inet6_addr(host->data, host->len, sin6->sin6_addr.s6_addr)
        == NGX_OK)
    {
        sin6->sin6_family = AF_INET6;
        master->addr.socklen = sizeof(struct sockaddr_in6);

        ngx_inet_set_port(master->addr.sockaddr, master->address.port);
        return 1;
    }

#endif

    return 0;
}
