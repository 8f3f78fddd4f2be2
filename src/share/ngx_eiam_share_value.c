
#include <ngx_eiam_share_value.h>


static void ngx_eiam_share_value_place(ngx_eiam_redis_seal_place_t *place,
    const ngx_str_t *name, const ngx_eiam_source_t *source);
static ngx_int_t ngx_eiam_share_value_unseal(const ngx_eiam_share_t *share,
    ngx_uint_t line, const ngx_str_t *name, const ngx_eiam_source_t *source,
    const ngx_str_t *sealed, ngx_str_t *text);


ngx_int_t
ngx_eiam_share_value_name(const ngx_eiam_share_t *share, ngx_uint_t line,
    const ngx_eiam_digest_t token, const ngx_eiam_source_t *source,
    ngx_str_t *name)
{
    if (source == NULL) {
        return ngx_eiam_redis_name_tombstone(&share->names, line, token, name);
    }

    return ngx_eiam_redis_name_grant(&share->names, line, token, source->id,
                                     name);
}


ngx_int_t
ngx_eiam_share_value_close(const ngx_eiam_share_t *share,
    const ngx_str_t *name, const ngx_eiam_source_t *source,
    const ngx_eiam_redis_grant_t *grant, ngx_str_t *sealed)
{
    u_char                       buffer[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t                    text;
    ngx_eiam_redis_seal_place_t  place;

    text.data = buffer;

    if (ngx_eiam_redis_value_write_grant(grant, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_eiam_share_value_place(&place, name, source);

    return ngx_eiam_redis_seal_close(share->seal, &place, &text, sealed);
}


static void
ngx_eiam_share_value_place(ngx_eiam_redis_seal_place_t *place,
    const ngx_str_t *name, const ngx_eiam_source_t *source)
{
    place->key = *name;

    if (source) {
        place->kind = NGX_EIAM_REDIS_SEAL_GRANT;
        place->part.data = (u_char *) source->id;
        place->part.len = NGX_EIAM_DIGEST_LEN;

    } else {
        place->kind = NGX_EIAM_REDIS_SEAL_TOMBSTONE;
        ngx_str_null(&place->part);
    }
}


static ngx_int_t
ngx_eiam_share_value_unseal(const ngx_eiam_share_t *share, ngx_uint_t line,
    const ngx_str_t *name, const ngx_eiam_source_t *source,
    const ngx_str_t *sealed, ngx_str_t *text)
{
    ngx_eiam_redis_seal_place_t  place;

    if (sealed->len > NGX_EIAM_REDIS_VALUE_MAX) {
        return NGX_ABORT;
    }

    ngx_eiam_share_value_place(&place, name, source);

    return ngx_eiam_redis_seal_open(share->seal, line, &place, sealed, text);
}


ngx_int_t
ngx_eiam_share_value_open(const ngx_eiam_share_t *share, ngx_uint_t line,
    const ngx_str_t *name, const ngx_eiam_source_t *source,
    const ngx_str_t *sealed, ngx_str_t *text, ngx_eiam_redis_grant_t *grant)
{
    if (ngx_eiam_share_value_unseal(share, line, name, source, sealed, text)
        != NGX_OK
        || ngx_eiam_redis_value_read_grant(text, grant) != NGX_OK)
    {
        ngx_eiam_metrics_add(&ngx_eiam_share_metrics(share)->rejected_grants);
        return NGX_DECLINED;
    }

    /*
     * The clock of one of the gateways is wrong: the source is asked instead.
     * Nobody can be asked about a learned token, which lives until it expires.
     */

    if (grant->grant.expires <= ngx_time()
        || (!grant->grant.learned
            && grant->checked > ngx_time() + NGX_EIAM_CLOCK_SKEW))
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


void
ngx_eiam_share_value_check_tombstone(const ngx_eiam_share_t *share,
    ngx_uint_t line, const ngx_str_t *name, const ngx_str_t *sealed)
{
    u_char                     buffer[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t                  text;
    ngx_eiam_redis_event_t     event;
    ngx_eiam_metrics_redis_t  *metrics;

    text.data = buffer;

    if (ngx_eiam_share_value_unseal(share, line, name, NULL, sealed, &text)
        != NGX_OK
        || ngx_eiam_redis_value_read_event(&text, &event) != NGX_OK)
    {
        metrics = ngx_eiam_share_metrics(share);
        ngx_eiam_metrics_add(&metrics->rejected_tombstones);
    }
}
