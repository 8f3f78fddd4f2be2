
#include <ngx_eiam_json.h>
#include <ngx_eiam_utf8.h>
#include <ngx_eiam_value.h>


#define NGX_EIAM_JSON_DEPTH_MAX  16     /* levels; a deeper text is declined */


typedef struct {
    u_char      *p;                     /* what is read next */
    u_char      *last;
    ngx_pool_t  *pool;
    ngx_uint_t   depth;
} ngx_eiam_json_t;


static u_char ngx_eiam_json_next(ngx_eiam_json_t *json);
static void *ngx_eiam_json_value(ngx_eiam_json_t *json);
static void *ngx_eiam_json_object(ngx_eiam_json_t *json);
static void *ngx_eiam_json_array(ngx_eiam_json_t *json);
static ngx_int_t ngx_eiam_json_comma(ngx_eiam_json_t *json, u_char end);
static void *ngx_eiam_json_text(ngx_eiam_json_t *json);
static ngx_uint_t ngx_eiam_json_is(ngx_eiam_json_t *json, const char *word);
static ngx_int_t ngx_eiam_json_string(ngx_eiam_json_t *json, ngx_str_t *text);
static ngx_int_t ngx_eiam_json_unescape(ngx_eiam_json_t *json,
    ngx_str_t *text);
static u_char *ngx_eiam_json_escape(u_char *out, u_char **src, u_char *last);
static u_char *ngx_eiam_json_character(u_char *out, u_char **src,
    u_char *last);
static ngx_int_t ngx_eiam_json_unit(const u_char *p, const u_char *last);


void *
ngx_eiam_json_read(ngx_pool_t *pool, const ngx_str_t *text)
{
    void             *value;
    ngx_eiam_json_t   json;

    ngx_memzero(&json, sizeof(ngx_eiam_json_t));

    json.p = text->data;
    json.last = text->data + text->len;
    json.pool = pool;

    ngx_eiam_value_begin(pool);

    switch (ngx_eiam_json_next(&json)) {

    case '{':
    case '[':
        value = ngx_eiam_json_value(&json);
        break;

    default:
        value = NULL;
    }

    ngx_eiam_value_end();

    (void) ngx_eiam_json_next(&json);

    return (json.p == json.last) ? value : NULL;
}


/* skips white space: the byte behind it, or 0, which begins nothing */

static u_char
ngx_eiam_json_next(ngx_eiam_json_t *json)
{
    for ( /* void */ ; json->p < json->last; json->p++) {

        switch (*json->p) {

        case ' ':
        case '\t':
        case '\n':
        case '\r':
            break;

        default:
            return *json->p;
        }
    }

    return 0;
}


/* a number too is left to jansson */

static void *
ngx_eiam_json_value(ngx_eiam_json_t *json)
{
    void  *value;

    switch (ngx_eiam_json_next(json)) {

    case '"':
        return ngx_eiam_json_text(json);

    case 't':
        return ngx_eiam_json_is(json, "true") ? ngx_eiam_value_boolean(1)
                                              : NULL;

    case 'f':
        return ngx_eiam_json_is(json, "false") ? ngx_eiam_value_boolean(0)
                                               : NULL;

    case 'n':
        return ngx_eiam_json_is(json, "null") ? ngx_eiam_value_null() : NULL;

    case '{':
    case '[':
        break;

    default:
        return NULL;
    }

    if (json->depth == NGX_EIAM_JSON_DEPTH_MAX) {
        return NULL;
    }

    json->depth++;

    value = (*json->p++ == '{') ? ngx_eiam_json_object(json)
                                : ngx_eiam_json_array(json);
    json->depth--;

    return value;
}


static void *
ngx_eiam_json_object(ngx_eiam_json_t *json)
{
    void       *object, *value;
    ngx_int_t   rc;
    ngx_str_t   key;

    object = ngx_eiam_value_object();
    if (object == NULL) {
        return NULL;
    }

    if (ngx_eiam_json_next(json) == '}') {
        json->p++;
        return object;
    }

    do {

        if (ngx_eiam_json_next(json) != '"'
            || ngx_eiam_json_string(json, &key) != NGX_OK
            || ngx_eiam_value_member(object, &key)
            || ngx_eiam_json_next(json) != ':')
        {
            return NULL;
        }

        json->p++;
        value = ngx_eiam_json_value(json);

        if (value == NULL
            || ngx_eiam_value_set(object, &key, value) != NGX_OK)
        {
            return NULL;
        }

        rc = ngx_eiam_json_comma(json, '}');

    } while (rc == NGX_OK);

    return (rc == NGX_DONE) ? object : NULL;
}


static void *
ngx_eiam_json_array(ngx_eiam_json_t *json)
{
    void       *array, *value;
    ngx_int_t   rc;

    array = ngx_eiam_value_array();
    if (array == NULL) {
        return NULL;
    }

    if (ngx_eiam_json_next(json) == ']') {
        json->p++;
        return array;
    }

    do {

        value = ngx_eiam_json_value(json);

        if (value == NULL || ngx_eiam_value_append(array, value) != NGX_OK) {
            return NULL;
        }

        rc = ngx_eiam_json_comma(json, ']');

    } while (rc == NGX_OK);

    return (rc == NGX_DONE) ? array : NULL;
}


/* NGX_OK: another one follows; NGX_DONE: this was the last; NGX_DECLINED */

static ngx_int_t
ngx_eiam_json_comma(ngx_eiam_json_t *json, u_char end)
{
    u_char  c;

    c = ngx_eiam_json_next(json);

    if (c != ',' && c != end) {
        return NGX_DECLINED;
    }

    json->p++;

    return (c == end) ? NGX_DONE : NGX_OK;
}


static void *
ngx_eiam_json_text(ngx_eiam_json_t *json)
{
    ngx_str_t  text;

    return (ngx_eiam_json_string(json, &text) == NGX_OK)
           ? ngx_eiam_value_string(&text) : NULL;
}


static ngx_uint_t
ngx_eiam_json_is(ngx_eiam_json_t *json, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    if ((size_t) (json->last - json->p) < len
        || ngx_memcmp(json->p, word, len) != 0)
    {
        return 0;
    }

    json->p += len;

    return 1;
}


/* NGX_OK: the text, which may be in the file's own; or NGX_DECLINED */

static ngx_int_t
ngx_eiam_json_string(ngx_eiam_json_t *json, ngx_str_t *text)
{
    u_char      *p;
    size_t       n;
    ngx_uint_t   escaped;

    escaped = 0;
    text->data = ++json->p;

    for (p = json->p; p < json->last && *p != '"'; p += n) {

        /* most of the bytes of a file */

        if (*p >= 0x20 && *p < 0x80 && *p != '\\') {
            n = 1;
            continue;
        }

        if (*p == '\\') {
            escaped = 1;
            n = 2;
            continue;
        }

        n = (*p < 0x80) ? 0 : ngx_eiam_utf8_character(p, json->last);

        if (n == 0) {
            return NGX_DECLINED;
        }
    }

    if (p >= json->last) {
        return NGX_DECLINED;
    }

    text->len = p - text->data;
    json->p = p + 1;

    return escaped ? ngx_eiam_json_unescape(json, text) : NGX_OK;
}


static ngx_int_t
ngx_eiam_json_unescape(ngx_eiam_json_t *json, ngx_str_t *text)
{
    u_char  *src, *last, *out;

    src = text->data;
    last = src + text->len;

    /* no escape is shorter than what it stands for */

    text->data = ngx_pnalloc(json->pool, text->len);
    out = text->data;

    while (out && src < last) {

        if (*src != '\\') {
            *out++ = *src++;
            continue;
        }

        src++;
        out = ngx_eiam_json_escape(out, &src, last);
    }

    if (out == NULL) {
        return NGX_DECLINED;
    }

    text->len = out - text->data;

    return NGX_OK;
}


/* behind a backslash, which is never the last byte */

static u_char *
ngx_eiam_json_escape(u_char *out, u_char **src, u_char *last)
{
    u_char  c;

    c = *(*src)++;

    switch (c) {

    case '"':
    case '\\':
    case '/':
        break;

    case 'b':
        c = '\b';
        break;

    case 'f':
        c = '\f';
        break;

    case 'n':
        c = '\n';
        break;

    case 'r':
        c = '\r';
        break;

    case 't':
        c = '\t';
        break;

    case 'u':
        return ngx_eiam_json_character(out, src, last);

    default:
        return NULL;
    }

    *out++ = c;

    return out;
}


/* one or two UTF-16 code units: RFC 8259, section 7; U+0000 is declined */

static u_char *
ngx_eiam_json_character(u_char *out, u_char **src, u_char *last)
{
    ngx_int_t  c, low;

    c = ngx_eiam_json_unit(*src, last);
    *src += 4;

    if (c >= 0xd800 && c < 0xdc00) {

        if (last - *src < 2 || (*src)[0] != '\\' || (*src)[1] != 'u') {
            return NULL;
        }

        low = ngx_eiam_json_unit(*src + 2, last);
        *src += 6;

        if (low < 0xdc00 || low > 0xdfff) {
            return NULL;
        }

        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);

    } else if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff)) {
        return NULL;
    }

    if (c < 0x80) {
        *out++ = (u_char) c;
        return out;
    }

    if (c < 0x800) {
        *out++ = (u_char) (0xc0 | (c >> 6));

    } else {

        if (c < 0x10000) {
            *out++ = (u_char) (0xe0 | (c >> 12));

        } else {
            *out++ = (u_char) (0xf0 | (c >> 18));
            *out++ = (u_char) (0x80 | ((c >> 12) & 0x3f));
        }

        *out++ = (u_char) (0x80 | ((c >> 6) & 0x3f));
    }

    *out++ = (u_char) (0x80 | (c & 0x3f));

    return out;
}


static ngx_int_t
ngx_eiam_json_unit(const u_char *p, const u_char *last)
{
    return (last - p < 4) ? NGX_ERROR : ngx_hextoi((u_char *) p, 4);
}
