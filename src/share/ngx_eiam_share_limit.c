
#include <ngx_eiam_hash.h>
#include <ngx_eiam_share_limit.h>


#define NGX_EIAM_SHARE_STEP   72     /* s: a step of the first class */
#define NGX_EIAM_SHARE_RATIO  8      /* steps of the next class are longer */


static ngx_uint_t ngx_eiam_share_limit_live(const ngx_eiam_quota_t *quota,
    time_t now);


/*
 * The longest life in a class is one step less than all of its steps together,
 * so the grants in a step have expired before the step is used again.
 */

ngx_int_t
ngx_eiam_share_limit_add(ngx_eiam_shared_t *shared,
    const ngx_str_t *application, time_t expires, time_t now)
{
    time_t             width, life;
    uint32_t           step;
    ngx_uint_t         i, class;
    ngx_eiam_quota_t  *quota;

    quota = &shared->quotas[ngx_eiam_hash(application->data,
                                          application->len, 0)
                            % NGX_EIAM_QUOTAS];

    if (ngx_eiam_share_limit_live(quota, now) >= NGX_EIAM_SHARE_LIMIT) {
        return NGX_DECLINED;
    }

    life = expires - now;
    width = NGX_EIAM_SHARE_STEP;

    for (class = 0; class < NGX_EIAM_QUOTA_CLASSES - 1; class++) {

        if (life <= width * (NGX_EIAM_QUOTA_STEPS - 1)) {
            break;
        }

        width *= NGX_EIAM_SHARE_RATIO;
    }

    life = ngx_min(life, width * (NGX_EIAM_QUOTA_STEPS - 1));

    step = (now + life) / width;
    i = step % NGX_EIAM_QUOTA_STEPS;

    if (quota->step[class][i] != step) {
        quota->step[class][i] = step;
        quota->count[class][i] = 0;
    }

    quota->count[class][i]++;

    return NGX_OK;
}


static ngx_uint_t
ngx_eiam_share_limit_live(const ngx_eiam_quota_t *quota, time_t now)
{
    time_t      width;
    ngx_uint_t  i, class, live;

    live = 0;
    width = NGX_EIAM_SHARE_STEP;

    for (class = 0; class < NGX_EIAM_QUOTA_CLASSES; class++) {

        for (i = 0; i < NGX_EIAM_QUOTA_STEPS; i++) {

            if (((time_t) quota->step[class][i] + 1) * width > now) {
                live += quota->count[class][i];
            }
        }

        width *= NGX_EIAM_SHARE_RATIO;
    }

    return live;
}
