
#include <ngx_http_eiam_count.h>
#include <ngx_http_eiam_forward.h>
#include <ngx_http_eiam_generation.h>
#include <ngx_http_eiam_request.h>


static ngx_http_eiam_field_t  ngx_http_eiam_application_field = {
    ngx_string("X-EIAM-Application"), (u_char *) "x-eiam-application", 0
};

static ngx_http_eiam_field_t  ngx_http_eiam_scopes_field = {
    ngx_string("X-EIAM-Scopes"), (u_char *) "x-eiam-scopes", 0
};

static ngx_http_eiam_field_t  ngx_http_eiam_operation_field = {
    ngx_string("X-EIAM-Operation"), (u_char *) "x-eiam-operation", 0
};


/*
 * After this stage nothing refuses the call any more, so it is counted.  The
 * identity headers are set; the client's copies of them have been removed.
 */

ngx_int_t
ngx_http_eiam_forward(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_list_t                 *fields;
    ngx_http_eiam_main_conf_t  *mcf;

    if (ctx->decision == NGX_EIAM_UNDECIDED) {
        ctx->decision = NGX_EIAM_ALLOW;
        ngx_http_eiam_count(r, ctx);
    }

    if (ctx->operation) {
        mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

        ngx_eiam_usage_add(&mcf->zone->shared->usage,
                           ctx->application ? ctx->application->key
                                            : NGX_EIAM_USAGE_ANYBODY,
                           ctx->operation->key);
    }

    fields = &r->headers_in.headers;

    if (ctx->scopes) {

        if (ngx_http_eiam_request_set_field(fields,
                                            &ngx_http_eiam_application_field,
                                            &ctx->application_id)
            == NULL
            || ngx_http_eiam_request_set_field(fields,
                                               &ngx_http_eiam_scopes_field,
                                               &ctx->scopes_text)
               == NULL)
        {
            return NGX_ERROR;
        }
    }

    if (ctx->operation
        && ngx_http_eiam_request_set_field(fields,
                                           &ngx_http_eiam_operation_field,
                                           &ctx->operation->id)
           == NULL)
    {
        return NGX_ERROR;
    }

    /* the backend may take its time */
    ngx_http_eiam_generation_release(ctx);

    return NGX_OK;
}
