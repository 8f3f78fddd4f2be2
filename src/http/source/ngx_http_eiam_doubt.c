
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_doubt.h>
#include <ngx_http_eiam_shared.h>
#include <ngx_eiam_reader.h>
#include <ngx_eiam_share_write.h>


static void ngx_http_eiam_doubt_trust(ngx_eiam_share_t *share,
    ngx_eiam_source_t *source, const ngx_eiam_digest_t token,
    const ngx_eiam_question_t *question);


/*
 * Nothing there: it serves as before.  No answer: it serves, and remains in
 * doubt, for as long as "eiam_redis_stale" lets it.
 */

ngx_int_t
ngx_http_eiam_doubt(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_eiam_source_t *source, const ngx_eiam_question_t *question)
{
    ngx_int_t                   rc;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share == NULL || !question->doubtful) {
        return NGX_OK;
    }

    rc = ngx_http_eiam_shared_check(r, ctx);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        ngx_http_eiam_doubt_trust(mcf->share, source, ctx->digest, question);
    }

    return rc;
}


ngx_int_t
ngx_http_eiam_doubt_stale(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (mcf->share && lcf->redis_stale != NGX_EIAM_SHARE_OFF
        && ngx_eiam_reader_age(mcf->zone)
           > NGX_EIAM_READER_FRESH + (ngx_msec_t) lcf->redis_stale * 1000)
    {
        return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_SOURCE_UNAVAILABLE,
                                           NGX_EIAM_DETAIL_REDIS_DOWN);
    }

    return NGX_OK;
}


/*
 * Redis may have lost a learned grant, which no other gateway can ask anybody
 * for: it is written again.  Its position is that of now, as all revocations up
 * to there have been checked; while the stream is read again there is none, and
 * the grant stays doubtful.
 */

static void
ngx_http_eiam_doubt_trust(ngx_eiam_share_t *share, ngx_eiam_source_t *source,
    const ngx_eiam_digest_t token, const ngx_eiam_question_t *question)
{
    ngx_eiam_redis_grant_t  value;

    ngx_memzero(&value, sizeof(ngx_eiam_redis_grant_t));

    ngx_eiam_share_position(share, &value.position);

    if (ngx_eiam_position_is_zero(&value.position)
        || ngx_eiam_source_trust(source, question) != NGX_OK
        || !question->grant.learned)
    {
        return;
    }

    value.grant = question->grant;
    value.checked = ngx_time();

    ngx_eiam_share_write_asked(share, source, token, &value,
                               value.grant.expires - value.checked);
}
