
#include <ngx_http_eiam_listed.h>
#include <ngx_eiam_network.h>


#define NGX_HTTP_EIAM_LISTED_IDS  100     /* of a kind */


static void ngx_http_eiam_listed_kind(ngx_http_eiam_status_t *status,
    const ngx_eiam_objects_kind_t *kind);


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


void
ngx_http_eiam_listed_objects(ngx_http_eiam_status_t *status,
    const ngx_eiam_application_t *application)
{
    ngx_uint_t                 i;
    ngx_eiam_objects_kind_t   *kind;
    const ngx_eiam_objects_t  *objects;

    objects = application->objects;

    if (objects == NULL) {
        return;
    }

    if (objects->any) {
        ngx_http_eiam_puts(status, ",\"objects\":\"*\"");
        return;
    }

    kind = objects->kinds.elts;

    ngx_http_eiam_puts(status, ",\"objects\":[");

    for (i = 0; i < objects->kinds.nelts; i++) {
        ngx_http_eiam_write_text(status, "%s", i ? "," : "");
        ngx_http_eiam_listed_kind(status, &kind[i]);
    }

    ngx_http_eiam_puts(status, "]");
}


static void
ngx_http_eiam_listed_kind(ngx_http_eiam_status_t *status,
    const ngx_eiam_objects_kind_t *kind)
{
    ngx_str_t   *id;
    ngx_uint_t   i;

    id = kind->ids.elts;

    ngx_http_eiam_puts(status, "{\"kind\":");
    ngx_http_eiam_write_quoted(status, &kind->kind);
    ngx_http_eiam_write_text(status, ",\"any\":%s,\"count\":%ui,\"ids\":[",
                             kind->any ? "true" : "false", kind->ids.nelts);

    for (i = 0; i < kind->ids.nelts && i < NGX_HTTP_EIAM_LISTED_IDS; i++) {
        ngx_http_eiam_write_text(status, "%s", i ? "," : "");
        ngx_http_eiam_write_quoted(status, &id[i]);
    }

    ngx_http_eiam_puts(status, "]}");
}


void
ngx_http_eiam_listed_texts(ngx_http_eiam_status_t *status,
    const ngx_array_t *texts)
{
    ngx_str_t   *text;
    ngx_uint_t   i;

    text = texts->elts;

    ngx_http_eiam_puts(status, "[");

    for (i = 0; i < texts->nelts; i++) {
        ngx_http_eiam_write_text(status, "%s", i ? "," : "");
        ngx_http_eiam_write_quoted(status, &text[i]);
    }

    ngx_http_eiam_puts(status, "]");
}
