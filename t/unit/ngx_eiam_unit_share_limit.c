
/* How many grants of an application are shared: against the plain count. */

#include "ngx_eiam_unit.h"
#include <ngx_eiam_grant.h>
#include <ngx_eiam_share_limit.h>


#define NGX_EIAM_UNIT_GRANTS  40000
#define NGX_EIAM_UNIT_NOW     1700000000


static void ngx_eiam_unit_share_limit_full(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_share_limit_loop(ngx_eiam_unit_t *unit);


/* when the shared grants expire */
static time_t  ngx_eiam_unit_expires[NGX_EIAM_UNIT_GRANTS];

static ngx_eiam_quota_t   ngx_eiam_unit_quotas[NGX_EIAM_QUOTAS];
static ngx_eiam_shared_t  ngx_eiam_unit_shared;


void
ngx_eiam_unit_share_limit(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_shared.quotas = ngx_eiam_unit_quotas;

    ngx_eiam_unit_share_limit_full(unit);
    ngx_eiam_unit_share_limit_loop(unit);
}


static void
ngx_eiam_unit_share_limit_full(ngx_eiam_unit_t *unit)
{
    time_t      now;
    ngx_uint_t  i, n;

    static const ngx_str_t  crm = ngx_string("crm");
    static const ngx_str_t  erp = ngx_string("erp");

    now = NGX_EIAM_UNIT_NOW;
    ngx_memzero(ngx_eiam_unit_quotas, sizeof(ngx_eiam_unit_quotas));

    for (i = 0, n = 0; i < NGX_EIAM_UNIT_GRANTS; i++) {
        n += (ngx_eiam_share_limit_add(&ngx_eiam_unit_shared, &crm, now + 3600,
                                       now)
              == NGX_OK);
    }

    ngx_eiam_unit_ok(unit, n == NGX_EIAM_SHARE_LIMIT,
                     "2.4-7.17: ten thousand grants of an application");
    ngx_eiam_unit_ok(unit, ngx_eiam_share_limit_add(&ngx_eiam_unit_shared, &erp,
                                                    now + 3600, now)
                           == NGX_OK, "another one has its own");
    ngx_eiam_unit_ok(unit, ngx_eiam_share_limit_add(&ngx_eiam_unit_shared, &crm,
                                                    now + 3590, now + 3500)
                           == NGX_DECLINED, "they count as long as they live");
    ngx_eiam_unit_ok(unit, ngx_eiam_share_limit_add(&ngx_eiam_unit_shared, &crm,
                                                    now + 7800, now + 4200)
                           == NGX_OK, "and no longer than a step more");
    ngx_eiam_unit_ok(unit, ngx_eiam_share_limit_add(&ngx_eiam_unit_shared, &crm,
                                                    NGX_EIAM_NEVER, now + 4200)
                           == NGX_OK, "a life may be as long as it likes");
}


/* a client that obtains tokens all the time, of lives that grow */

static void
ngx_eiam_unit_share_limit_loop(ngx_eiam_unit_t *unit)
{
    time_t      now, life;
    ngx_uint_t  i, k, n, live, most;

    static const ngx_str_t  crm = ngx_string("crm");

    ngx_memzero(ngx_eiam_unit_quotas, sizeof(ngx_eiam_unit_quotas));

    most = 0;
    n = 0;

    for (i = 0; i < NGX_EIAM_UNIT_GRANTS; i++) {

        now = NGX_EIAM_UNIT_NOW + i / 20;
        life = 300 + i / 100;

        if (ngx_eiam_share_limit_add(&ngx_eiam_unit_shared, &crm, now + life,
                                     now)
            == NGX_OK)
        {
            ngx_eiam_unit_expires[n++] = now + life;
        }

        if (i % 1000 == 0) {

            for (k = 0, live = 0; k < n; k++) {
                live += (ngx_eiam_unit_expires[k] > now);
            }

            most = ngx_max(most, live);
        }
    }

    ngx_eiam_unit_ok(unit, most <= NGX_EIAM_SHARE_LIMIT && most > 5000,
                     "2.4-7.17: %ui grants of a loop live at a time", most);
    ngx_eiam_unit_ok(unit, n > 20000, "%ui grants of it are shared", n);
}
