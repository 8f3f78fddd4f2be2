
#include <ngx_http_eiam_request.h>
#include <ngx_eiam_string.h>


ngx_str_t
ngx_http_eiam_request_raw_path(ngx_http_request_t *r)
{
    u_char     *question;
    ngx_str_t   path;

    path = r->unparsed_uri;
    question = ngx_http_eiam_request_is_bare(r) ? NULL
                                        : memchr(path.data, '?', path.len);
    if (question) {
        path.len = question - path.data;
    }

    return path;
}


ngx_uint_t
ngx_http_eiam_request_decodes_to(ngx_http_request_t *r, const ngx_str_t *raw,
    const ngx_str_t *path)
{
    u_char     *src, *dst;
    ngx_str_t   decoded;

    if (raw->len == path->len) {
        return ngx_memcmp(raw->data, path->data, path->len) == 0;
    }

    if (raw->len < path->len || !r->quoted_uri) {
        return 0;
    }

    decoded.data = ngx_pnalloc(r->pool, raw->len);
    if (decoded.data == NULL) {
        return 1;
    }

    src = raw->data;
    dst = decoded.data;

    ngx_unescape_uri(&dst, &src, raw->len, 0);

    decoded.len = dst - decoded.data;

    return ngx_eiam_str_equal(&decoded, path);
}


ngx_int_t
ngx_http_eiam_request_watch_client(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

    rev = r->connection->read;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);

    } else if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    r->read_event_handler = ngx_http_test_reading;

    return NGX_OK;
}


ngx_str_t
ngx_http_eiam_request_query_of(const ngx_str_t *text)
{
    u_char     *p, *last;
    ngx_str_t   query;

    last = text->data + text->len;
    p = memchr(text->data, '?', text->len);

    query.data = p ? p + 1 : last;
    p = memchr(query.data, ' ', last - query.data);

    query.len = (p ? p : last) - query.data;

    return query;
}


ngx_uint_t
ngx_http_eiam_request_field_is(const ngx_table_elt_t *h, const char *name)
{
    return h->key.len == ngx_strlen(name)
           && ngx_http_eiam_request_field_begins(h, name, h->key.len);
}


/*
 * Backends that turn fields into variables take "_" for "-", and some of them
 * take any character for it that is neither a letter nor a digit.
 */

ngx_uint_t
ngx_http_eiam_request_field_begins(const ngx_table_elt_t *h, const char *name,
    size_t len)
{
    u_char  c;
    size_t  i;

    if (h->key.len < len) {
        return 0;
    }

    for (i = 0; i < len; i++) {

        c = h->lowcase_key[i];

        if (c == (u_char) name[i]) {
            continue;
        }

        if (name[i] != '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        {
            return 0;
        }
    }

    return 1;
}
