
#include <ngx_http_eiam_count.h>
#include <ngx_http_eiam_fetch.h>


static ngx_eiam_application_row_t *ngx_http_eiam_count_row(
    ngx_eiam_metrics_t *metrics, ngx_http_eiam_ctx_t *ctx);
static ngx_http_eiam_seldom void ngx_http_eiam_count_denial(
    ngx_eiam_zone_t *zone, const ngx_http_eiam_ctx_t *ctx,
    ngx_eiam_denial_case_t *what);


void
ngx_http_eiam_count(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_metrics_t          *metrics;
    ngx_eiam_operation_t        *operation;
    ngx_eiam_operation_row_t    *row;
    ngx_http_eiam_main_conf_t   *mcf;
    ngx_eiam_application_row_t  *caller;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    metrics = &mcf->zone->shared->metrics;
    operation = ctx->operation;

    if (operation == NULL) {
        row = &metrics->no_operation;

    } else {

        if (operation->row == NULL) {
            operation->row = ngx_eiam_metrics_operation(metrics,
                                                        &operation->id);
        }

        row = operation->row;
    }

    ngx_eiam_metrics_add(&row->counts[ngx_eiam_metrics_outcome(ctx->decision,
                                                               ctx->reason)]);

    caller = ngx_http_eiam_count_row(metrics, ctx);

    ngx_eiam_metrics_add(&caller->counts[ctx->decision]);

    if (ctx->decision != NGX_EIAM_ALLOW) {
        ngx_eiam_denial_case_t  what = {
            caller, row, ctx->decision, ctx->reason
        };

        ngx_http_eiam_count_denial(mcf->zone, ctx, &what);
    }

    if (ctx->source && ctx->cache) {
        ngx_eiam_metrics_add(&metrics->lookups[ctx->source
                                               - ngx_eiam_metrics_kinds]
                                       [ctx->cache - ngx_eiam_metrics_lookups]);
    }
}


/* each worker looks up the row of an application of the file only once */

static ngx_eiam_application_row_t *
ngx_http_eiam_count_row(ngx_eiam_metrics_t *metrics, ngx_http_eiam_ctx_t *ctx)
{
    if (ctx->application == NULL) {
        return ngx_eiam_metrics_application(metrics, &ctx->application_id);
    }

    if (ctx->application->row == NULL) {
        ctx->application->row = ngx_eiam_metrics_application(metrics,
                                    &ctx->application_id);
    }

    return ctx->application->row;
}


/* without an application it could be anybody: then only the reason is told */

static void
ngx_http_eiam_count_denial(ngx_eiam_zone_t *zone,
    const ngx_http_eiam_ctx_t *ctx, ngx_eiam_denial_case_t *what)
{
    uint64_t                   key;
    ngx_str_t                  operation;
    ngx_eiam_denial_t         *denial;
    const ngx_eiam_metrics_t  *metrics;

    ngx_str_null(&operation);

    metrics = &zone->shared->metrics;

    if (what->application == &metrics->no_application) {
        what->operation = &metrics->no_operation;
    }

    if (what->operation == &metrics->other_operation) {
        operation = ngx_eiam_metrics_other;

    } else if (what->operation != &metrics->no_operation) {
        operation = ctx->operation->id;
    }

    key = ngx_eiam_denial_key(metrics, what);
    denial = ngx_eiam_denial_find(&zone->shared->denials, key);

    if (denial == NULL) {
        ngx_eiam_zone_lock(zone);
        denial = ngx_eiam_denial_add(&zone->shared->denials, key, &operation);
        ngx_eiam_zone_unlock(zone);
    }

    if (denial) {
        ngx_eiam_denial_count(denial, ngx_time());
    }
}


void
ngx_http_eiam_count_source(ngx_http_request_t *r, ngx_eiam_kind_e kind,
    ngx_eiam_result_e result, const ngx_http_eiam_fetch_t *fetch)
{
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    ngx_eiam_metrics_observe(&mcf->zone->shared->metrics.fetches[kind][result],
                             ngx_current_msec - fetch->since);
}
