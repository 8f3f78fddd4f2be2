
#include <ngx_http_eiam.h>


typedef struct {
    ngx_str_t    name;
    u_char      *lowcase;
} ngx_http_eiam_field_t;


static ngx_int_t ngx_http_eiam_set_field(ngx_http_request_t *r,
    const ngx_http_eiam_field_t *field, const ngx_str_t *value);


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
    if (ctx->scopes) {

        if (ngx_http_eiam_set_field(r, &ngx_http_eiam_application_field,
                                    &ctx->application_id)
            != NGX_OK
            || ngx_http_eiam_set_field(r, &ngx_http_eiam_scopes_field,
                                       &ctx->scopes_text)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ctx->operation
        && ngx_http_eiam_set_field(r, &ngx_http_eiam_operation_field,
                                   &ctx->operation->id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_set_field(ngx_http_request_t *r,
    const ngx_http_eiam_field_t *field, const ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = ngx_hash_key(field->lowcase, field->name.len);
    h->key = field->name;
    h->lowcase_key = field->lowcase;
    h->value = *value;

    return NGX_OK;
}
