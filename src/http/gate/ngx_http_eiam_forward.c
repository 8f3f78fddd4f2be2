
#include <ngx_http_eiam.h>


static ngx_inline ngx_table_elt_t *ngx_http_eiam_push_field(
    ngx_list_t *fields, ngx_http_eiam_field_t *field, const ngx_str_t *value);


static ngx_http_eiam_field_t  ngx_http_eiam_application_field = {
    ngx_string("X-EIAM-Application"), (u_char *) "x-eiam-application", 0
};

static ngx_http_eiam_field_t  ngx_http_eiam_scopes_field = {
    ngx_string("X-EIAM-Scopes"), (u_char *) "x-eiam-scopes", 0
};

static ngx_http_eiam_field_t  ngx_http_eiam_operation_field = {
    ngx_string("X-EIAM-Operation"), (u_char *) "x-eiam-operation", 0
};


/* what the backend may rely on: the client's own fields were removed */

ngx_int_t
ngx_http_eiam_forward(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_list_t  *fields;

    fields = &r->headers_in.headers;

    if (ctx->scopes) {

        if (ngx_http_eiam_push_field(fields, &ngx_http_eiam_application_field,
                                     &ctx->application_id)
            == NULL
            || ngx_http_eiam_push_field(fields, &ngx_http_eiam_scopes_field,
                                        &ctx->scopes_text)
               == NULL)
        {
            return NGX_ERROR;
        }
    }

    if (ctx->operation
        && ngx_http_eiam_push_field(fields, &ngx_http_eiam_operation_field,
                                    &ctx->operation->id)
           == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_table_elt_t *
ngx_http_eiam_set_field(ngx_list_t *fields,
    ngx_http_eiam_field_t *field, const ngx_str_t *value)
{
    return ngx_http_eiam_push_field(fields, field, value);
}


/* inline: an allowed call has three of them */

static ngx_inline ngx_table_elt_t *
ngx_http_eiam_push_field(ngx_list_t *fields, ngx_http_eiam_field_t *field,
    const ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(fields);
    if (h == NULL) {
        return NULL;
    }

    if (field->hash == 0) {
        field->hash = ngx_hash_key(field->lowcase, field->name.len);
    }

    h->hash = field->hash;
    h->key = field->name;
    h->value = *value;
    h->lowcase_key = field->lowcase;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return h;
}
