
#include "ngx_eiam_unit_zone.h"

#include <sys/mman.h>


#define NGX_EIAM_UNIT_METRICS_CHILDREN  4
#define NGX_EIAM_UNIT_METRICS_IDS       2000
#define NGX_EIAM_UNIT_METRICS_SIZE      (2 * 1024 * 1024)
#define NGX_EIAM_UNIT_METRICS_STEPS     20000


/* in memory that the processes share; all of them start at once */

typedef struct {
    ngx_eiam_metrics_t     metrics;
    volatile ngx_atomic_t  ready;
    u_char                 rows[NGX_EIAM_UNIT_METRICS_SIZE];
} ngx_eiam_unit_shared_metrics_t;


static void ngx_eiam_unit_metrics_names(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_outcomes(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_places(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_zones(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_operations(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_applications(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_taking(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_histogram(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_processes(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_child(
    ngx_eiam_unit_shared_metrics_t *shared);
static ngx_uint_t ngx_eiam_unit_metrics_twice(
    const ngx_eiam_metrics_t *metrics);
static void ngx_eiam_unit_metrics_cache(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_metrics_is(const ngx_eiam_shared_t *shared);
static void ngx_eiam_unit_metrics_evictions(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_wipe(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_circuit(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_metrics_make(ngx_eiam_unit_t *unit,
    ngx_eiam_metrics_t *metrics, size_t size);
static void ngx_eiam_unit_metrics_id(ngx_uint_t n, u_char *text,
    ngx_str_t *id);


void
ngx_eiam_unit_metrics(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_clock_t  clock;

    ngx_eiam_unit_metrics_names(unit);
    ngx_eiam_unit_metrics_outcomes(unit);
    ngx_eiam_unit_metrics_places(unit);
    ngx_eiam_unit_metrics_zones(unit);
    ngx_eiam_unit_metrics_operations(unit);
    ngx_eiam_unit_metrics_applications(unit);
    ngx_eiam_unit_metrics_taking(unit);
    ngx_eiam_unit_metrics_histogram(unit);
    ngx_eiam_unit_metrics_processes(unit);

    ngx_eiam_unit_clock_stop(&clock);

    ngx_eiam_unit_metrics_cache(unit);
    ngx_eiam_unit_metrics_evictions(unit);
    ngx_eiam_unit_metrics_wipe(unit);
    ngx_eiam_unit_metrics_circuit(unit);

    ngx_eiam_unit_clock_go(&clock);
}


static void
ngx_eiam_unit_metrics_names(ngx_eiam_unit_t *unit)
{
    ngx_uint_t  i, k, n, wrong;

    static const struct {
        const char        *what;
        const ngx_str_t   *names;
        ngx_uint_t         n;
    } lists[] = {
        { "decisions", ngx_eiam_metrics_decisions + 1, NGX_EIAM_DECISIONS - 1 },
        { "sources", ngx_eiam_metrics_kinds, NGX_EIAM_SOURCES },
        { "results of a look-up", ngx_eiam_metrics_lookups, NGX_EIAM_LOOKUPS },
        { "results of a fetch", ngx_eiam_metrics_results, NGX_EIAM_RESULTS },
        { NULL, NULL, 0 }
    };

    for (n = 0; lists[n].what; n++) {

        wrong = 0;

        for (i = 0; i < lists[n].n; i++) {

            wrong += (lists[n].names[i].len == 0);

            for (k = 0; k < i; k++) {
                wrong += ngx_eiam_unit_equal(&lists[n].names[i],
                                             &lists[n].names[k]);
            }
        }

        ngx_eiam_unit_ok(unit, wrong == 0, "%ui %s, each with a name",
                         lists[n].n, lists[n].what);
    }
}


static void
ngx_eiam_unit_metrics_outcomes(ngx_eiam_unit_t *unit)
{
    ngx_uint_t           i, outcome, wrong, seen[NGX_EIAM_OUTCOMES];
    ngx_eiam_reason_e    reason, read_reason;
    ngx_eiam_decision_e  decision, read;

    ngx_memzero(seen, sizeof(seen));
    wrong = 0;

    for (decision = NGX_EIAM_ALLOW; decision < NGX_EIAM_DECISIONS; decision++)
    {
        for (reason = 0; reason < NGX_EIAM_REASONS; reason++) {

            if ((decision == NGX_EIAM_ALLOW) != (reason == 0)) {
                continue;
            }

            outcome = ngx_eiam_metrics_outcome(decision, reason);

            if (outcome >= NGX_EIAM_OUTCOMES) {
                wrong++;
                continue;
            }

            seen[outcome]++;

            ngx_eiam_metrics_outcome_read(outcome, &read, &read_reason);
            wrong += (read != decision || read_reason != reason);
        }
    }

    for (i = 0; i < NGX_EIAM_OUTCOMES; i++) {
        wrong += (seen[i] != 1);
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "allowed, and each reason refused or reported: %ui "
                     "places, each of one outcome", NGX_EIAM_OUTCOMES);
}


static void
ngx_eiam_unit_metrics_places(ngx_eiam_unit_t *unit)
{
    size_t               size;
    u_char              *p, *applications, *operations;
    ngx_uint_t           i, wrong;
    ngx_eiam_metrics_t   m;

    size = NGX_EIAM_UNIT_METRICS_SIZE;
    wrong = 0;

    p = ngx_pcalloc(unit->pool, size);
    if (p == NULL) {
        abort();
    }

    for (i = 0; i <= size; i += (i < 4096) ? 8 : 123456) {

        ngx_memzero(&m, sizeof(ngx_eiam_metrics_t));
        ngx_eiam_metrics_lay_out(&m, p, i);

        applications = (u_char *) (m.applications + m.napplications);
        operations = (u_char *) (m.operations + m.noperations);

        wrong += ((u_char *) m.applications < p
                  || applications > (u_char *) m.operations
                  || operations > p + i
                  || (p + i) - operations
                     > (off_t) (sizeof(ngx_eiam_operation_row_t)
                                + sizeof(ngx_eiam_application_row_t)));
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "rows of applications and operations lie one behind the "
                     "other, in any size");
}


static void
ngx_eiam_unit_metrics_zones(ngx_eiam_unit_t *unit)
{
    size_t                 used;
    ngx_uint_t             i;
    ngx_eiam_metrics_t    *m;
    ngx_eiam_unit_zone_t   z;

    static const size_t  sizes[] = { 64 * 1024, 1024 * 1024, 10 * 1024 * 1024,
                                     128 * 1024 * 1024, 0 };

    for (i = 0; sizes[i]; i++) {

        ngx_eiam_unit_zone_make(unit, &z, sizes[i]);
        m = &z.zone.shared->metrics;

        used = m->noperations * sizeof(ngx_eiam_operation_row_t)
               + m->napplications * sizeof(ngx_eiam_application_row_t);

        ngx_eiam_unit_ok(unit, m->noperations && m->napplications
                               && used <= sizes[i] / 16
                               && used >= sizes[i] / 32,
                         "%uz kB: rows of %ui operations and %ui applications",
                         sizes[i] / 1024, m->noperations, m->napplications);

        ngx_eiam_unit_zone_close(&z);
    }
}


static void
ngx_eiam_unit_metrics_operations(ngx_eiam_unit_t *unit)
{
    u_char                     text[NGX_INT_T_LEN];
    ngx_str_t                  id;
    ngx_uint_t                 i, n, others, wrong;
    ngx_eiam_metrics_t         m;
    ngx_eiam_operation_row_t  *row;

    ngx_eiam_unit_metrics_make(unit, &m, 64 * 1024);

    n = m.noperations * 2;
    others = 0;
    wrong = 0;

    for (i = 0; i < n; i++) {

        ngx_eiam_unit_metrics_id(i, text, &id);
        wrong += (ngx_eiam_metrics_find(&m, &id) != NULL);

        row = ngx_eiam_metrics_operation(&m, &id);
        ngx_eiam_metrics_add(&row->counts[i % NGX_EIAM_OUTCOMES]);

        if (row == &m.other_operation) {
            others++;

        } else {
            wrong += (row < m.operations
                      || row >= m.operations + m.noperations
                      || row->counts[i % NGX_EIAM_OUTCOMES] != 1);
        }
    }

    ngx_eiam_unit_ok(unit, wrong == 0 && others >= m.noperations
                           && others < m.noperations * 3 / 2,
                     "%ui operations, %ui rows: each has one of its own, or "
                     "is one of the %ui others", n, m.noperations, others);

    for (i = 0, wrong = 0; i < n; i++) {

        ngx_eiam_unit_metrics_id(i, text, &id);
        row = ngx_eiam_metrics_find(&m, &id);

        wrong += (ngx_eiam_metrics_operation(&m, &id)
                  != (row ? row : &m.other_operation));
        others -= (row == NULL);
    }

    ngx_eiam_unit_ok(unit, wrong == 0 && others == 0,
                     "an operation keeps its row, and another one gets none "
                     "later");

    ngx_eiam_unit_metrics_make(unit, &m, 0);
    ngx_eiam_unit_metrics_id(1, text, &id);

    ngx_eiam_unit_ok(unit, ngx_eiam_metrics_operation(&m, &id)
                           == &m.other_operation
                           && ngx_eiam_metrics_find(&m, &id) == NULL
                           && ngx_eiam_metrics_application(&m, &id)
                              == &m.other_application,
                     "where there are no rows, all are others");
}


static void
ngx_eiam_unit_metrics_applications(ngx_eiam_unit_t *unit)
{
    u_char                       text[NGX_EIAM_LABEL_MAX + 1];
    ngx_str_t                    id;
    ngx_uint_t                   i, n, others, wrong;
    ngx_eiam_metrics_t           m;
    ngx_eiam_application_row_t  *row, *again;

    ngx_eiam_unit_metrics_make(unit, &m, 64 * 1024);

    id.data = text;
    id.len = 0;

    ngx_eiam_unit_ok(unit, ngx_eiam_metrics_application(&m, &id)
                           == &m.no_application,
                     "no application has a row of its own");

    ngx_memset(text, 'x', sizeof(text));
    id.len = NGX_EIAM_LABEL_MAX;
    row = ngx_eiam_metrics_application(&m, &id);

    ngx_eiam_unit_ok(unit, row != &m.other_application
                           && row->ready && row->len == id.len
                           && ngx_memcmp(row->id, text, id.len) == 0,
                     "an id of %d bytes is kept",
                     NGX_EIAM_LABEL_MAX);

    id.len++;

    ngx_eiam_unit_ok(unit, ngx_eiam_metrics_application(&m, &id)
                           == &m.other_application,
                     "a longer one is another application");

    ngx_eiam_unit_metrics_make(unit, &m, 64 * 1024);

    n = m.napplications * 2;

    for (i = 0, others = 0, wrong = 0; i < n; i++) {

        ngx_eiam_unit_metrics_id(i, text, &id);
        row = ngx_eiam_metrics_application(&m, &id);
        again = ngx_eiam_metrics_application(&m, &id);

        wrong += (row != again
                  || (row != &m.other_application
                      && (row->len != id.len
                          || ngx_memcmp(row->id, id.data, id.len) != 0)));
        others += (row == &m.other_application);
    }

    ngx_eiam_unit_ok(unit, wrong == 0 && others >= m.napplications
                           && others < m.napplications * 3 / 2
                           && ngx_eiam_unit_metrics_twice(&m) == 0,
                     "%ui applications, %ui rows: each has one of its own, or "
                     "is one of the %ui others", n, m.napplications, others);
}


/* another process has taken the row, but has not written its id yet */

static void
ngx_eiam_unit_metrics_taking(ngx_eiam_unit_t *unit)
{
    ngx_str_t                    id = ngx_string("crm");
    ngx_eiam_metrics_t           m;
    ngx_eiam_application_row_t  *row;

    ngx_eiam_unit_metrics_make(unit, &m, 64 * 1024);

    row = ngx_eiam_metrics_application(&m, &id);
    row->ready = 0;

    (void) ngx_eiam_metrics_application(&m, &id);

    row->ready = 1;

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_metrics_twice(&m) == 0
                           && ngx_eiam_metrics_application(&m, &id) == row,
                     "while one process takes a row, another does not take a "
                     "second one for the same application");
}


static void
ngx_eiam_unit_metrics_histogram(ngx_eiam_unit_t *unit)
{
    ngx_uint_t             i, k, n, wrong, sum;
    ngx_eiam_histogram_t   h;

    ngx_memzero(&h, sizeof(ngx_eiam_histogram_t));
    wrong = 0;
    sum = 0;

    for (i = 0; i < NGX_EIAM_BUCKETS - 1; i++) {

        for (k = 0; k < 2; k++) {

            n = ngx_eiam_metrics_buckets[i].bound + k;
            ngx_eiam_metrics_observe(&h, n);
            sum += n;
        }

        wrong += i && ngx_eiam_metrics_buckets[i].bound
                      <= ngx_eiam_metrics_buckets[i - 1].bound;
    }

    ngx_eiam_metrics_observe(&h, 0);
    ngx_eiam_metrics_observe(&h, 1000000);

    for (i = 1; i < NGX_EIAM_BUCKETS - 1; i++) {

        /* 1 ms more than 1 ms falls under the next bound */

        wrong += (h.counts[i] != 2);
    }

    ngx_eiam_unit_ok(unit, wrong == 0 && h.counts[0] == 2
                           && h.counts[NGX_EIAM_BUCKETS - 1] == 2,
                     "a time stands in the first bucket whose bound it does "
                     "not pass");
    ngx_eiam_unit_ok(unit, h.sum == sum + 1000000, "and in the sum");
}


/* the processes count the same ids in the same order from the same moment on */

static void
ngx_eiam_unit_metrics_processes(ngx_eiam_unit_t *unit)
{
    ngx_pid_t                        pids[NGX_EIAM_UNIT_METRICS_CHILDREN];
    ngx_uint_t                       i, operations, applications, twice;
    ngx_eiam_metrics_t              *m;
    ngx_eiam_unit_shared_metrics_t  *shared;

    shared = mmap(NULL, sizeof(ngx_eiam_unit_shared_metrics_t),
                  PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANON, -1, 0);
    if (shared == MAP_FAILED) {
        abort();
    }

    m = &shared->metrics;
    ngx_eiam_metrics_lay_out(m, shared->rows, NGX_EIAM_UNIT_METRICS_SIZE);

    for (i = 0; i < NGX_EIAM_UNIT_METRICS_CHILDREN; i++) {

        pids[i] = fork();

        if (pids[i] == -1) {
            abort();
        }

        if (pids[i] == 0) {
            ngx_eiam_unit_metrics_child(shared);
        }
    }

    for (i = 0; i < NGX_EIAM_UNIT_METRICS_CHILDREN; i++) {
        (void) waitpid(pids[i], NULL, 0);
    }

    operations = m->other_operation.counts[0];
    applications = m->other_application.counts[NGX_EIAM_ALLOW];

    for (i = 0; i < m->noperations; i++) {
        operations += m->operations[i].counts[0];
    }

    for (i = 0; i < m->napplications; i++) {
        applications += m->applications[i].counts[NGX_EIAM_ALLOW];
    }

    twice = ngx_eiam_unit_metrics_twice(m);

    ngx_eiam_unit_ok(unit, operations == applications
                           && operations == NGX_EIAM_UNIT_METRICS_IDS
                                            * NGX_EIAM_UNIT_METRICS_CHILDREN,
                     "%d processes count %d operations and applications at "
                     "once: no count is lost", NGX_EIAM_UNIT_METRICS_CHILDREN,
                     NGX_EIAM_UNIT_METRICS_IDS);
    ngx_eiam_unit_ok(unit, twice == 0,
                     "and no application has two rows: %ui have", twice);

    (void) munmap(shared, sizeof(ngx_eiam_unit_shared_metrics_t));
}


static void
ngx_eiam_unit_metrics_child(ngx_eiam_unit_shared_metrics_t *shared)
{
    u_char                       text[NGX_INT_T_LEN];
    ngx_str_t                    id;
    ngx_uint_t                   i;
    ngx_eiam_operation_row_t    *operation;
    ngx_eiam_application_row_t  *application;

    ngx_eiam_metrics_add(&shared->ready);

    while (shared->ready < NGX_EIAM_UNIT_METRICS_CHILDREN) {
        ngx_sched_yield();
    }

    for (i = 0; i < NGX_EIAM_UNIT_METRICS_IDS; i++) {

        ngx_eiam_unit_metrics_id(i, text, &id);

        operation = ngx_eiam_metrics_operation(&shared->metrics, &id);
        ngx_eiam_metrics_add(&operation->counts[0]);

        application = ngx_eiam_metrics_application(&shared->metrics, &id);
        ngx_eiam_metrics_add(&application->counts[NGX_EIAM_ALLOW]);
    }

    _exit(0);
}


/* how many applications have two rows */

static ngx_uint_t
ngx_eiam_unit_metrics_twice(const ngx_eiam_metrics_t *metrics)
{
    ngx_uint_t                         i, k, twice;
    const ngx_eiam_application_row_t  *one, *other;

    twice = 0;

    for (i = 0; i < metrics->napplications; i++) {

        one = &metrics->applications[i];

        for (k = 0; one->ready && k < i; k++) {

            other = &metrics->applications[k];

            twice += other->ready && other->len == one->len
                     && ngx_memcmp(other->id, one->id, one->len) == 0;
        }
    }

    return twice;
}


/* stores and refuses at random: the counts are those of what is in the cache */

static void
ngx_eiam_unit_metrics_cache(ngx_eiam_unit_t *unit)
{
    u_char                 text[NGX_EIAM_UNIT_TEXT_MAX];
    uint32_t               n, seed;
    ngx_uint_t             i, wrong;
    const char            *fault;
    ngx_eiam_grant_t       grant;
    ngx_eiam_digest_t      key;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    shared = z.zone.shared;
    seed = 7;
    wrong = 0;

    for (i = 0; i < NGX_EIAM_UNIT_METRICS_STEPS; i++) {

        n = ngx_eiam_unit_random(&seed, 1000);
        ngx_eiam_unit_key(n, key);

        if (ngx_eiam_unit_random(&seed, 4) == 0) {
            ngx_eiam_cache_refuse(shared, key, NGX_EIAM_TOKEN_INVALID,
                                  NGX_EIAM_DOWN, NGX_EIAM_UNIT_NOW, 1);

        } else {
            ngx_eiam_unit_grant(n, ngx_eiam_unit_random(&seed, 500), text,
                                &grant);
            ngx_eiam_cache_put(shared, key, &grant, NGX_EIAM_UNIT_NOW, 1);
        }

        wrong += !ngx_eiam_unit_metrics_is(shared);
    }

    fault = ngx_eiam_unit_cache_fault(shared);

    ngx_eiam_unit_ok(unit, wrong == 0 && fault == NULL
                           && shared->metrics.evictions,
                     "%d grants and refusals in a small zone: entries and "
                     "bytes are those that are there%s",
                     NGX_EIAM_UNIT_METRICS_STEPS, fault ? fault : "");

    ngx_eiam_unit_zone_close(&z);
}


static ngx_uint_t
ngx_eiam_unit_metrics_is(const ngx_eiam_shared_t *shared)
{
    uint32_t                  i, k, entries, used;
    const ngx_eiam_grants_t  *grants;

    grants = &shared->grants;
    entries = 0;
    used = 0;

    for (i = grants->orders[0].newest; i; i = grants->cells[i].older) {

        entries++;

        for (k = i; k; k = grants->cells[k].next) {
            used++;
        }
    }

    return entries == grants->entries && used == grants->used;
}


static void
ngx_eiam_unit_metrics_evictions(ngx_eiam_unit_t *unit)
{
    uint32_t               i, n;
    ngx_uint_t             full, expired;
    ngx_eiam_grant_t       grant;
    ngx_eiam_digest_t      key;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    shared = z.zone.shared;
    n = (shared->grants.ncells - 1) / 2;      /* a grant has two cells */
    full = 1;
    expired = 1;

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));

    for (i = 0; i < 3 * n; i++) {

        if (i == n || i == 2 * n) {
            ngx_eiam_unit_clock_pass(11 * 1000);
        }

        grant.expires = ngx_time() + (i < n ? 10 : 1000);

        ngx_eiam_unit_key(i, key);
        ngx_eiam_cache_put(shared, key, &grant, ngx_time(), 1);

        if (i == n - 1) {
            full = shared->metrics.evictions;

        } else if (i == 2 * n - 1) {
            expired = shared->metrics.evictions;
        }
    }

    ngx_eiam_unit_ok(unit, full == 0, "%uD grants find their place", n);
    ngx_eiam_unit_ok(unit, expired == 0,
                     "those that go when they are over are not counted");
    ngx_eiam_unit_ok(unit, shared->metrics.evictions == n
                           && shared->grants.entries == n,
                     "the %uD that go before that are", n);

    ngx_eiam_unit_zone_close(&z);
}


/* a worker was killed during a change */

static void
ngx_eiam_unit_metrics_wipe(ngx_eiam_unit_t *unit)
{
    ngx_str_t                  id = ngx_string("getUsers");
    ngx_eiam_grant_t           grant;
    ngx_eiam_digest_t          key;
    ngx_eiam_shared_t         *shared;
    ngx_eiam_unit_zone_t       z;
    ngx_eiam_operation_row_t  *row;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    shared = z.zone.shared;

    row = ngx_eiam_metrics_operation(&shared->metrics, &id);
    ngx_eiam_metrics_add(&row->counts[0]);

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));
    ngx_eiam_unit_key(1, key);
    ngx_eiam_cache_put(shared, key, &grant, NGX_EIAM_UNIT_NOW, 1);

    shared->records->open = 1;
    shared->changing = 1;

    ngx_eiam_zone_lock(&z.zone);
    ngx_eiam_zone_unlock(&z.zone);

    ngx_eiam_unit_ok(unit, shared->grants.entries == 0
                           && shared->grants.used == 0
                           && shared->records->open == 0,
                     "where the zone is emptied, nothing is in it, and the "
                     "circuit is closed");
    ngx_eiam_unit_ok(unit, ngx_eiam_metrics_find(&shared->metrics, &id) == row
                           && row->counts[0] == 1,
                     "but the counts go on");

    ngx_eiam_unit_zone_close(&z);
}


/* a record of another source is reused: its circuit does not carry over */

static void
ngx_eiam_unit_metrics_circuit(ngx_eiam_unit_t *unit)
{
    ngx_int_t             rc;
    ngx_eiam_source_t    *a, *b;
    ngx_eiam_unit_zone_t  z, next, last;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    a = *(ngx_eiam_source_t **) z.zone.sources.elts;
    a->record->open = 1;

    if (ngx_eiam_unit_zone_next(unit, &next, &z) != NGX_OK) {
        abort();
    }

    rc = ngx_eiam_unit_zone_init(&next, &z);

    if (rc != NGX_OK || ngx_eiam_unit_zone_next(unit, &last, &next) != NGX_OK)
    {
        abort();
    }

    b = ngx_eiam_unit_zone_source(unit, &last, "b");
    rc = ngx_eiam_unit_zone_init(&last, &next);

    ngx_eiam_unit_ok(unit, rc == NGX_OK && b->record == a->record
                           && b->record->open == 0,
                     "the circuit of a source that is new is closed");

    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_metrics_make(ngx_eiam_unit_t *unit, ngx_eiam_metrics_t *metrics,
    size_t size)
{
    u_char  *p;

    p = ngx_pcalloc(unit->pool, size + 1);
    if (p == NULL) {
        abort();
    }

    ngx_memzero(metrics, sizeof(ngx_eiam_metrics_t));
    ngx_eiam_metrics_lay_out(metrics, p, size);
}


static void
ngx_eiam_unit_metrics_id(ngx_uint_t n, u_char *text, ngx_str_t *id)
{
    id->data = text;
    id->len = ngx_sprintf(text, "id%ui", n) - text;
}
