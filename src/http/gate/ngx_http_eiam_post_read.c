
#include <ngx_http_eiam_authorization_field.h>
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_headers.h>
#include <ngx_http_eiam_post_read.h>


/*
 * Fields that no client may send to the backends of a gated server are removed
 * before anything reads them.
 *
 * If nginx itself refuses the request while it reads the fields, this phase is
 * skipped on the way to the error page.  Then the first variable that reads a
 * field removes them, or finally the guard.
 */


static ngx_int_t ngx_http_eiam_post_read_get_field(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


ngx_int_t
ngx_http_eiam_post_read_handler(ngx_http_request_t *r)
{
    ngx_http_eiam_srv_conf_t  *scf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);

    if (scf->policies.nelts == 0) {
        return ngx_http_eiam_authorization_field_check(r) == NGX_OK
               ? NGX_DECLINED : NGX_HTTP_BAD_REQUEST;
    }

    return ngx_http_eiam_headers_clean(r) == NGX_OK
           ? NGX_DECLINED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_int_t
ngx_http_eiam_post_read_take_variables(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_eiam_main_conf_t  *mcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    v = cmcf->prefix_variables.elts;

    for (i = 0; i < cmcf->prefix_variables.nelts; i++) {

        if (v[i].name.len == sizeof("http_") - 1
            && ngx_strncmp(v[i].name.data, "http_", sizeof("http_") - 1) == 0)
        {
            mcf->get_field = v[i].get_handler;
            v[i].get_handler = ngx_http_eiam_post_read_get_field;

            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* after a decision the fields that are present are the gate's own */

static ngx_int_t
ngx_http_eiam_post_read_get_field(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_eiam_srv_conf_t   *scf;
    ngx_http_eiam_main_conf_t  *mcf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    if (scf->policies.nelts && ngx_http_eiam_ctx_get(r) == NULL
        && ngx_http_eiam_headers_clean(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return mcf->get_field(r, v, data);
}
