
#include <ngx_http_eiam.h>


#define NGX_HTTP_EIAM_PREFIX      "x-eiam-"
#define NGX_HTTP_EIAM_PREFIX_LEN  (sizeof(NGX_HTTP_EIAM_PREFIX) - 1)


#define ngx_http_eiam_is_authorization(h)                                     \
    ((h)->key.len == sizeof("authorization") - 1                              \
     && ngx_memcmp((h)->lowcase_key, "authorization",                         \
                   sizeof("authorization") - 1)                               \
        == 0)


static ngx_uint_t ngx_http_eiam_field_begins(const ngx_table_elt_t *h,
    const char *name, size_t len);
static void ngx_http_eiam_note_field(ngx_table_elt_t *h,
    ngx_http_eiam_fields_t *fields);
static ngx_int_t ngx_http_eiam_remove_fields(ngx_http_request_t *r);


/* by which a backend takes another method or path than the one that is seen */

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


/* the one walk over the client's fields; its X-EIAM-* are gone after it */

ngx_int_t
ngx_http_eiam_read_fields(ngx_http_request_t *r,
    ngx_http_eiam_fields_t *fields)
{
    ngx_uint_t        i, foreign;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    ngx_memzero(fields, sizeof(ngx_http_eiam_fields_t));

    foreign = 0;
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {

            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == 0) {
            continue;
        }

        switch (h[i].lowcase_key[0]) {

        case 'a':
            if (ngx_http_eiam_is_authorization(&h[i])
                && fields->authorizations++ == 0)
            {
                fields->authorization = &h[i].value;
            }

            break;

        case 'x':
            ngx_http_eiam_note_field(&h[i], fields);
            foreign |= ngx_http_eiam_field_begins(&h[i], NGX_HTTP_EIAM_PREFIX,
                                                  NGX_HTTP_EIAM_PREFIX_LEN);
        }
    }

    /*
     * The fields' list of a subrequest shares its parts with the main one,
     * so it must be its own before anything is added.  After an error in the
     * request line there is none yet.
     */

    if (foreign || r != r->main || r->headers_in.headers.last == NULL) {
        return ngx_http_eiam_remove_fields(r);
    }

    return NGX_OK;
}


/*
 * Does its name begin so?  Backends that make variables of fields take "_",
 * and some of them whatever is no letter or digit, for "-".
 */

static ngx_uint_t
ngx_http_eiam_field_begins(const ngx_table_elt_t *h, const char *name,
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


ngx_uint_t
ngx_http_eiam_field_is(const ngx_table_elt_t *h, const char *name)
{
    return h->key.len == ngx_strlen(name)
           && ngx_http_eiam_field_begins(h, name, h->key.len);
}


static void
ngx_http_eiam_note_field(ngx_table_elt_t *h, ngx_http_eiam_fields_t *fields)
{
    const ngx_str_t  *name;

    for (name = ngx_http_eiam_method_fields; name->len; name++) {

        if (name->len == h->key.len
            && ngx_http_eiam_field_begins(h, (char *) name->data, name->len))
        {
            fields->method = 1;
        }
    }

    for (name = ngx_http_eiam_target_fields; name->len; name++) {

        if (name->len == h->key.len
            && ngx_http_eiam_field_begins(h, (char *) name->data, name->len))
        {
            fields->target = &h->value;
            fields->targets++;
        }
    }
}


/*
 * nginx forwards every element of the list, and its pointers to the known
 * ones must stay valid: so the rest is copied to a new list.
 */

static ngx_int_t
ngx_http_eiam_remove_fields(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_t        list;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *copy;

    if (ngx_list_init(&list, r->pool, 20, sizeof(ngx_table_elt_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len
                && ngx_http_eiam_field_begins(&h[i], NGX_HTTP_EIAM_PREFIX,
                                              NGX_HTTP_EIAM_PREFIX_LEN))
            {
                continue;
            }

            copy = ngx_list_push(&list);
            if (copy == NULL) {
                return NGX_ERROR;
            }

            *copy = h[i];
        }
    }

    r->headers_in.headers = list;

    if (list.last == &list.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}
