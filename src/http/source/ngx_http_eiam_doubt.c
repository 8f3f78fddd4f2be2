
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_doubt.h>
#include <ngx_http_eiam_shared.h>
#include <ngx_eiam_reader.h>


/*
 * Nothing there: it serves as before.  No answer: it serves for as long as
 * "eiam_redis_stale" lets grants of a gateway serve that is not fresh.
 */

ngx_int_t
ngx_http_eiam_doubt(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_eiam_source_t *source, const ngx_eiam_question_t *question)
{
    ngx_int_t                   rc;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share == NULL) {
        return NGX_OK;
    }

    if (question->doubtful) {

        rc = ngx_http_eiam_shared_check(r, ctx);

        if (rc == NGX_OK) {
            ngx_eiam_source_trust(source, question);

        } else if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (lcf->redis_stale != NGX_EIAM_SHARE_OFF
        && ngx_eiam_reader_age(mcf->zone)
           > NGX_EIAM_READER_FRESH + (ngx_msec_t) lcf->redis_stale * 1000)
    {
        return ngx_http_eiam_ctx_refuse(ctx, NGX_EIAM_SOURCE_UNAVAILABLE);
    }

    return NGX_OK;
}
