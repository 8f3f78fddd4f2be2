
#include <ngx_eiam_redis_stream.h>


ngx_int_t
ngx_eiam_redis_stream_entries(const ngx_eiam_redis_reply_t *reply,
    const ngx_eiam_redis_reply_t **entries)
{
    const ngx_eiam_redis_reply_t  *stream;

    if (reply->type == NGX_EIAM_REDIS_NIL) {
        return NGX_DECLINED;
    }

    if (reply->type != NGX_EIAM_REDIS_ARRAY || reply->nelts != 1) {
        return NGX_ERROR;
    }

    stream = &reply->elts[0];

    if (stream->type != NGX_EIAM_REDIS_ARRAY || stream->nelts != 2
        || stream->elts[1].type != NGX_EIAM_REDIS_ARRAY)
    {
        return NGX_ERROR;
    }

    *entries = &stream->elts[1];

    return (*entries)->nelts ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_eiam_redis_stream_entry(const ngx_eiam_redis_reply_t *reply,
    ngx_eiam_redis_entry_t *entry)
{
    const ngx_eiam_redis_reply_t  *fields;

    ngx_str_null(&entry->value);

    if (reply->type != NGX_EIAM_REDIS_ARRAY || reply->nelts != 2
        || reply->elts[0].type != NGX_EIAM_REDIS_STRING
        || ngx_eiam_position_read(&reply->elts[0].text, &entry->position)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    fields = &reply->elts[1];

    if (fields->type == NGX_EIAM_REDIS_ARRAY && fields->nelts == 2
        && ngx_eiam_redis_reply_is(&fields->elts[0],
                                   NGX_EIAM_REDIS_STREAM_FIELD)
        && fields->elts[1].type == NGX_EIAM_REDIS_STRING)
    {
        entry->value = fields->elts[1].text;
    }

    return NGX_OK;
}
