
#include <ngx_eiam_hash.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_utf8.h>


#define NGX_EIAM_PROBES  64      /* rows that are tried for an id */


static ngx_uint_t ngx_eiam_metrics_is_other(const ngx_str_t *id);


const ngx_str_t  ngx_eiam_metrics_other = ngx_string("other");


const ngx_str_t  ngx_eiam_metrics_decisions[] = {
    ngx_null_string,
    ngx_string("allow"),
    ngx_string("deny"),
    ngx_string("would_deny")
};


const ngx_str_t  ngx_eiam_metrics_kinds[] = {
    ngx_string("static"),
    ngx_string("learned"),
    ngx_string("jwt"),
    ngx_string("introspection")
};


const ngx_str_t  ngx_eiam_metrics_lookups[] = {
    ngx_string("HIT"),
    ngx_string("MISS"),
    ngx_string("STALE"),
    ngx_string("BYPASS"),
    ngx_string("SHARED")
};


const ngx_str_t  ngx_eiam_metrics_results[] = {
    ngx_string("answered"),
    ngx_string("failed"),
    ngx_string("unusable"),
    ngx_string("abandoned")
};


const ngx_str_t  ngx_eiam_metrics_revoked[] = {
    ngx_string("token"),
    ngx_string("application"),
    ngx_string("all")
};


const ngx_str_t  ngx_eiam_metrics_revokers[] = {
    ngx_string("control"),
    ngx_string("client"),
    ngx_string("gate")
};


const ngx_str_t  ngx_eiam_metrics_unshared[] = {
    ngx_string("limit"),
    ngx_string("queue"),
    ngx_string("expired"),
    ngx_string("failed"),
    ngx_string("exit")
};


const ngx_str_t  ngx_eiam_metrics_redis_verbs[] = {
    ngx_string("AUTH"),
    ngx_string("CLIENT"),
    ngx_string("ROLE"),
    ngx_string("SENTINEL"),
    ngx_string("PING"),
    ngx_string("INFO"),
    ngx_string("GET"),
    ngx_string("MGET"),
    ngx_string("SET"),
    ngx_string("DEL"),
    ngx_string("XADD"),
    ngx_string("XREAD"),
    ngx_string("XRANGE"),
    ngx_string("XREVRANGE"),
    ngx_string("HSET"),
    ngx_string("HGET"),
    ngx_string("HGETALL"),
    ngx_string("HDEL")
};


const ngx_str_t  ngx_eiam_metrics_redis_outcomes[] = {
    ngx_string("answered"),
    ngx_string("error"),
    ngx_string("unanswered")
};


const ngx_str_t  ngx_eiam_metrics_redis_results[] = {
    ngx_string("connected"),
    ngx_string("unreachable"),
    ngx_string("unverified"),
    ngx_string("denied"),
    ngx_string("no_master"),
    ngx_string("loading"),
    ngx_string("other_key"),
    ngx_string("invalid"),
    ngx_string("lost")
};


const ngx_eiam_bucket_t  ngx_eiam_metrics_buckets[] = {
    { 1, ngx_string("0.001") },
    { 2, ngx_string("0.002") },
    { 5, ngx_string("0.005") },
    { 10, ngx_string("0.01") },
    { 20, ngx_string("0.02") },
    { 50, ngx_string("0.05") },
    { 100, ngx_string("0.1") },
    { 200, ngx_string("0.2") },
    { 500, ngx_string("0.5") },
    { 1000, ngx_string("1") },
    { 2000, ngx_string("2") },
    { 5000, ngx_string("5") },
    { 10000, ngx_string("10") },
    { NGX_MAX_INT_T_VALUE, ngx_string("+Inf") }
};


/* a third of the region is for the rows of applications */

void
ngx_eiam_metrics_lay_out(ngx_eiam_metrics_t *metrics, u_char *p, size_t size)
{
    size_t  part;

    part = size / 3;

    metrics->applications = (ngx_eiam_application_row_t *) p;
    metrics->napplications = part / sizeof(ngx_eiam_application_row_t);

    p += metrics->napplications * sizeof(ngx_eiam_application_row_t);

    metrics->operations = (ngx_eiam_operation_row_t *) p;
    metrics->noperations = (size - part) / sizeof(ngx_eiam_operation_row_t);
}


/* a row belongs to the id whose key is stored first */

ngx_eiam_operation_row_t *
ngx_eiam_metrics_operation(ngx_eiam_metrics_t *metrics, const ngx_str_t *id)
{
    ngx_uint_t                 i, n;
    ngx_atomic_uint_t          key;
    ngx_eiam_operation_row_t  *row;

    if (ngx_eiam_metrics_is_other(id)) {
        return &metrics->other_operation;
    }

    key = (ngx_atomic_uint_t) ngx_eiam_hash_text(id);
    n = ngx_min(metrics->noperations, NGX_EIAM_PROBES);

    for (i = 0; i < n; i++) {

        row = &metrics->operations[(key + i) % metrics->noperations];

        if (row->key == key || ngx_atomic_cmp_set(&row->key, 0, key)
            || row->key == key)
        {
            return row;
        }
    }

    return &metrics->other_operation;
}


ngx_eiam_operation_row_t *
ngx_eiam_metrics_find(ngx_eiam_metrics_t *metrics, const ngx_str_t *id)
{
    ngx_uint_t                 i, n;
    ngx_atomic_uint_t          key;
    ngx_eiam_operation_row_t  *row;

    key = (ngx_atomic_uint_t) ngx_eiam_hash_text(id);
    n = ngx_min(metrics->noperations, NGX_EIAM_PROBES);

    for (i = 0; i < n; i++) {

        row = &metrics->operations[(key + i) % metrics->noperations];

        if (row->key == key) {
            return row;
        }
    }

    return NULL;
}


/*
 * An id that cannot be shown as it is is counted in the row of the others, and
 * so is an id that equals the name of that row.
 */

ngx_eiam_application_row_t *
ngx_eiam_metrics_application(ngx_eiam_metrics_t *metrics, const ngx_str_t *id)
{
    ngx_uint_t                   i, n;
    ngx_atomic_uint_t            key;
    ngx_eiam_application_row_t  *row;

    if (id->len == 0) {
        return &metrics->no_application;
    }

    if (id->len > NGX_EIAM_LABEL_MAX || ngx_eiam_metrics_is_other(id)) {
        return &metrics->other_application;
    }

    key = (ngx_atomic_uint_t) ngx_eiam_hash_text(id);
    n = ngx_min(metrics->napplications, NGX_EIAM_PROBES);

    for (i = 0; i < n; i++) {

        row = &metrics->applications[(key + i) % metrics->napplications];

        if (row->key && row->key != key) {
            continue;
        }

        /* an id in a row that is ready has been looked at */

        if (!row->ready) {

            if (!ngx_eiam_utf8_is_text(id)) {
                break;
            }

            if (row->key == 0) {
                (void) ngx_atomic_cmp_set(&row->key, 0, key);
            }

            if (row->key != key) {
                continue;
            }

            /*
             * any worker may write the id: the worker that took the row may be
             * dead
             */

            row->len = id->len;
            ngx_memcpy(row->id, id->data, id->len);

            ngx_memory_barrier();
            row->ready = 1;
        }

        return row;
    }

    return &metrics->other_application;
}


static ngx_uint_t
ngx_eiam_metrics_is_other(const ngx_str_t *id)
{
    return ngx_eiam_str_equal(id, &ngx_eiam_metrics_other);
}


ngx_uint_t
ngx_eiam_metrics_outcome(ngx_eiam_decision_e decision, ngx_eiam_reason_e reason)
{
    switch (decision) {

    case NGX_EIAM_DENY:
        return reason;

    case NGX_EIAM_WOULD_DENY:
        return NGX_EIAM_REASONS - 1 + reason;

    default: /* NGX_EIAM_ALLOW */
        return 0;
    }
}


void
ngx_eiam_metrics_outcome_read(ngx_uint_t outcome, ngx_eiam_decision_e *decision,
    ngx_eiam_reason_e *reason)
{
    if (outcome == 0) {
        *decision = NGX_EIAM_ALLOW;
        *reason = NGX_EIAM_NO_REASON;

    } else if (outcome < NGX_EIAM_REASONS) {
        *decision = NGX_EIAM_DENY;
        *reason = outcome;

    } else {
        *decision = NGX_EIAM_WOULD_DENY;
        *reason = outcome - (NGX_EIAM_REASONS - 1);
    }
}


void
ngx_eiam_metrics_observe(ngx_eiam_histogram_t *histogram, ngx_msec_t time)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_EIAM_BUCKETS - 1; i++) {

        if (time <= ngx_eiam_metrics_buckets[i].bound) {
            break;
        }
    }

    ngx_eiam_metrics_add(&histogram->counts[i]);
    (void) ngx_atomic_fetch_add(&histogram->sum, time);
}
