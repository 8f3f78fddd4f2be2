
#include <ngx_http_eiam_request_id.h>
#include <ngx_eiam_random.h>


#define NGX_HTTP_EIAM_REQUEST_ID      4     /* words, as nginx has it */
#define NGX_HTTP_EIAM_REQUEST_ID_LEN                                          \
    (2 * sizeof(uint32_t) * NGX_HTTP_EIAM_REQUEST_ID)


static uint32_t *ngx_http_eiam_request_id_next(void);
static uint64_t ngx_http_eiam_request_id_digits(uint32_t word);


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
    uint32_t                   *words;
    uint64_t                    digits[NGX_HTTP_EIAM_REQUEST_ID];
    ngx_uint_t                  i;
    ngx_http_variable_value_t  *value;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    value = &r->variables[mcf->request_id];

    if (!value->valid) {

        words = ngx_http_eiam_request_id_next();
        value->data = ngx_pnalloc(r->pool, NGX_HTTP_EIAM_REQUEST_ID_LEN);

        if (words == NULL || value->data == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < NGX_HTTP_EIAM_REQUEST_ID; i++) {
            digits[i] = ngx_http_eiam_request_id_digits(words[i]);
        }

        ngx_memcpy(value->data, digits, NGX_HTTP_EIAM_REQUEST_ID_LEN);

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

static uint32_t *
ngx_http_eiam_request_id_next(void)
{
    static size_t    left;
    static uint32_t  words[256][NGX_HTTP_EIAM_REQUEST_ID];

    if (left == 0) {

        if (ngx_eiam_random(words, sizeof(words)) != NGX_OK) {
            return NULL;
        }

        left = sizeof(words) / sizeof(words[0]);
    }

    return words[--left];
}


/*
 * Eight hexadecimal digits at once, in an order that does not matter, as the
 * word is random; one after the other, as ngx_hex_dump() writes them, they take
 * four times as long.
 */

static uint64_t
ngx_http_eiam_request_id_digits(uint32_t word)
{
    uint64_t  digits, letters;

    digits = word;
    digits = (digits | digits << 16) & 0x0000ffff0000ffff;
    digits = (digits | digits << 8) & 0x00ff00ff00ff00ff;
    digits = (digits | digits << 4) & 0x0f0f0f0f0f0f0f0f;

    letters = (digits + 0x0606060606060606) >> 4 & 0x0101010101010101;

    return digits + 0x3030303030303030 + letters * ('a' - '9' - 1);
}
