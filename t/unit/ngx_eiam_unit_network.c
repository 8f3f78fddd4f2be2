
#include "ngx_eiam_unit.h"
#include <ngx_eiam_network.h>


typedef struct {
    ngx_str_t    network;
    ngx_str_t    written;        /* by the status location; empty: a fault */
    ngx_str_t    inside;         /* empty: no address is */
    ngx_str_t    outside;
} ngx_eiam_unit_network_t;


static ngx_array_t *ngx_eiam_unit_network_read(ngx_eiam_unit_t *unit,
    const ngx_str_t *network);
static ngx_uint_t ngx_eiam_unit_network_has(ngx_eiam_unit_t *unit,
    ngx_array_t *networks, const ngx_str_t *address);
static void ngx_eiam_unit_network_local(ngx_eiam_unit_t *unit);


static const ngx_eiam_unit_network_t  ngx_eiam_unit_networks[] = {

    { ngx_string("10.1.0.0/16"), ngx_string("10.1.0.0/16"),
      ngx_string("10.1.255.255"), ngx_string("10.2.0.0") },
    { ngx_string("192.0.2.7"), ngx_string("192.0.2.7/32"),
      ngx_string("192.0.2.7"), ngx_string("192.0.2.6") },
    { ngx_string("192.0.2.128/25"), ngx_string("192.0.2.128/25"),
      ngx_string("192.0.2.128"), ngx_string("192.0.2.127") },
    { ngx_string("192.0.2.6/31"), ngx_string("192.0.2.6/31"),
      ngx_string("192.0.2.7"), ngx_string("192.0.2.8") },
    { ngx_string("0.0.0.0/0"), ngx_string("0.0.0.0/0"),
      ngx_string("255.255.255.254"), ngx_string("::1") },
    { ngx_string("128.0.0.0/1"), ngx_string("128.0.0.0/1"),
      ngx_string("128.0.0.0"), ngx_string("127.255.255.255") },

    /* an IPv4-mapped address is the IPv4 address */

    { ngx_string("10.1.0.0/16"), ngx_string("10.1.0.0/16"),
      ngx_string("::ffff:10.1.2.3"), ngx_string("::10.1.2.3") },
    { ngx_string("::/0"), ngx_string("::/0"),
      ngx_string("::1"), ngx_string("::ffff:10.1.2.3") },

    { ngx_string("2001:db8::/32"), ngx_string("2001:db8::/32"),
      ngx_string("2001:db8:ffff::1"), ngx_string("2001:db9::") },
    { ngx_string("2001:DB8:0:8000::/49"), ngx_string("2001:db8:0:8000::/49"),
      ngx_string("2001:db8:0:ffff::"), ngx_string("2001:db8:0:7fff::") },
    { ngx_string("fe80::/10"), ngx_string("fe80::/10"),
      ngx_string("febf::1"), ngx_string("fec0::1") },
    { ngx_string("::1"), ngx_string("::1/128"),
      ngx_string("::1"), ngx_string("127.0.0.1") },

    { ngx_string(""), ngx_null_string, ngx_null_string, ngx_null_string },
    { ngx_string("10.1.0.1/16"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("10.1.0.0/33"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("10.1.0.0/016"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("10.1.0.0/-1"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("10.1.0.0/"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("10.1.0.0/16/8"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("10.1"), ngx_null_string, ngx_null_string, ngx_null_string },
    { ngx_string("010.1.0.0"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("0x0a.1.0.0"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("167837696"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string(" 10.1.0.0"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("::ffff:10.1.0.0/112"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("fe80::1%eth0"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("[::1]"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("::/129"), ngx_null_string, ngx_null_string,
      ngx_null_string },
    { ngx_string("unix:"), ngx_null_string, ngx_null_string,
      ngx_null_string },

    { ngx_null_string, ngx_null_string, ngx_null_string, ngx_null_string }
};


void
ngx_eiam_unit_network(ngx_eiam_unit_t *unit)
{
    u_char                          buf[NGX_EIAM_NETWORK_TEXT_MAX];
    ngx_str_t                       written;
    ngx_array_t                    *networks;
    const ngx_eiam_unit_network_t  *row;

    for (row = ngx_eiam_unit_networks; row->network.data; row++) {

        networks = ngx_eiam_unit_network_read(unit, &row->network);

        if (row->written.len == 0) {
            ngx_eiam_unit_ok(unit, networks == NULL,
                             "2.7-2: \"%V\" is no network", &row->network);
            continue;
        }

        if (networks == NULL) {
            ngx_eiam_unit_ok(unit, 0, "\"%V\" is a network", &row->network);
            continue;
        }

        written.data = buf;
        written.len = ngx_eiam_network_write(buf, networks->elts) - buf;

        ngx_eiam_unit_ok(unit,
                         ngx_eiam_unit_equal(&written, &row->written)
                         && ngx_eiam_unit_network_has(unit, networks,
                                                      &row->inside)
                         && !ngx_eiam_unit_network_has(unit, networks,
                                                       &row->outside),
                         "2.7-2: \"%V\", written as \"%V\", has %V, and not %V",
                         &row->network, &written, &row->inside, &row->outside);
    }

    ngx_eiam_unit_network_local(unit);
}


static ngx_array_t *
ngx_eiam_unit_network_read(ngx_eiam_unit_t *unit, const ngx_str_t *network)
{
    ngx_str_t            text;
    ngx_eiam_node_t      root;
    ngx_eiam_document_t  document;

    text.data = ngx_pnalloc(unit->pool, network->len + 4);
    text.len = ngx_sprintf(text.data, "[\"%V\"]", network) - text.data;

    if (ngx_eiam_unit_parse(&document, unit->pool, &text, &root) != NGX_OK) {
        return NULL;
    }

    return ngx_eiam_network_read(&root, unit->pool);
}


static ngx_uint_t
ngx_eiam_unit_network_has(ngx_eiam_unit_t *unit, ngx_array_t *networks,
    const ngx_str_t *address)
{
    ngx_addr_t  addr;

    if (ngx_parse_addr(unit->pool, &addr, address->data, address->len)
        != NGX_OK)
    {
        abort();
    }

    return ngx_eiam_network_has(networks, addr.sockaddr);
}


static void
ngx_eiam_unit_network_local(ngx_eiam_unit_t *unit)
{
    ngx_array_t         *networks;
    struct sockaddr_un   local;

    static const ngx_str_t  any = ngx_string("0.0.0.0/0");
    static const ngx_str_t  any6 = ngx_string("::/0");

    ngx_memzero(&local, sizeof(struct sockaddr_un));
    local.sun_family = AF_UNIX;

    networks = ngx_eiam_unit_network_read(unit, &any);

    ngx_eiam_unit_ok(unit,
                     networks
                     && !ngx_eiam_network_has(networks,
                                              (struct sockaddr *) &local),
                     "2.7-2: a unix socket is not even in 0.0.0.0/0");

    networks = ngx_eiam_unit_network_read(unit, &any6);

    ngx_eiam_unit_ok(unit,
                     networks
                     && !ngx_eiam_network_has(networks,
                                              (struct sockaddr *) &local),
                     "2.7-2: nor in ::/0");
}
