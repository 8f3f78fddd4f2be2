
#include <ngx_http_eiam_listed.h>
#include <ngx_eiam_network.h>


void
ngx_http_eiam_listed_networks(ngx_http_eiam_status_t *status,
    const ngx_eiam_application_t *application)
{
    u_char       buf[NGX_EIAM_NETWORK_TEXT_MAX];
    ngx_str_t    text;
    ngx_uint_t   i;
    ngx_cidr_t  *network;

    if (application == NULL || application->networks == NULL) {
        return;
    }

    network = application->networks->elts;
    text.data = buf;

    ngx_http_eiam_puts(status, ",\"networks\":[");

    for (i = 0; i < application->networks->nelts; i++) {
        text.len = ngx_eiam_network_write(buf, &network[i]) - buf;
        ngx_http_eiam_write_text(status, "%s\"%V\"", i ? "," : "", &text);
    }

    ngx_http_eiam_puts(status, "]");
}
