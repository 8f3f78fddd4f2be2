
#include <ngx_http_eiam_files.h>
#include <ngx_http_eiam_gateways.h>
#include <ngx_http_eiam_overview.h>
#include <ngx_http_eiam_status.h>
#include <ngx_http_eiam_usage.h>


/*
 * Metrics in the text format 0.0.4 of Prometheus, or as JSON: the same families
 * with the same samples, and then members that only the JSON has.
 */


typedef struct {
    const char               *name;
    ngx_http_eiam_status_pt   walk;
} ngx_http_eiam_member_t;


static void ngx_http_eiam_begin(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_scrape_families(ngx_http_eiam_status_t *status);
static void ngx_http_eiam_family(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_scrape_members(ngx_http_eiam_status_t *status);


static const ngx_http_eiam_member_t  ngx_http_eiam_json[] = {
    { "now", ngx_http_eiam_overview_now },
    { "applications", ngx_http_eiam_files_json },
    { "sources", ngx_http_eiam_overview_sources },
    { "refusals", ngx_http_eiam_overview_refusals },
    { "redis", ngx_http_eiam_gateways_json },
    { "left_out", ngx_http_eiam_overview_left_out },
    { "usage", ngx_http_eiam_usage_all },
    { "application_usage", ngx_http_eiam_usage_applications },
    { NULL, NULL }
};


ngx_int_t
ngx_http_eiam_scrape(ngx_http_eiam_status_t *status)
{
    ngx_int_t  rc;

    if (status->size == 0) {
        ngx_http_eiam_begin(status);
    }

    rc = ngx_http_eiam_scrape_families(status);

    if (rc == NGX_OK && status->json && !status->failed) {
        rc = ngx_http_eiam_scrape_members(status);
    }

    return rc;
}


static ngx_int_t
ngx_http_eiam_scrape_families(ngx_http_eiam_status_t *status)
{
    ngx_int_t                      rc;
    const ngx_http_eiam_family_t  *family;

    for ( ;; ) {

        family = &ngx_http_eiam_metrics[status->family];

        if (family->name == NULL) {
            return NGX_OK;
        }

        if (status->policy == 0 && status->i == 0) {
            ngx_http_eiam_family(status);
        }

        rc = family->walk(status);

        if (status->failed) {
            return NGX_OK;
        }

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (status->json) {
            ngx_http_eiam_puts(status, "]}");
        }

        status->family++;
        status->policy = 0;
        status->i = 0;
    }
}


static void
ngx_http_eiam_begin(ngx_http_eiam_status_t *status)
{
    size_t               size;
    ngx_eiam_metrics_t  *metrics;

    metrics = &status->mcf->zone->shared->metrics;
    size = metrics->noperations / 8 + 1;

    status->seen = ngx_pcalloc(status->request->pool, size);

    if (status->seen == NULL) {
        status->failed = 1;
        return;
    }

    if (status->json) {
        ngx_http_eiam_puts(status, "{\"metrics\":[");
    }
}


static void
ngx_http_eiam_family(ngx_http_eiam_status_t *status)
{
    const ngx_http_eiam_family_t  *family;

    family = &ngx_http_eiam_metrics[status->family];

    if (!status->json) {
        ngx_http_eiam_write_text(status, "# HELP %s %s\n# TYPE %s %s\n",
                                 family->name, family->help, family->name,
                                 family->type);
        return;
    }

    ngx_http_eiam_write_text(status, "%s\n{\"name\":\"%s\",\"type\":\"%s\","
                             "\"help\":\"%s\",\"samples\":[",
                             status->family ? "," : "", family->name,
                             family->type, family->help);
    status->comma = 0;
}


static ngx_int_t
ngx_http_eiam_scrape_members(ngx_http_eiam_status_t *status)
{
    const ngx_http_eiam_member_t  *member;

    if (status->member == 0 && status->policy == 0 && status->i == 0) {
        ngx_http_eiam_puts(status, "]");
    }

    for (member = &ngx_http_eiam_json[status->member]; member->name; member++) {

        if (status->policy == 0 && status->i == 0) {
            ngx_http_eiam_write_text(status, ",\n\"%s\":", member->name);
        }

        if (member->walk(status) == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        status->member++;
        status->policy = 0;
        status->i = 0;
    }

    ngx_http_eiam_puts(status, "}\n");

    return NGX_OK;
}


/* the last label has no name */

void
ngx_http_eiam_scrape_sample(ngx_http_eiam_status_t *status, const char *suffix,
    const ngx_http_eiam_label_t *labels, const char *fmt, ...)
{
    u_char       value[NGX_INT64_LEN * 2], *p;
    va_list      args;
    ngx_uint_t   i;
    const char  *name;

    static const ngx_http_eiam_label_t  none[] = {
        { NULL, ngx_null_string }
    };

    if (labels == NULL) {
        labels = none;
    }

    status->samples++;
    name = ngx_http_eiam_metrics[status->family].name;

    if (status->json) {
        ngx_http_eiam_write_text(status, "%s\n{\"name\":\"%s%s\",\"labels\":{",
                                 status->comma ? "," : "", name, suffix);
        status->comma = 1;

    } else {
        ngx_http_eiam_write_text(status, "%s%s%s", name, suffix,
                                 labels[0].name ? "{" : "");
    }

    for (i = 0; labels[i].name; i++) {
        ngx_http_eiam_write_text(status, status->json ? "%s\"%s\":" : "%s%s=",
                                 i ? "," : "", labels[i].name);
        ngx_http_eiam_write_quoted(status, &labels[i].value);
    }

    va_start(args, fmt);
    p = ngx_vslprintf(value, value + sizeof(value), fmt, args);
    va_end(args);

    if (status->json) {
        ngx_http_eiam_write_text(status, "},\"value\":%*s}",
                                 (size_t) (p - value), value);

    } else {
        ngx_http_eiam_write_text(status, "%s%*s\n",
                                 labels[0].name ? "} " : " ",
                                 (size_t) (p - value), value);
    }
}


void
ngx_http_eiam_scrape_result(ngx_http_eiam_status_t *status,
    const ngx_str_t *result, ngx_atomic_uint_t count)
{
    ngx_http_eiam_label_t  labels[] = {
        { "result", *result },
        { NULL, ngx_null_string }
    };

    ngx_http_eiam_scrape_sample(status, "", labels, "%uA", count);
}
