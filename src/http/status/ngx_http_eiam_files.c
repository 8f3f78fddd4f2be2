
#include <ngx_http_eiam_files.h>


typedef void (*ngx_http_eiam_files_pt)(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file,
    const ngx_eiam_live_state_t *state);


static ngx_int_t ngx_http_eiam_files_walk(ngx_http_eiam_status_t *status,
    ngx_http_eiam_files_pt write);
static void ngx_http_eiam_files_age_of(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file,
    const ngx_eiam_live_state_t *state);
static void ngx_http_eiam_files_fault_of(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file,
    const ngx_eiam_live_state_t *state);
static void ngx_http_eiam_files_sample(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file, time_t value);
static void ngx_http_eiam_files_object(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file);


ngx_int_t
ngx_http_eiam_files_reloads(ngx_http_eiam_status_t *status)
{
    ngx_eiam_metrics_t  *metrics;

    static const ngx_str_t  loaded = ngx_string("loaded");
    static const ngx_str_t  refused = ngx_string("refused");

    metrics = &status->mcf->zone->shared->metrics;

    ngx_http_eiam_scrape_result(status, &loaded, metrics->reloaded);
    ngx_http_eiam_scrape_result(status, &refused, metrics->not_reloaded);

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_files_age(ngx_http_eiam_status_t *status)
{
    return ngx_http_eiam_files_walk(status, ngx_http_eiam_files_age_of);
}


ngx_int_t
ngx_http_eiam_files_fault(ngx_http_eiam_status_t *status)
{
    return ngx_http_eiam_files_walk(status, ngx_http_eiam_files_fault_of);
}


static ngx_int_t
ngx_http_eiam_files_walk(ngx_http_eiam_status_t *status,
    ngx_http_eiam_files_pt write)
{
    ngx_uint_t                      i;
    ngx_eiam_live_state_t           state;
    ngx_http_eiam_applications_t  **file;

    file = status->mcf->files.elts;

    for (i = 0; i < status->mcf->files.nelts; i++) {

        if (file[i]->live) {
            ngx_eiam_live_state(status->mcf->zone, file[i]->live, &state);
            write(status, file[i], &state);
        }
    }

    return NGX_OK;
}


static void
ngx_http_eiam_files_age_of(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file,
    const ngx_eiam_live_state_t *state)
{
    ngx_http_eiam_files_sample(status, file,
                               ngx_max(ngx_time() - state->since, 0));
}


static void
ngx_http_eiam_files_fault_of(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file,
    const ngx_eiam_live_state_t *state)
{
    ngx_http_eiam_files_sample(status, file, state->refused_at != 0);
}


static void
ngx_http_eiam_files_sample(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file, time_t value)
{
    ngx_http_eiam_label_t  labels[] = {
        { "file", file->name },
        { NULL, ngx_null_string }
    };

    ngx_http_eiam_scrape_sample(status, "", labels, "%T", value);
}


ngx_int_t
ngx_http_eiam_files_policies(ngx_http_eiam_status_t *status)
{
    u_char              hex[NGX_EIAM_DIGEST_LEN * 2];
    ngx_uint_t          i;
    ngx_eiam_policy_t **policy;

    policy = status->mcf->policies.elts;

    for (i = 0; i < status->mcf->policies.nelts; i++) {

        ngx_http_eiam_label_t  labels[] = {
            { "policy", policy[i]->name },
            { "sha256", { sizeof(hex), hex } },
            { NULL, ngx_null_string }
        };

        ngx_hex_dump(hex, policy[i]->digest, NGX_EIAM_DIGEST_LEN);

        ngx_http_eiam_scrape_sample(status, "", labels, "1");
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_files_json(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                      i;
    ngx_http_eiam_applications_t  **file;

    file = status->mcf->files.elts;

    ngx_http_eiam_puts(status, "[");

    for (i = 0; i < status->mcf->files.nelts; i++) {
        ngx_http_eiam_write_text(status, "%s\n", i ? "," : "");
        ngx_http_eiam_files_object(status, file[i]);
    }

    ngx_http_eiam_puts(status, "]");

    return NGX_OK;
}


/* without a record: the file is not read again, and is as configured */

static void
ngx_http_eiam_files_object(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file)
{
    ngx_str_t              fault;
    ngx_eiam_live_state_t  state;

    ngx_http_eiam_puts(status, "{\"file\":");
    ngx_http_eiam_write_quoted(status, &file->name);

    if (file->live == NULL) {
        ngx_http_eiam_write_text(status, ",\"reload\":false,"
                                 "\"sha256\":\"%*xs\"}",
                                 (size_t) NGX_EIAM_DIGEST_LEN,
                                 file->generation->digest);
        return;
    }

    ngx_eiam_live_state(status->mcf->zone, file->live, &state);

    ngx_http_eiam_write_text(status, ",\"reload\":true,\"sha256\":\"%*xs\","
                             "\"generation\":%uD,\"since\":%T,"
                             "\"age\":%T,\"result\":\"%s\"",
                             (size_t) NGX_EIAM_DIGEST_LEN, state.digest,
                             state.generation, state.since,
                             ngx_max(ngx_time() - state.since, 0),
                             state.refused_at ? "refused" : "loaded");

    if (state.refused_at) {
        fault.data = state.fault;
        fault.len = state.fault_len;

        ngx_http_eiam_write_text(status, ",\"refused\":%T,\"fault\":",
                                 state.refused_at);
        ngx_http_eiam_write_quoted(status, &fault);
    }

    ngx_http_eiam_puts(status, "}");
}
