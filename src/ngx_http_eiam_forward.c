
#include <ngx_http_eiam.h>


static const ngx_str_t  ngx_http_eiam_application_field =
    ngx_string("X-EIAM-Application");

static const ngx_str_t  ngx_http_eiam_scopes_field =
    ngx_string("X-EIAM-Scopes");

static const ngx_str_t  ngx_http_eiam_operation_field =
    ngx_string("X-EIAM-Operation");


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
