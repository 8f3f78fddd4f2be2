
#include <ngx_eiam_hash.h>
#include <ngx_eiam_share_limit.h>


#define NGX_EIAM_SHARE_STEP   72     /* s: of the class of the shortest lives */
#define NGX_EIAM_SHARE_RATIO  8      /* of a class to the one before */


static ngx_uint_t ngx_eiam_share_limit_live(const ngx_eiam_quota_t *quota,
    time_t now);


/*
 * The lives of a class are at most one step shorter than all of its steps, so
 * what is in a step is over when another one takes its place.
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
