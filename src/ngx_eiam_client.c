
#include <ngx_eiam_client.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_query.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_eiam_client_basic(const ngx_str_t *authorization,
    ngx_pool_t *pool, ngx_str_t *id);
static ngx_int_t ngx_eiam_client_parameter(const ngx_str_t *text,
    ngx_pool_t *pool, ngx_str_t *id);
static ngx_int_t ngx_eiam_client_agree(ngx_str_t raw, ngx_pool_t *pool,
    ngx_str_t *id);
static ngx_int_t ngx_eiam_client_decode(const ngx_str_t *raw,
    ngx_pool_t *pool, ngx_str_t *text);


ngx_int_t
ngx_eiam_client_id(const ngx_eiam_credentials_t *credentials,
    ngx_pool_t *pool, ngx_str_t *id)
{
    ngx_int_t  rc;

    ngx_str_null(id);

    rc = ngx_eiam_client_basic(&credentials->authorization, pool, id);

    if (rc == NGX_OK) {
        rc = ngx_eiam_client_parameter(&credentials->query, pool, id);
    }

    if (rc == NGX_OK) {
        rc = ngx_eiam_client_parameter(&credentials->form, pool, id);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return id->len ? NGX_OK : NGX_DECLINED;
}


/* id and secret are encoded as in a form before base64: RFC 6749, 2.3.1 */

static ngx_int_t
ngx_eiam_client_basic(const ngx_str_t *authorization, ngx_pool_t *pool,
    ngx_str_t *id)
{
    u_char     *colon;
    size_t      len;
    ngx_str_t   base64, text;

    len = sizeof("Basic ") - 1;

    if (authorization->len == 0) {
        return NGX_OK;
    }

    if (authorization->len < len
        || ngx_strncasecmp(authorization->data, (u_char *) "Basic ", len)
           != 0)
    {
        return NGX_ABORT;
    }

    base64.data = authorization->data + len;
    base64.len = authorization->len - len;

    while (base64.len && base64.data[0] == ' ') {
        base64.data++;
        base64.len--;
    }

    text.data = ngx_pnalloc(pool, ngx_base64_decoded_length(base64.len));
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64(&text, &base64) != NGX_OK) {
        return NGX_ABORT;
    }

    colon = memchr(text.data, ':', text.len);
    if (colon == NULL) {
        return NGX_ABORT;
    }

    text.len = colon - text.data;

    return ngx_eiam_client_agree(text, pool, id);
}


/* whatever some backend could take for the parameter counts */

static ngx_int_t
ngx_eiam_client_parameter(const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *id)
{
    u_char     *last;
    ngx_int_t   rc;
    ngx_str_t   rest, value;

    static const ngx_str_t  client_id = ngx_string("client_id");

    rest = *text;
    last = text->data + text->len;

    while (ngx_eiam_query_find(&rest, &client_id, &value) == NGX_OK) {

        rest.data = value.data + value.len;

        if (rest.data < last && *rest.data == ';') {
            return NGX_ABORT;
        }

        rc = ngx_eiam_client_agree(value, pool, id);
        if (rc != NGX_OK) {
            return rc;
        }

        rest.len = last - rest.data;
    }

    return NGX_OK;
}


/* NGX_OK: it is the first one, or the same */

static ngx_int_t
ngx_eiam_client_agree(ngx_str_t raw, ngx_pool_t *pool, ngx_str_t *id)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_eiam_client_decode(&raw, pool, &text);
    if (rc != NGX_OK) {
        return rc;
    }

    if (id->len == 0) {
        *id = text;
        return NGX_OK;
    }

    return ngx_eiam_str_equal(id, &text) ? NGX_OK : NGX_ABORT;
}


/* application/x-www-form-urlencoded; NGX_ABORT: it could be no id */

static ngx_int_t
ngx_eiam_client_decode(const ngx_str_t *raw, ngx_pool_t *pool,
    ngx_str_t *text)
{
    u_char     *p;
    size_t      i;
    ngx_int_t   n;

    text->data = ngx_pnalloc(pool, raw->len + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = text->data;

    for (i = 0; i < raw->len; i++) {

        switch (raw->data[i]) {

        case '+':
            *p++ = ' ';
            break;

        case '%':
            n = (i + 2 < raw->len) ? ngx_hextoi(&raw->data[i + 1], 2)
                                   : NGX_ERROR;
            if (n == NGX_ERROR) {
                return NGX_ABORT;
            }

            *p++ = (u_char) n;
            i += 2;
            break;

        default:
            *p++ = raw->data[i];
        }

        if (p[-1] < 0x20 || p[-1] == 0x7f) {
            return NGX_ABORT;
        }
    }

    text->len = p - text->data;

    return (text->len && text->len <= NGX_EIAM_APPLICATION_ID_MAX)
           ? NGX_OK : NGX_ABORT;
}
