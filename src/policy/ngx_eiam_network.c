
#include <ngx_eiam_network.h>
#include <ngx_eiam_text.h>


typedef struct {
    u_char       *address;
    u_char       *mask;
    ngx_int_t     bits;
} ngx_eiam_network_bytes_t;


static ngx_int_t ngx_eiam_network_parse(const ngx_eiam_node_t *node,
    ngx_pool_t *pool, ngx_cidr_t *network);
static ngx_int_t ngx_eiam_network_address(const ngx_str_t *text,
    ngx_cidr_t *network, ngx_eiam_network_bytes_t *bytes);
static ngx_int_t ngx_eiam_network_prefix(const u_char *p, const u_char *last);
static ngx_int_t ngx_eiam_network_mask(
    const ngx_eiam_network_bytes_t *bytes, ngx_int_t prefix);


ngx_array_t *
ngx_eiam_network_read(const ngx_eiam_node_t *node, ngx_pool_t *pool)
{
    ngx_cidr_t       *network;
    ngx_array_t      *networks;
    ngx_eiam_node_t   element;

    if (ngx_eiam_node_count(node) > NGX_EIAM_NETWORKS_MAX) {
        (void) ngx_eiam_fault(node, "has more than %d networks",
                              NGX_EIAM_NETWORKS_MAX);
        return NULL;
    }

    networks = ngx_array_create(pool, ngx_eiam_node_count(node) + 1,
                                sizeof(ngx_cidr_t));
    if (networks == NULL) {
        return NULL;
    }

    element.parent = NULL;

    while (ngx_eiam_node_next(node, &element) == NGX_OK) {

        network = ngx_array_push(networks);

        if (network == NULL
            || ngx_eiam_node_expect(&element, NGX_EIAM_STRING) != NGX_OK
            || ngx_eiam_network_parse(&element, pool, network) != NGX_OK)
        {
            return NULL;
        }
    }

    return networks;
}


static ngx_int_t
ngx_eiam_network_parse(const ngx_eiam_node_t *node, ngx_pool_t *pool,
    ngx_cidr_t *network)
{
    u_char                    *last, *slash;
    ngx_int_t                  prefix;
    ngx_str_t                  text, shown;
    ngx_eiam_network_bytes_t   bytes;

    text = ngx_eiam_node_string(node);
    shown = ngx_eiam_text_shown(&text, pool);

    last = text.data + text.len;
    slash = ngx_strlchr(text.data, last, '/');
    text.len = (slash ? slash : last) - text.data;

    ngx_memzero(network, sizeof(ngx_cidr_t));

    if (ngx_eiam_network_address(&text, network, &bytes) != NGX_OK) {
        return ngx_eiam_fault(node, "\"%V\" is not a network as in "
                              "\"10.1.0.0/16\" or \"2001:db8::/32\"", &shown);
    }

    prefix = slash ? ngx_eiam_network_prefix(slash + 1, last) : bytes.bits;

    if (prefix == NGX_ERROR || prefix > bytes.bits) {
        return ngx_eiam_fault(node, "\"%V\" must have a prefix of 0 to %i "
                              "bits", &shown, bytes.bits);
    }

    if (ngx_eiam_network_mask(&bytes, prefix) != NGX_OK) {
        return ngx_eiam_fault(node, "\"%V\" has address bits set after its "
                              "prefix", &shown);
    }

    return NGX_OK;
}


/*
 * Uses inet_pton(): nginx's own parser accepts leading zeros, which other
 * software reads as octal.  An IPv4 address has only one form.
 */

static ngx_int_t
ngx_eiam_network_address(const ngx_str_t *text, ngx_cidr_t *network,
    ngx_eiam_network_bytes_t *bytes)
{
    char  buf[INET6_ADDRSTRLEN];

    if (text->len >= sizeof(buf)
        || ngx_strlchr(text->data, text->data + text->len, '\0'))
    {
        return NGX_ERROR;
    }

    ngx_memcpy(buf, text->data, text->len);
    buf[text->len] = '\0';

    if (inet_pton(AF_INET, buf, &network->u.in.addr) == 1) {
        network->family = AF_INET;

        bytes->address = (u_char *) &network->u.in.addr;
        bytes->mask = (u_char *) &network->u.in.mask;
        bytes->bits = 32;

        return NGX_OK;
    }

#if (NGX_HAVE_INET6)

    if (inet_pton(AF_INET6, buf, &network->u.in6.addr) == 1
        && !IN6_IS_ADDR_V4MAPPED(&network->u.in6.addr))
    {
        network->family = AF_INET6;

        bytes->address = network->u.in6.addr.s6_addr;
        bytes->mask = network->u.in6.mask.s6_addr;
        bytes->bits = 128;

        return NGX_OK;
    }

#endif

    return NGX_ERROR;
}


static ngx_int_t
ngx_eiam_network_prefix(const u_char *p, const u_char *last)
{
    if (last - p > 3 || (last - p > 1 && *p == '0')) {
        return NGX_ERROR;
    }

    return ngx_atoi((u_char *) p, last - p);
}


/* NGX_DECLINED: the address has bits outside the mask */

static ngx_int_t
ngx_eiam_network_mask(const ngx_eiam_network_bytes_t *bytes, ngx_int_t prefix)
{
    ngx_int_t  i, n;

    for (i = 0; i < bytes->bits / 8; i++) {

        n = ngx_min(ngx_max(prefix - 8 * i, 0), 8);
        bytes->mask[i] = (u_char) (0xff << (8 - n));

        if (bytes->address[i] & ~bytes->mask[i]) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_network_has(ngx_array_t *networks, const struct sockaddr *address)
{
    return ngx_cidr_match((struct sockaddr *) address, networks) == NGX_OK;
}


u_char *
ngx_eiam_network_write(u_char *p, ngx_cidr_t *network)
{
    size_t      len;
    u_char     *mask;
    ngx_int_t   i, bits;

    len = ngx_inet_ntop(network->family, &network->u, p, NGX_INET6_ADDRSTRLEN);

    mask = (u_char *) &network->u.in.mask;
    bits = 32;

#if (NGX_HAVE_INET6)

    if (network->family == AF_INET6) {
        mask = network->u.in6.mask.s6_addr;
        bits = 128;
    }

#endif

    for (i = 0; i < bits && (mask[i / 8] & (0x80 >> i % 8)); i++) {
        /* void */
    }

    return ngx_sprintf(p + len, "/%i", i);
}
