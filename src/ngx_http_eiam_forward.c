
#include <ngx_http_eiam.h>


static const ngx_http_eiam_field_t  ngx_http_eiam_application_field = {
    ngx_string("X-EIAM-Application"), (u_char *) "x-eiam-application"
};

static const ngx_http_eiam_field_t  ngx_http_eiam_scopes_field = {
    ngx_string("X-EIAM-Scopes"), (u_char *) "x-eiam-scopes"
};

static const ngx_http_eiam_field_t  ngx_http_eiam_operation_field = {
    ngx_string("X-EIAM-Operation"), (u_char *) "x-eiam-operation"
};


/* what the backend may rely on: the guard removed the client's own fields */

ngx_int_t
ngx_http_eiam_forward(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_list_t  *fields;

    fields = &r->headers_in.headers;

    if (ctx->scopes) {

        if (ngx_http_eiam_set_field(fields, &ngx_http_eiam_application_field,
                                    &ctx->application_id)
            == NULL
            || ngx_http_eiam_set_field(fields, &ngx_http_eiam_scopes_field,
                                       &ctx->scopes_text)
               == NULL)
        {
            return NGX_ERROR;
        }
    }

    if (ctx->operation
        && ngx_http_eiam_set_field(fields, &ngx_http_eiam_operation_field,
                                   &ctx->operation->id)
           == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_table_elt_t *
ngx_http_eiam_set_field(ngx_list_t *fields,
    const ngx_http_eiam_field_t *field, const ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(fields);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = ngx_hash_key(field->lowcase, field->name.len);
    h->key = field->name;
    h->lowcase_key = field->lowcase;
    h->value = *value;

    return h;
}
