
#include "ngx_eiam_unit.h"
#include <ngx_eiam_denial.h>


#define NGX_EIAM_UNIT_DENIAL_SIZE  (64 * 1024)


static void ngx_eiam_unit_denial_sizes(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_denial_keys(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_denial_is(const ngx_eiam_metrics_t *metrics,
    const ngx_eiam_denial_case_t *what);
static void ngx_eiam_unit_denial_series(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_denial_oldest(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_denial_ids(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_denial_make(ngx_eiam_unit_t *unit,
    ngx_eiam_denials_t *denials, size_t size);


void
ngx_eiam_unit_denial(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_denial_sizes(unit);
    ngx_eiam_unit_denial_keys(unit);
    ngx_eiam_unit_denial_series(unit);
    ngx_eiam_unit_denial_oldest(unit);
    ngx_eiam_unit_denial_ids(unit);
}


static void
ngx_eiam_unit_denial_sizes(ngx_eiam_unit_t *unit)
{
    size_t               size, used;
    ngx_uint_t           wrong;
    ngx_str_t            id;
    ngx_eiam_denials_t   denials;

    ngx_str_null(&id);

    wrong = 0;

    for (size = 0; size < 8 * NGX_EIAM_DENIAL_WAYS * sizeof(ngx_eiam_denial_t);
         size += 100)
    {
        used = ngx_eiam_denial_lay_out(&denials, (u_char *) &denials, size);

        wrong += used > size || denials.nrows % NGX_EIAM_DENIAL_WAYS
                 || used != denials.nrows * sizeof(ngx_eiam_denial_t);
    }

    ngx_eiam_unit_ok(unit, wrong == 0, "rows take no more than there is");

    ngx_eiam_unit_denial_make(unit, &denials, 100);

    ngx_eiam_unit_ok(unit, ngx_eiam_denial_find(&denials, 1) == NULL
                           && ngx_eiam_denial_add(&denials, 1, &id) == NULL,
                     "where there is no room there is no row");
}


static void
ngx_eiam_unit_denial_keys(ngx_eiam_unit_t *unit)
{
    u_char                 *p;
    ngx_uint_t              i, k, wrong;
    ngx_eiam_metrics_t      metrics;
    ngx_eiam_denial_case_t  what;

    p = ngx_pcalloc(unit->pool, NGX_EIAM_UNIT_DENIAL_SIZE);

    ngx_memzero(&metrics, sizeof(ngx_eiam_metrics_t));
    ngx_eiam_metrics_lay_out(&metrics, p, NGX_EIAM_UNIT_DENIAL_SIZE);

    const ngx_eiam_application_row_t  *applications[] = {
        &metrics.no_application, &metrics.other_application,
        &metrics.applications[0],
        &metrics.applications[metrics.napplications - 1]
    };

    const ngx_eiam_operation_row_t  *operations[] = {
        &metrics.no_operation, &metrics.other_operation,
        &metrics.operations[0], &metrics.operations[metrics.noperations - 1]
    };

    wrong = 0;

    for (i = 0; i < 4; i++) {

        for (k = 0; k < 4; k++) {

            what.application = applications[i];
            what.operation = operations[k];

            for (what.reason = 1; what.reason < NGX_EIAM_REASONS; what.reason++)
            {
                what.decision = NGX_EIAM_DENY;
                wrong += !ngx_eiam_unit_denial_is(&metrics, &what);

                what.decision = NGX_EIAM_WOULD_DENY;
                wrong += !ngx_eiam_unit_denial_is(&metrics, &what);
            }
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "a key says the application, decision and reason");
}


/* the key of the case says what it is, and no neighbour has the same */

static ngx_uint_t
ngx_eiam_unit_denial_is(const ngx_eiam_metrics_t *metrics,
    const ngx_eiam_denial_case_t *what)
{
    ngx_eiam_denial_t       denial;
    ngx_eiam_denial_case_t  read, other;

    denial.key = ngx_eiam_denial_key(metrics, what);

    ngx_eiam_denial_read(metrics, &denial, &read);

    other = *what;
    other.operation = (what->operation == &metrics->no_operation)
                      ? &metrics->other_operation : &metrics->no_operation;

    return denial.key != 0
           && read.application == what->application
           && read.decision == what->decision
           && read.reason == what->reason
           && ngx_eiam_denial_key(metrics, &other) != denial.key;
}


static void
ngx_eiam_unit_denial_series(ngx_eiam_unit_t *unit)
{
    time_t               now;
    ngx_str_t            id = ngx_string("getUsers");
    ngx_eiam_denial_t   *denial;
    ngx_eiam_denials_t   denials;

    ngx_eiam_unit_denial_make(unit, &denials, NGX_EIAM_UNIT_DENIAL_SIZE);

    now = 1000000;
    denial = ngx_eiam_denial_add(&denials, 7, &id);

    ngx_eiam_unit_ok(unit, denial && denial->count == 0
                           && ngx_eiam_denial_find(&denials, 7) == denial
                           && ngx_eiam_denial_add(&denials, 7, &id) == denial
                           && ngx_eiam_denial_find(&denials, 8) == NULL,
                     "a row is made once, and found again");

    ngx_eiam_denial_count(denial, now);
    ngx_eiam_denial_count(denial, now + NGX_EIAM_DENIAL_PAUSE);

    ngx_eiam_unit_ok(unit, denial->count == 2 && denial->since == now
                           && denial->last == now + NGX_EIAM_DENIAL_PAUSE,
                     "a series goes on after a pause");

    now += 2 * NGX_EIAM_DENIAL_PAUSE + 1;
    ngx_eiam_denial_count(denial, now);

    ngx_eiam_unit_ok(unit, denial->count == 1 && denial->since == now
                           && denial->last == now,
                     "another one begins after a longer pause");
}


static void
ngx_eiam_unit_denial_oldest(ngx_eiam_unit_t *unit)
{
    ngx_str_t            id = ngx_string("getUsers");
    ngx_uint_t           key, kept;
    ngx_eiam_denial_t   *denial;
    ngx_eiam_denials_t   denials;

    ngx_eiam_unit_denial_make(unit, &denials,
                              NGX_EIAM_DENIAL_WAYS * sizeof(ngx_eiam_denial_t));

    for (key = 1; key <= 100 * NGX_EIAM_DENIAL_WAYS; key++) {
        denial = ngx_eiam_denial_add(&denials, key, &id);
        ngx_eiam_denial_count(denial, 1000000 + key);
    }

    kept = 0;

    for (key = 1; key <= 100 * NGX_EIAM_DENIAL_WAYS; key++) {
        denial = ngx_eiam_denial_find(&denials, key);
        kept += denial && key > 99 * NGX_EIAM_DENIAL_WAYS;
        kept -= denial && key <= 99 * NGX_EIAM_DENIAL_WAYS;
    }

    ngx_eiam_unit_ok(unit, kept == NGX_EIAM_DENIAL_WAYS,
                     "the latest ones stay where there is no room for all");
}


static void
ngx_eiam_unit_denial_ids(ngx_eiam_unit_t *unit)
{
    u_char               text[2 * NGX_EIAM_DENIAL_ID];
    ngx_str_t            id;
    ngx_uint_t           i, wrong;
    ngx_eiam_denial_t   *denial;
    ngx_eiam_denials_t   denials;

    ngx_eiam_unit_denial_make(unit, &denials, NGX_EIAM_UNIT_DENIAL_SIZE);

    wrong = 0;

    for (i = 0; i < sizeof(text); i++) {
        ngx_memset(text, 'x', sizeof(text));
        ngx_memcpy(&text[i / 2], "\xe2\x82\xac", 3);

        id.data = text;
        id.len = i;

        denial = ngx_eiam_denial_add(&denials, i + 1, &id);

        wrong += denial->len > NGX_EIAM_DENIAL_ID
                 || denial->len < ngx_min(i, NGX_EIAM_DENIAL_ID - 2)
                 || ngx_memcmp(denial->operation, text, denial->len) != 0
                 || (i / 2 < denial->len && denial->len < i / 2 + 3 && i > 5
                     && i != denial->len);
    }

    ngx_eiam_unit_ok(unit, wrong == 0, "of a long id the first characters");
}


static void
ngx_eiam_unit_denial_make(ngx_eiam_unit_t *unit, ngx_eiam_denials_t *denials,
    size_t size)
{
    u_char  *p;

    p = ngx_pcalloc(unit->pool, size);
    if (p == NULL) {
        abort();
    }

    (void) ngx_eiam_denial_lay_out(denials, p, size);
}
