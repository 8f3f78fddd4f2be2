
#include <ngx_http_eiam_overview.h>


#define NGX_HTTP_EIAM_POINTERS  5     /* of a cause */


static ngx_uint_t ngx_http_eiam_overview_has(
    const ngx_http_eiam_main_conf_t *mcf, ngx_eiam_kind_e kind);
static ngx_uint_t ngx_http_eiam_overview_learns(
    const ngx_http_eiam_main_conf_t *mcf);
static ngx_uint_t ngx_http_eiam_overview_introspects(
    const ngx_http_eiam_main_conf_t *mcf);
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

        if (source[i]->is_asked && !source[i]->has_keys) {
            return 1;
        }
    }

    return 0;
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


/* the first places; the policy's JSON has all of them */

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
