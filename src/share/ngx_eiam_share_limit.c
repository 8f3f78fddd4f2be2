
#include <ngx_eiam_hash.h>
#include <ngx_eiam_share_limit.h>


static void ngx_eiam_share_limit_widen(ngx_eiam_quota_t *quota, time_t life,
    time_t now);
static ngx_uint_t ngx_eiam_share_limit_live(const ngx_eiam_quota_t *quota,
    time_t now);


ngx_int_t
ngx_eiam_share_limit_add(ngx_eiam_shared_t *shared,
    const ngx_str_t *application, time_t expires, time_t now)
{
    uint32_t           step;
    ngx_uint_t         i;
    ngx_eiam_quota_t  *quota;

    quota = &shared->quotas[ngx_eiam_hash(application->data,
                                          application->len, 0)
                            % NGX_EIAM_QUOTAS];

    expires = ngx_min(expires, now + NGX_MAX_INT32_VALUE);

    ngx_eiam_share_limit_widen(quota, expires - now, now);

    if (ngx_eiam_share_limit_live(quota, now) >= NGX_EIAM_SHARE_LIMIT) {
        return NGX_DECLINED;
    }

    /* steps with the same place are further apart than the longest life */

    step = expires / quota->width;
    i = step % NGX_EIAM_QUOTA_STEPS;

    if (quota->step[i] != step) {
        quota->step[i] = step;
        quota->count[i] = 0;
    }

    quota->count[i]++;

    return NGX_OK;
}


/* with a longer life the steps are wider; what there was counts as the last */

static void
ngx_eiam_share_limit_widen(ngx_eiam_quota_t *quota, time_t life, time_t now)
{
    uint32_t    width;
    ngx_uint_t  i, live;

    width = life / (NGX_EIAM_QUOTA_STEPS - 2) + 1;

    if (quota->width >= width) {
        return;
    }

    live = quota->width ? ngx_eiam_share_limit_live(quota, now) : 0;

    ngx_memzero(quota, sizeof(ngx_eiam_quota_t));

    quota->width = width;

    if (live) {
        i = ((now + life) / width) % NGX_EIAM_QUOTA_STEPS;
        quota->step[i] = (now + life) / width;
        quota->count[i] = live;
    }
}


static ngx_uint_t
ngx_eiam_share_limit_live(const ngx_eiam_quota_t *quota, time_t now)
{
    ngx_uint_t  i, live;

    live = 0;

    for (i = 0; i < NGX_EIAM_QUOTA_STEPS; i++) {

        if (((time_t) quota->step[i] + 1) * quota->width > now) {
            live += quota->count[i];
        }
    }

    return live;
}
