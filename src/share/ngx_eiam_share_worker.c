
#include <ngx_eiam_share_greet.h>
#include <ngx_eiam_share_reader.h>
#include <ngx_eiam_share_worker.h>


static void ngx_eiam_share_worker_greet(ngx_eiam_redis_link_t *link);


static ngx_eiam_share_greet_t    ngx_eiam_share_worker_greeting;
static ngx_eiam_share_reader_t  *ngx_eiam_share_worker_reader;


ngx_int_t
ngx_eiam_share_worker_identify(ngx_eiam_share_t *share, ngx_pool_t *pool)
{
    size_t                     len;
    u_char                    *p, mac[NGX_EIAM_REDIS_SEAL_MAC];
    uint64_t                   n;
    ngx_str_t                  text;
    ngx_uint_t                 i;
    ngx_eiam_redis_address_t  *address;

    address = share->redis->addresses.elts;
    len = share->redis->sentinel.len + share->redis->prefix.len + 2;

    for (i = 0; i < share->redis->addresses.nelts; i++) {
        len += address[i].name.len + 1;
    }

    text.data = ngx_pnalloc(pool, len);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(text.data, "%V %V ", &share->redis->sentinel,
                    &share->redis->prefix);

    for (i = 0; i < share->redis->addresses.nelts; i++) {
        p = ngx_sprintf(p, "%V ", &address[i].name);
    }

    text.len = p - text.data;

    /* the order of the key's lines does not matter */

    share->zone->identity = 0;

    for (i = 0; i < share->seal->n; i++) {

        if (ngx_eiam_redis_seal_mac(share->seal, i, &text, mac) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_memcpy(&n, mac, sizeof(uint64_t));
        share->zone->identity ^= n;
    }

    return NGX_OK;
}


void
ngx_eiam_share_worker_start(ngx_eiam_share_t *share)
{
    ngx_eiam_share_worker_greeting.share = share;

    share->link->greet = ngx_eiam_share_worker_greet;

    ngx_eiam_share_worker_reader = ngx_eiam_share_reader_start(share);
}


static void
ngx_eiam_share_worker_greet(ngx_eiam_redis_link_t *link)
{
    ngx_eiam_share_greet(&ngx_eiam_share_worker_greeting,
                         ngx_eiam_share_worker_greeting.share, link);
}


void
ngx_eiam_share_worker_stop(void)
{
    if (ngx_eiam_share_worker_reader) {
        ngx_eiam_share_reader_stop(ngx_eiam_share_worker_reader);
        ngx_eiam_share_worker_reader = NULL;
    }
}
