
#include <ngx_http_eiam_files.h>
#include <ngx_http_eiam_metrics_reader.h>
#include <ngx_http_eiam_metrics_redis.h>
#include <ngx_http_eiam_metrics_share.h>
#include <ngx_http_eiam_revocations.h>
#include <ngx_http_eiam_status.h>
#include <ngx_eiam_cache.h>
#include <ngx_eiam_key_set.h>
#include <ngx_eiam_version.h>


/* the metric families */


#define NGX_HTTP_EIAM_SAMPLES  500     /* bytes of a step, about */


static ngx_int_t ngx_http_eiam_requests(ngx_http_eiam_status_t *status);
static void ngx_http_eiam_operation_row(ngx_http_eiam_status_t *status,
    const ngx_str_t *id, const ngx_eiam_operation_row_t *row);
static ngx_int_t ngx_http_eiam_applications(ngx_http_eiam_status_t *status);
static void ngx_http_eiam_application_row(ngx_http_eiam_status_t *status,
    const ngx_str_t *id, const ngx_eiam_application_row_t *row);
static ngx_int_t ngx_http_eiam_lookups(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_fetches(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_under_way(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_circuits(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_key_age(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_learned(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_entries(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_bytes(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_room(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_evictions(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_build(ngx_http_eiam_status_t *status);


static const ngx_str_t  ngx_http_eiam_none = ngx_null_string;


const ngx_http_eiam_family_t  ngx_http_eiam_metrics[] = {

    { "eiam_requests_total", "counter",
      "Decisions by operation, decision and reason.",
      ngx_http_eiam_requests },

    { "eiam_application_requests_total", "counter",
      "Decisions by application and decision.",
      ngx_http_eiam_applications },

    { "eiam_lookups_total", "counter",
      "Tokens that were looked up, by source and result.",
      ngx_http_eiam_lookups },

    { "eiam_fetch_duration_seconds", "histogram",
      "Introspections, and fetches of key sets, by result.",
      ngx_http_eiam_fetches },

    { "eiam_fetches_in_flight", "gauge",
      "Introspections and fetches of key sets that are under way.",
      ngx_http_eiam_under_way },

    { "eiam_circuit_open", "gauge",
      "1 while an introspection location fails and is not asked.",
      ngx_http_eiam_circuits },

    { "eiam_key_set_age_seconds", "gauge",
      "Time since the oldest key set was fetched.",
      ngx_http_eiam_key_age },

    { "eiam_learned_tokens_total", "counter",
      "Token answers that were learned from, or not, by result.",
      ngx_http_eiam_learned },

    { "eiam_zone_entries", "gauge",
      "Grants in the zone.",
      ngx_http_eiam_entries },

    { "eiam_zone_used_bytes", "gauge",
      "Bytes of the zone that grants take.",
      ngx_http_eiam_bytes },

    { "eiam_zone_size_bytes", "gauge",
      "Bytes of the zone that there are for grants.",
      ngx_http_eiam_room },

    { "eiam_zone_evictions_total", "counter",
      "Grants that had to go before they expired.",
      ngx_http_eiam_evictions },

    { "eiam_revocations_total", "counter",
      "Revocations, by what was revoked and by whom.",
      ngx_http_eiam_revocations_total },

    { "eiam_revocations_in_force", "gauge",
      "Revocations in the zone, by what is revoked.",
      ngx_http_eiam_revocations_in_force },

    { "eiam_revocations_room", "gauge",
      "Revocations that the zone has room for.",
      ngx_http_eiam_revocations_room },

    { "eiam_revocations_evicted_total", "counter",
      "Revocations given up, for want of room, for one that covers them.",
      ngx_http_eiam_revocations_evicted },

    { "eiam_revocations_reissued_total", "counter",
      "Token answers with a token that is revoked.",
      ngx_http_eiam_revocations_reissued },

    { "eiam_redis_up", "gauge",
      "1 while the worker that answers is connected to the master of Redis.",
      ngx_http_eiam_metrics_redis_up },

    { "eiam_redis_connections_total", "counter",
      "Connections to Redis, and how those ended that failed or were lost.",
      ngx_http_eiam_metrics_redis_connections },

    { "eiam_redis_commands_total", "counter",
      "Commands to Redis and its Sentinels, by result.",
      ngx_http_eiam_metrics_redis_commands },

    { "eiam_redis_command_duration_seconds", "histogram",
      "Time until commands to Redis were answered, or given up.",
      ngx_http_eiam_metrics_redis_durations },

    { "eiam_redis_memory_used_bytes", "gauge",
      "Memory that Redis uses.",
      ngx_http_eiam_metrics_redis_memory_used },

    { "eiam_redis_memory_max_bytes", "gauge",
      "Memory that Redis may use; 0: without a limit.",
      ngx_http_eiam_metrics_redis_memory_max },

    { "eiam_redis_memory_evicts", "gauge",
      "1 if Redis removes keys when its memory is full.",
      ngx_http_eiam_metrics_redis_memory_evicts },

    { "eiam_redis_unshared_total", "counter",
      "Learned grants that other gateways are not told of.",
      ngx_http_eiam_metrics_share_unshared },

    { "eiam_redis_rejected_values_total", "counter",
      "Values in Redis that could not be read: damaged, or another key's.",
      ngx_http_eiam_metrics_share_rejected },

    { "eiam_redis_hold_seconds", "histogram",
      "Time for which answers were held back until Redis knew.",
      ngx_http_eiam_metrics_share_held },

    { "eiam_redis_hold_late_total", "counter",
      "Answers that were held back and went on before Redis knew.",
      ngx_http_eiam_metrics_share_late },

    { "eiam_applications_reload_total", "counter",
      "Applications files that were read again, by result.",
      ngx_http_eiam_files_reloads },

    { "eiam_applications_age_seconds", "gauge",
      "Time since what is in force of an applications file is so.",
      ngx_http_eiam_files_age },

    { "eiam_applications_refused", "gauge",
      "1 while the applications file has a fault and is not in force.",
      ngx_http_eiam_files_fault },

    { "eiam_redis_fresh_age_seconds", "gauge",
      "How long ago all that other gateways had revoked was in force here.",
      ngx_http_eiam_metrics_reader_age },

    { "eiam_redis_gaps_total", "counter",
      "Gaps in the stream of revocations.",
      ngx_http_eiam_metrics_reader_gaps },

    { "eiam_revocations_unsent", "gauge",
      "Revocations that other gateways have not been told of.",
      ngx_http_eiam_metrics_reader_unsent },

    { "eiam_revocations_delay_seconds", "histogram",
      "How long it took until what another gateway revoked was in force here.",
      ngx_http_eiam_metrics_reader_delay },

    { "eiam_policy_info", "gauge",
      "The policies, by file and its SHA-256.",
      ngx_http_eiam_files_policies },

    { "eiam_build_info", "gauge",
      "The module's version.",
      ngx_http_eiam_build },

    { NULL, NULL, NULL, NULL }
};


/* operations of the same name in different policies share a row */

static ngx_int_t
ngx_http_eiam_requests(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                  n;
    ngx_eiam_policy_t         **policy;
    ngx_eiam_metrics_t         *metrics;
    ngx_eiam_operation_t      **operation;
    ngx_eiam_operation_row_t   *row;

    metrics = &status->mcf->zone->shared->metrics;
    policy = status->mcf->policies.elts;

    if (status->policy == 0 && status->i == 0) {
        ngx_http_eiam_operation_row(status, &ngx_http_eiam_none,
                                    &metrics->no_operation);
        ngx_http_eiam_operation_row(status, &ngx_eiam_metrics_other,
                                    &metrics->other_operation);
    }

    for ( /* void */ ; status->policy < status->mcf->policies.nelts;
          status->policy++)
    {
        operation = policy[status->policy]->operations.elts;

        while (status->i < policy[status->policy]->operations.nelts) {

            if (status->samples >= NGX_HTTP_EIAM_SAMPLES) {
                return NGX_AGAIN;
            }

            /*
             * also counts operations that were never called, as looking at them
             * takes time
             */
            status->samples++;

            row = ngx_eiam_metrics_find(metrics,
                                        &operation[status->i]->id);

            if (row) {

                n = row - metrics->operations;

                if (!(status->seen[n / 8] & (1 << n % 8))) {
                    status->seen[n / 8] |= 1 << n % 8;
                    ngx_http_eiam_operation_row(status,
                                                &operation[status->i]->id,
                                                row);
                }
            }

            status->i++;
        }

        status->i = 0;
    }

    return NGX_OK;
}


static void
ngx_http_eiam_operation_row(ngx_http_eiam_status_t *status,
    const ngx_str_t *id, const ngx_eiam_operation_row_t *row)
{
    ngx_uint_t           i;
    ngx_eiam_reason_e    reason;
    ngx_eiam_decision_e  decision;

    for (i = 0; i < NGX_EIAM_OUTCOMES; i++) {

        if (row->counts[i] == 0) {
            continue;
        }

        ngx_eiam_metrics_outcome_read(i, &decision, &reason);

        ngx_http_eiam_label_t  labels[] = {
            { "operation", *id },
            { "decision", ngx_eiam_metrics_decisions[decision] },
            { "reason", ngx_eiam_reasons[reason].name },
            { NULL, ngx_null_string }
        };

        ngx_http_eiam_scrape_sample(status, "", labels, "%uA", row->counts[i]);
    }
}


static ngx_int_t
ngx_http_eiam_applications(ngx_http_eiam_status_t *status)
{
    ngx_str_t                    id;
    ngx_eiam_metrics_t          *metrics;
    ngx_eiam_application_row_t  *row;

    metrics = &status->mcf->zone->shared->metrics;

    if (status->i == 0) {
        ngx_http_eiam_application_row(status, &ngx_http_eiam_none,
                                      &metrics->no_application);
        ngx_http_eiam_application_row(status, &ngx_eiam_metrics_other,
                                      &metrics->other_application);
    }

    while (status->i < metrics->napplications) {

        /* 0: at the beginning, with the heading of the family */

        if (status->i && status->samples >= NGX_HTTP_EIAM_SAMPLES) {
            return NGX_AGAIN;
        }

        row = &metrics->applications[status->i++];

        if (row->ready) {
            id.data = row->id;
            id.len = row->len;
            ngx_http_eiam_application_row(status, &id, row);
        }
    }

    return NGX_OK;
}


static void
ngx_http_eiam_application_row(ngx_http_eiam_status_t *status,
    const ngx_str_t *id, const ngx_eiam_application_row_t *row)
{
    ngx_uint_t  i;

    for (i = NGX_EIAM_ALLOW; i < NGX_EIAM_DECISIONS; i++) {

        if (row->counts[i] == 0) {
            continue;
        }

        ngx_http_eiam_label_t  labels[] = {
            { "application", *id },
            { "decision", ngx_eiam_metrics_decisions[i] },
            { NULL, ngx_null_string }
        };

        ngx_http_eiam_scrape_sample(status, "", labels, "%uA", row->counts[i]);
    }
}


static ngx_int_t
ngx_http_eiam_lookups(ngx_http_eiam_status_t *status)
{
    ngx_uint_t           i, k;
    ngx_eiam_metrics_t  *metrics;

    metrics = &status->mcf->zone->shared->metrics;

    for (i = 0; i < NGX_EIAM_SOURCES; i++) {

        for (k = 0; k < NGX_EIAM_LOOKUPS; k++) {

            ngx_http_eiam_label_t  labels[] = {
                { "source", ngx_eiam_metrics_kinds[i] },
                { "result", ngx_eiam_metrics_lookups[k] },
                { NULL, ngx_null_string }
            };

            if (metrics->lookups[i][k]) {
                ngx_http_eiam_scrape_sample(status, "", labels, "%uA",
                                            metrics->lookups[i][k]);
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_fetches(ngx_http_eiam_status_t *status)
{
    ngx_uint_t           i, k;
    ngx_eiam_metrics_t  *metrics;

    metrics = &status->mcf->zone->shared->metrics;

    for (i = NGX_EIAM_JWT; i <= NGX_EIAM_INTROSPECTION; i++) {

        for (k = 0; k < NGX_EIAM_RESULTS; k++) {
            ngx_http_eiam_metrics_histogram(status, "source",
                                            &ngx_eiam_metrics_kinds[i],
                                            &ngx_eiam_metrics_results[k],
                                            &metrics->fetches[i][k]);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_under_way(ngx_http_eiam_status_t *status)
{
    ngx_uint_t           i, k;
    ngx_uint_t           flights[2];
    ngx_eiam_source_t  **source;

    flights[0] = 0;
    flights[1] = 0;

    source = status->mcf->zone->sources.elts;

    for (i = 0; i < status->mcf->zone->sources.nelts; i++) {

        if (source[i]->is_asked && !source[i]->is_shared) {
            flights[source[i]->has_keys ? 0 : 1] += source[i]->record->flights;
        }
    }

    for (k = 0; k < 2; k++) {

        ngx_http_eiam_label_t  labels[] = {
            { "source", ngx_eiam_metrics_kinds[NGX_EIAM_JWT + k] },
            { NULL, ngx_null_string }
        };

        ngx_http_eiam_scrape_sample(status, "", labels, "%ui", flights[k]);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_circuits(ngx_http_eiam_status_t *status)
{
    ngx_uint_t           i, open;
    ngx_eiam_source_t  **source;

    ngx_http_eiam_label_t  labels[] = {
        { "source", ngx_eiam_metrics_kinds[NGX_EIAM_INTROSPECTION] },
        { NULL, ngx_null_string }
    };

    open = 0;
    source = status->mcf->zone->sources.elts;

    for (i = 0; i < status->mcf->zone->sources.nelts; i++) {
        open |= source[i]->record && source[i]->record->open;
    }

    ngx_http_eiam_scrape_sample(status, "", labels, "%ui", open);

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_key_age(ngx_http_eiam_status_t *status)
{
    time_t                age;
    ngx_uint_t            i;
    ngx_eiam_source_t   **source;
    ngx_eiam_key_set_t   *set;

    ngx_http_eiam_label_t  labels[] = {
        { "source", ngx_eiam_metrics_kinds[NGX_EIAM_JWT] },
        { NULL, ngx_null_string }
    };

    age = -1;
    source = status->mcf->zone->sources.elts;

    for (i = 0; i < status->mcf->zone->sources.nelts; i++) {

        set = source[i]->record ? source[i]->record->keys : NULL;

        if (set && set->len) {
            age = ngx_max(age, ngx_time() - set->fetched);
        }
    }

    if (age >= 0) {
        ngx_http_eiam_scrape_sample(status, "", labels, "%T", age);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_learned(ngx_http_eiam_status_t *status)
{
    ngx_eiam_metrics_t  *metrics;

    static const ngx_str_t  learned = ngx_string("learned");
    static const ngx_str_t  not_learned = ngx_string("not_learned");

    metrics = &status->mcf->zone->shared->metrics;

    ngx_http_eiam_scrape_result(status, &learned, metrics->learned);
    ngx_http_eiam_scrape_result(status, &not_learned, metrics->not_learned);

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_entries(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_scrape_sample(status, "", NULL, "%uD",
                                status->mcf->zone->shared->grants.entries);
    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_bytes(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_scrape_sample(status, "", NULL, "%uz",
                                status->mcf->zone->shared->grants.used
                                * sizeof(ngx_eiam_entry_t));
    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_room(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_scrape_sample(status, "", NULL, "%uz",
                                (status->mcf->zone->shared->grants.ncells - 1)
                                * sizeof(ngx_eiam_entry_t));
    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_evictions(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_scrape_sample(status, "", NULL, "%uA",
                                status->mcf->zone->shared->metrics.evictions);
    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_build(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_label_t  labels[] = {
        { "version", ngx_string(NGX_EIAM_VERSION) },
        { "nginx", ngx_string(NGINX_VERSION) },
        { NULL, ngx_null_string }
    };

    ngx_http_eiam_scrape_sample(status, "", labels, "1");

    return NGX_OK;
}
