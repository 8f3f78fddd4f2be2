
#include <ngx_http_eiam_headers.h>
#include <ngx_http_eiam_request.h>


#define NGX_HTTP_EIAM_PREFIX      "x-eiam-"
#define NGX_HTTP_EIAM_PREFIX_LEN  (sizeof(NGX_HTTP_EIAM_PREFIX) - 1)


#define ngx_http_eiam_is_authorization(h)                                     \
    ((h)->key.len == sizeof("authorization") - 1                              \
     && ngx_memcmp((h)->lowcase_key, "authorization",                         \
                   sizeof("authorization") - 1)                               \
        == 0)

#define ngx_http_eiam_is_identity(h)                                          \
    ngx_http_eiam_request_field_begins(h, NGX_HTTP_EIAM_PREFIX,               \
                                       NGX_HTTP_EIAM_PREFIX_LEN)


#define ngx_http_eiam_each_field(r, part, h, last)                            \
    for (part = &(r)->headers_in.headers.part; part; part = part->next)       \
        for (h = part->elts, last = h + part->nelts; h < last; h++)


static ngx_uint_t ngx_http_eiam_read_field(ngx_table_elt_t *h,
    ngx_http_eiam_fields_t *fields) ngx_http_eiam_seldom;
static ngx_uint_t ngx_http_eiam_is_unwanted(const ngx_table_elt_t *h,
    ngx_uint_t websocket);
static ngx_uint_t ngx_http_eiam_asks_websocket(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_clean_suspect(ngx_http_request_t *r)
    ngx_http_eiam_seldom;
static ngx_int_t ngx_http_eiam_remove_fields(ngx_http_request_t *r)
    ngx_http_eiam_seldom;


/* fields that make some backends use another method or path */

static const ngx_str_t  ngx_http_eiam_method_fields[] = {
    ngx_string("x-http-method-override"),
    ngx_string("x-http-method"),
    ngx_string("x-method-override"),
    ngx_null_string
};


static const ngx_str_t  ngx_http_eiam_target_fields[] = {
    ngx_string("x-original-url"),
    ngx_string("x-rewrite-url"),
    ngx_null_string
};


/* runs before any rule of the operator sees the fields */

ngx_int_t
ngx_http_eiam_headers_clean(ngx_http_request_t *r)
{
    u_char           *name;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *last;

    if (r->headers_in.upgrade) {
        return ngx_http_eiam_clean_suspect(r);
    }

    ngx_http_eiam_each_field(r, part, h, last) {

        if (h->key.len < NGX_HTTP_EIAM_PREFIX_LEN) {
            continue;
        }

        name = h->lowcase_key;

        if ((name[0] == 'x' && name[2] == 'e')
            || (name[0] == 'h' && name[4] == '2'))
        {
            return ngx_http_eiam_clean_suspect(r);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_clean_suspect(ngx_http_request_t *r)
{
    ngx_uint_t        websocket;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *last;

    websocket = ngx_http_eiam_asks_websocket(r);

    ngx_http_eiam_each_field(r, part, h, last) {

        if (ngx_http_eiam_is_unwanted(h, websocket)) {
            return ngx_http_eiam_remove_fields(r);
        }
    }

    return NGX_OK;
}


/*
 * Reads what the client's fields say.  Fields X-EIAM-* are removed, including
 * those that another module has added since the fields were read.
 */

ngx_int_t
ngx_http_eiam_headers_read(ngx_http_request_t *r,
    ngx_http_eiam_fields_t *fields)
{
    ngx_uint_t        foreign;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *last;

    ngx_memzero(fields, sizeof(ngx_http_eiam_fields_t));

    foreign = 0;

    ngx_http_eiam_each_field(r, part, h, last) {

        if (h->key.len < NGX_HTTP_EIAM_PREFIX_LEN) {
            continue;
        }

        switch (h->lowcase_key[0]) {

        case 'a':
            if (ngx_http_eiam_is_authorization(h)
                && fields->authorizations++ == 0)
            {
                fields->authorization = &h->value;
            }

            break;

        case 'x':
            foreign |= ngx_http_eiam_read_field(h, fields);
        }
    }

    /*
     * A subrequest shares the parts of the field list with the main request, so
     * it gets a list of its own before anything is added.  After an error in
     * the request line there is no list yet.
     */

    if (foreign || r != r->main || r->headers_in.headers.last == NULL) {
        return ngx_http_eiam_remove_fields(r);
    }

    return r->internal ? ngx_http_eiam_headers_clean(r) : NGX_OK;
}


ngx_uint_t
ngx_http_eiam_headers_authorizations(ngx_http_request_t *r)
{
    ngx_uint_t        n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *last;

    n = 0;

    ngx_http_eiam_each_field(r, part, h, last) {
        n += ngx_http_eiam_is_authorization(h);
    }

    return n;
}


/* notes what the field says; returns whether only the gate may set it */

static ngx_uint_t
ngx_http_eiam_read_field(ngx_table_elt_t *h, ngx_http_eiam_fields_t *fields)
{
    const ngx_str_t  *name;

    for (name = ngx_http_eiam_method_fields; name->len; name++) {

        if (name->len == h->key.len
            && ngx_http_eiam_request_field_begins(h, (char *) name->data,
                                                  name->len))
        {
            fields->method = 1;
        }
    }

    for (name = ngx_http_eiam_target_fields; name->len; name++) {

        if (name->len == h->key.len
            && ngx_http_eiam_request_field_begins(h, (char *) name->data,
                                                  name->len))
        {
            fields->target = &h->value;
            fields->targets++;
        }
    }

    return ngx_http_eiam_is_identity(h);
}


/* after an upgrade to HTTP/2 nobody sees the requests: RFC 7540, section 3.2 */

static ngx_uint_t
ngx_http_eiam_is_unwanted(const ngx_table_elt_t *h, ngx_uint_t websocket)
{
    return ngx_http_eiam_is_identity(h)
           || (!websocket
               && (ngx_http_eiam_request_field_is(h, "upgrade")
                   || ngx_http_eiam_request_field_is(h, "http2-settings")));
}


/* a single field with this one protocol; HTTP/2 has none: RFC 9113, 8.2.2 */

static ngx_uint_t
ngx_http_eiam_asks_websocket(ngx_http_request_t *r)
{
    ngx_uint_t        n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *last;

    static const ngx_str_t  websocket = ngx_string("websocket");

    if (r->http_version >= NGX_HTTP_VERSION_20) {
        return 0;
    }

    n = 0;

    ngx_http_eiam_each_field(r, part, h, last) {

        if (!ngx_http_eiam_request_field_is(h, "upgrade")) {
            continue;
        }

        if (n++ || h->value.len != websocket.len
            || ngx_strncasecmp(h->value.data, websocket.data, websocket.len)
               != 0)
        {
            return 0;
        }
    }

    return n;
}


/*
 * nginx forwards every element of the list, and its pointers to known fields
 * must stay valid.  So the fields that remain are copied to a new list.
 */

static ngx_int_t
ngx_http_eiam_remove_fields(ngx_http_request_t *r)
{
    ngx_uint_t        websocket;
    ngx_list_t        list;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *last, *copy;

    if (ngx_list_init(&list, r->pool, 20, sizeof(ngx_table_elt_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    websocket = ngx_http_eiam_asks_websocket(r);

    if (!websocket) {
        r->headers_in.upgrade = NULL;
    }

    ngx_http_eiam_each_field(r, part, h, last) {

        if (ngx_http_eiam_is_unwanted(h, websocket)) {
            continue;
        }

        copy = ngx_list_push(&list);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        *copy = *h;
    }

    r->headers_in.headers = list;

    if (list.last == &list.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}
