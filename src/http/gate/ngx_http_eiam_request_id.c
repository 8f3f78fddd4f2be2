
#include <ngx_http_eiam_request_id.h>
#include <ngx_eiam_random.h>


#define NGX_HTTP_EIAM_REQUEST_ID      16          /* bytes, as nginx has it */
#define NGX_HTTP_EIAM_REQUEST_ID_LEN  (2 * NGX_HTTP_EIAM_REQUEST_ID)


static u_char *ngx_http_eiam_request_id_next(void);


ngx_int_t
ngx_http_eiam_request_id_take_variable(ngx_conf_t *cf)
{
    ngx_http_eiam_main_conf_t  *mcf;

    static ngx_str_t  name = ngx_string("request_id");

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    mcf->request_id = ngx_http_get_variable_index(cf, &name);

    return (mcf->request_id == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


/*
 * nginx's own getter asks OpenSSL for 16 bytes at each request, which is almost
 * half of what a refusal costs.  If nobody has asked for the variable before,
 * its value is made here, and nginx finds it already there.
 */

ngx_int_t
ngx_http_eiam_request_id(ngx_http_request_t *r, ngx_str_t *id)
{
    u_char                     *bytes;
    ngx_http_variable_value_t  *value;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    value = &r->variables[mcf->request_id];

    if (!value->valid) {

        bytes = ngx_http_eiam_request_id_next();
        value->data = ngx_pnalloc(r->pool, NGX_HTTP_EIAM_REQUEST_ID_LEN);

        if (bytes == NULL || value->data == NULL) {
            return NGX_ERROR;
        }

        ngx_hex_dump(value->data, bytes, NGX_HTTP_EIAM_REQUEST_ID);

        value->len = NGX_HTTP_EIAM_REQUEST_ID_LEN;
        value->valid = 1;
        value->no_cacheable = 0;
        value->not_found = 0;
    }

    id->data = value->data;
    id->len = value->len;

    return NGX_OK;
}


/* NULL: OpenSSL has no random bytes */

static u_char *
ngx_http_eiam_request_id_next(void)
{
    static u_char  bytes[256][NGX_HTTP_EIAM_REQUEST_ID];
    static size_t  left;

    if (left == 0) {

        if (ngx_eiam_random(bytes, sizeof(bytes)) != NGX_OK) {
            return NULL;
        }

        left = sizeof(bytes) / sizeof(bytes[0]);
    }

    return bytes[--left];
}
