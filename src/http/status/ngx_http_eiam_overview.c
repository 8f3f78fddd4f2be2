
#include <ngx_http_eiam_overview.h>


#define NGX_HTTP_EIAM_POINTERS  5     /* of a cause */


static ngx_uint_t ngx_http_eiam_overview_has(
    const ngx_http_eiam_main_conf_t *mcf, ngx_eiam_kind_e kind);
static ngx_uint_t ngx_http_eiam_overview_learns(
    const ngx_http_eiam_main_conf_t *mcf);
static ngx_uint_t ngx_http_eiam_overview_introspects(
    const ngx_http_eiam_main_conf_t *mcf);
static void ngx_http_eiam_overview_denial(ngx_http_eiam_status_t *status,
    const ngx_eiam_denial_t *denial);
static void ngx_http_eiam_overview_cause(ngx_http_eiam_status_t *status,
    const ngx_eiam_policy_t *policy, ngx_uint_t cause, ngx_uint_t count);


ngx_int_t
ngx_http_eiam_overview_sources(ngx_http_eiam_status_t *status)
{
    ngx_uint_t  kind, n;

    n = 0;

    ngx_http_eiam_puts(status, "[");

    for (kind = 0; kind < NGX_EIAM_SOURCES; kind++) {

        if (ngx_http_eiam_overview_has(status->mcf, kind)) {
            ngx_http_eiam_write_text(status, "%s", n++ ? "," : "");
            ngx_http_eiam_write_quoted(status, &ngx_eiam_metrics_kinds[kind]);
        }
    }

    ngx_http_eiam_puts(status, "]");

    return NGX_OK;
}


static ngx_uint_t
ngx_http_eiam_overview_has(const ngx_http_eiam_main_conf_t *mcf,
    ngx_eiam_kind_e kind)
{
    switch (kind) {

    case NGX_EIAM_STATIC:
        return mcf->files.nelts > 0;

    case NGX_EIAM_LEARNED:
        return ngx_http_eiam_overview_learns(mcf);

    case NGX_EIAM_JWT:
        return mcf->key_sets.nelts > 0;

    default: /* NGX_EIAM_INTROSPECTION */
        return ngx_http_eiam_overview_introspects(mcf);
    }
}


static ngx_uint_t
ngx_http_eiam_overview_learns(const ngx_http_eiam_main_conf_t *mcf)
{
    ngx_uint_t                   i;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_eiam_srv_conf_t    *scf;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = mcf->ctx->main_conf[ngx_http_core_module.ctx_index];
    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        scf = cscfp[i]->ctx->srv_conf[ngx_eiam_module.ctx_index];

        if (scf->learned) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_eiam_overview_introspects(const ngx_http_eiam_main_conf_t *mcf)
{
    ngx_uint_t           i;
    ngx_eiam_source_t  **source;

    source = mcf->zone->sources.elts;

    for (i = 0; i < mcf->zone->sources.nelts; i++) {

        if (source[i]->is_asked && !source[i]->has_keys
            && !source[i]->is_shared)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_eiam_overview_now(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_write_text(status, "%T", ngx_time());

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_overview_refusals(ngx_http_eiam_status_t *status)
{
    uint64_t                   key;
    ngx_uint_t                 i, n;
    ngx_eiam_denial_t          denial;
    const ngx_eiam_denials_t  *denials;

    n = 0;
    denials = &status->mcf->zone->shared->denials;

    ngx_http_eiam_puts(status, "[");

    for (i = 0; i < denials->nrows; i++) {

        key = denials->rows[i].key;
        ngx_memory_barrier();

        denial = denials->rows[i];
        ngx_memory_barrier();

        /* the row is not counted yet, or has been reused meanwhile */

        if (key == 0 || denial.count == 0 || denials->rows[i].key != key) {
            continue;
        }

        denial.key = key;

        ngx_http_eiam_write_text(status, "%s\n", n++ ? "," : "");
        ngx_http_eiam_overview_denial(status, &denial);
    }

    ngx_http_eiam_puts(status, "]");

    return NGX_OK;
}


static void
ngx_http_eiam_overview_denial(ngx_http_eiam_status_t *status,
    const ngx_eiam_denial_t *denial)
{
    ngx_str_t                  application, operation;
    const ngx_eiam_metrics_t  *metrics;
    ngx_eiam_denial_case_t     what;

    metrics = &status->mcf->zone->shared->metrics;

    ngx_eiam_denial_read(metrics, denial, &what);

    application.data = (u_char *) what.application->id;
    application.len = what.application->len;

    if (what.application == &metrics->other_application) {
        application = ngx_eiam_metrics_other;
    }

    operation.data = (u_char *) denial->operation;
    operation.len = denial->len;

    ngx_http_eiam_puts(status, "{\"application\":");
    ngx_http_eiam_write_quoted(status, &application);
    ngx_http_eiam_puts(status, ",\"operation\":");
    ngx_http_eiam_write_quoted(status, &operation);
    ngx_http_eiam_puts(status, ",\"decision\":");
    ngx_http_eiam_write_quoted(status,
                               &ngx_eiam_metrics_decisions[what.decision]);
    ngx_http_eiam_puts(status, ",\"reason\":");
    ngx_http_eiam_write_quoted(status, &ngx_eiam_reasons[what.reason].name);
    ngx_http_eiam_write_text(status, ",\"count\":%uA,\"since\":%T,"
                             "\"last\":%T}", denial->count, denial->since,
                             denial->last);
}


ngx_int_t
ngx_http_eiam_overview_left_out(ngx_http_eiam_status_t *status)
{
    ngx_uint_t           i, cause, count, n;
    ngx_eiam_policy_t  **policy;

    n = 0;
    policy = status->mcf->policies.elts;

    ngx_http_eiam_puts(status, "[");

    for (i = 0; i < status->mcf->policies.nelts; i++) {

        for (cause = 0; cause < NGX_EIAM_CAUSES; cause++) {

            if (!ngx_eiam_finding_is_left_out(cause)) {
                continue;
            }

            count = ngx_eiam_finding_count(&policy[i]->findings, cause);

            if (count) {
                ngx_http_eiam_write_text(status, "%s\n", n++ ? "," : "");
                ngx_http_eiam_overview_cause(status, policy[i], cause, count);
            }
        }
    }

    ngx_http_eiam_puts(status, "]");

    return NGX_OK;
}


/* only the first pointers; the policy's JSON has all */

static void
ngx_http_eiam_overview_cause(ngx_http_eiam_status_t *status,
    const ngx_eiam_policy_t *policy, ngx_uint_t cause, ngx_uint_t count)
{
    ngx_uint_t               i, n;
    ngx_eiam_finding_t      *finding;
    const ngx_eiam_cause_t  *said;

    said = &ngx_eiam_finding_causes[cause];

    ngx_http_eiam_puts(status, "{\"policy\":");
    ngx_http_eiam_write_quoted(status, &policy->name);
    ngx_http_eiam_puts(status, ",\"cause\":");
    ngx_http_eiam_write_quoted(status, &said->name);
    ngx_http_eiam_puts(status, ",\"subject\":");
    ngx_http_eiam_write_quoted(status, &said->subject);
    ngx_http_eiam_puts(status, ",\"text\":");
    ngx_http_eiam_write_quoted(status, &said->text);
    ngx_http_eiam_puts(status, ",\"remedy\":");
    ngx_http_eiam_write_quoted(status, &said->remedy);
    ngx_http_eiam_write_text(status, ",\"count\":%ui,\"pointers\":[", count);

    n = 0;
    finding = policy->findings.elts;

    for (i = 0; n < NGX_HTTP_EIAM_POINTERS && i < policy->findings.nelts; i++)
    {
        if (finding[i].cause == cause) {
            ngx_http_eiam_write_text(status, "%s", n++ ? "," : "");
            ngx_http_eiam_write_quoted(status, &finding[i].pointer);
        }
    }

    ngx_http_eiam_puts(status, "]}");
}
