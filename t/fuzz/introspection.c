
/*
 * Answers of an authorization server.  The first line of the input is "status
 * type", the second has the scopes of the policies, the rest is the body.  A
 * grant made from the answer is unchanged after it was in the cache.
 */

#include "fuzz.h"
#include <ngx_eiam_cache.h>
#include <ngx_eiam_introspection.h>
#include <ngx_eiam_scope.h>


#define CELLS  80


static struct {
    ngx_uint_t  granted;
    ngx_uint_t  alive;                      /* evicted before they expired */
    ngx_uint_t  expired;                    /* evicted later */
    ngx_uint_t  refused[NGX_EIAM_REASONS];
} counts;


static ngx_eiam_reason_e introspection_read(const ngx_eiam_answer_t *answer,
    ngx_pool_t *pool, ngx_eiam_grant_t *grant);
static void introspection_grant(const ngx_eiam_grant_t *grant,
    const ngx_eiam_answer_t *answer);
static void introspection_scopes(const ngx_eiam_grant_t *grant,
    ngx_str_t *names, ngx_pool_t *pool);
static void introspection_cache(const ngx_eiam_grant_t *grant);
static void introspection_refuse(const ngx_eiam_answer_t *answer,
    ngx_eiam_reason_e reason);
static ngx_eiam_shared_t *introspection_zone(void);
static void introspection_whole(const ngx_eiam_shared_t *shared,
    const ngx_str_t *text);
static void introspection_print(void);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t          rest, line, names;
    fuzz_input_t       input;
    ngx_eiam_grant_t   grant, again;
    ngx_eiam_answer_t  answer;
    ngx_eiam_reason_e  reason;

    fuzz_open(&input, data, size);

    ngx_memzero(&answer, sizeof(ngx_eiam_answer_t));

    rest = input.text;
    line = fuzz_take(&rest, '\n');
    names = fuzz_take(&rest, '\n');
    answer.body = rest;

    rest = line;
    line = fuzz_take(&rest, ' ');
    answer.status = (ngx_uint_t) ngx_max(ngx_atoi(line.data, line.len), 0);
    answer.type = rest;

    reason = introspection_read(&answer, input.pool, &grant);

    fuzz_require(reason == introspection_read(&answer, input.pool, &again),
                 "the same again", &answer.body);

    if (reason == NGX_EIAM_NO_REASON) {
        introspection_grant(&grant, &answer);
        introspection_scopes(&grant, &names, input.pool);
        introspection_cache(&grant);

    } else {
        introspection_refuse(&answer, reason);
    }

    fuzz_close(&input);

    return 0;
}


static ngx_eiam_reason_e
introspection_read(const ngx_eiam_answer_t *answer, ngx_pool_t *pool,
    ngx_eiam_grant_t *grant)
{
    ngx_eiam_detail_e    detail;
    ngx_eiam_reason_e    reason;
    ngx_eiam_document_t  document;

    fuzz_document(&document, "/introspect", pool);

    reason = ngx_eiam_introspection_read(&document, answer, NULL, FUZZ_NOW,
                                         grant, &detail);

    fuzz_require(reason == NGX_EIAM_NO_REASON
                 || reason == NGX_EIAM_TOKEN_INVALID
                 || reason == NGX_EIAM_TOKEN_EXPIRED
                 || (reason == NGX_EIAM_SOURCE_UNAVAILABLE
                     && document.fault.len > 0),
                 "a reason, and a fault of the source", &document.fault);

    return reason;
}


/* what an answer must have to yield a grant */

static void
introspection_grant(const ngx_eiam_grant_t *grant,
    const ngx_eiam_answer_t *answer)
{
    size_t  i;

    fuzz_require(answer->status == 200 && answer->type.len >= 16
                 && ngx_strncasecmp(answer->type.data,
                                    (u_char *) "application/json", 16) == 0
                 && answer->body.len >= sizeof("{\"active\":true}") - 1
                 && memmem(answer->body.data, answer->body.len, "true", 4),
                 "an answer that may grant", &answer->body);

    fuzz_require(grant->expires > FUZZ_NOW, "it has not expired", &answer->body);

    fuzz_require(grant->application.len <= NGX_EIAM_APPLICATION_ID_MAX
                 && grant->scopes.len <= NGX_EIAM_SCOPES_TEXT_MAX,
                 "it has room in the cache", &answer->body);

    for (i = 0; i < grant->application.len; i++) {
        fuzz_require(grant->application.data[i] >= 0x20
                     && grant->application.data[i] != 0x7f,
                     "no control characters", &grant->application);
    }
}


/* a grant has only scopes that are known, and that the token names */

static void
introspection_scopes(const ngx_eiam_grant_t *grant, ngx_str_t *names,
    ngx_pool_t *pool)
{
    ngx_str_t               name, rest;
    ngx_int_t               n;
    ngx_uint_t              found;
    ngx_array_t             order;
    ngx_eiam_scopes_t      *scopes;
    ngx_eiam_scope_bits_t  *set;

    scopes = ngx_eiam_scopes_create(pool);

    for (rest = *names; rest.len; ) {
        name = fuzz_take(&rest, ' ');
        (void) ngx_eiam_scope_number(scopes, &name);
    }

    set = ngx_eiam_scope_set_create(scopes, pool);

    if (ngx_array_init(&order, pool, 1, sizeof(ngx_int_t)) != NGX_OK
        || ngx_eiam_scope_set_read(scopes, &grant->scopes, set, &order)
           != NGX_OK)
    {
        abort();
    }

    for (rest = *names; rest.len; ) {

        name = fuzz_take(&rest, ' ');
        n = ngx_eiam_scope_find(scopes, &name);
        found = 0;

        for (ngx_str_t words = grant->scopes; words.len; ) {
            ngx_str_t word = fuzz_take(&words, ' ');

            found |= word.len && word.len == name.len
                     && memcmp(word.data, name.data, name.len) == 0;
        }

        fuzz_require(name.len == 0 || found == ngx_eiam_scope_set_has(set, n),
                     "scopes are those that are named", &name);
    }
}


static void
introspection_cache(const ngx_eiam_grant_t *grant)
{
    ngx_uint_t          before, alive;
    ngx_eiam_entry_t   *entry;
    ngx_eiam_grant_t    cached;
    ngx_eiam_digest_t   key;
    ngx_eiam_shared_t  *shared;

    shared = introspection_zone();

    ngx_memset(key, grant->scopes.len, NGX_EIAM_DIGEST_LEN);

    before = shared->grants.entries
             + (ngx_eiam_cache_find(shared, key) == NULL);
    alive = shared->metrics.evictions;

    ngx_eiam_cache_put(shared, key, grant, FUZZ_NOW, 1);
    entry = ngx_eiam_cache_find(shared, key);

    fuzz_require(entry != NULL, "it is cached", &grant->scopes);

    ngx_eiam_cache_read(shared, entry, &cached);

    fuzz_require(cached.scopes.len == grant->scopes.len
                 && cached.application.len == grant->application.len
                 && memcmp(cached.scopes.data, grant->scopes.data,
                           cached.scopes.len)
                    == 0
                 && memcmp(cached.application.data, grant->application.data,
                           cached.application.len)
                    == 0,
                 "it is the same in the cache", &grant->scopes);

    introspection_whole(shared, &grant->scopes);

    alive = shared->metrics.evictions - alive;

    counts.granted++;
    counts.alive += alive;
    counts.expired += before - shared->grants.entries - alive;
}


/* a refusal is cached as one, and a failure of the source ends no grant */

static void
introspection_refuse(const ngx_eiam_answer_t *answer,
    ngx_eiam_reason_e reason)
{
    ngx_uint_t           had;
    ngx_eiam_digest_t    key;
    ngx_eiam_shared_t   *shared;
    ngx_eiam_refusal_t  *refusal;

    shared = introspection_zone();

    ngx_memset(key, answer->body.len, NGX_EIAM_DIGEST_LEN);

    had = (ngx_eiam_cache_find(shared, key) != NULL);

    ngx_eiam_cache_refuse(shared, key, reason, NGX_EIAM_ODD, FUZZ_NOW, 1);
    refusal = ngx_eiam_cache_find_refusal(shared, key);

    fuzz_require(refusal && refusal->reason == reason,
                 "a refusal is cached", &answer->body);

    fuzz_require((ngx_eiam_cache_find(shared, key) != NULL)
                 == (had && reason == NGX_EIAM_SOURCE_UNAVAILABLE),
                 "a grant goes when its token is refused", &answer->body);

    introspection_whole(shared, &answer->body);

    counts.refused[reason]++;
}


/* a zone without room for two grants of the greatest size */

static ngx_eiam_shared_t *
introspection_zone(void)
{
    static uint32_t            heads[8];
    static ngx_eiam_entry_t    cells[CELLS];
    static ngx_eiam_refusal_t  refusals[NGX_EIAM_REFUSALS];
    static ngx_eiam_shared_t   shared = {
        .grants = { .cells = cells, .heads = heads, .ncells = CELLS,
                    .mask = 7 },
        .refusals = { .slots = refusals, .mask = 0 }
    };

    if (shared.grants.unused == 0) {
        ngx_eiam_cache_wipe(&shared);

        /* so that some of the grants have expired when they are evicted */

        fuzz_time(FUZZ_NOW + 3600);
        atexit(introspection_print);
    }

    return &shared;
}


/* each cell belongs to a grant in the list, or is free, or was never used */

static void
introspection_whole(const ngx_eiam_shared_t *shared, const ngx_str_t *text)
{
    uint32_t                  i, k, cells, entries;
    const ngx_eiam_grants_t  *grants;

    grants = &shared->grants;
    entries = 0;
    cells = 0;

    for (i = grants->orders[0].newest;
         i && entries < CELLS;
         i = grants->cells[i].older)
    {
        entries++;

        for (k = i; k && cells < CELLS; k = grants->cells[k].next) {
            cells++;
        }
    }

    fuzz_require(entries == grants->entries && cells == grants->used,
                 "grants and cells are counted", text);

    for (i = grants->free; i && cells < CELLS; i = grants->cells[i].next) {
        cells++;
    }

    fuzz_require(cells + 1 == grants->unused, "no cell is lost", text);
}


static void
introspection_print(void)
{
    ngx_uint_t  i;

    fprintf(stderr, "counted: granted %u, evicted alive %u, evicted expired %u",
            (unsigned) counts.granted, (unsigned) counts.alive,
            (unsigned) counts.expired);

    for (i = 0; i < NGX_EIAM_REASONS; i++) {

        if (counts.refused[i]) {
            fprintf(stderr, ", %.*s %u", (int) ngx_eiam_reasons[i].name.len,
                    ngx_eiam_reasons[i].name.data,
                    (unsigned) counts.refused[i]);
        }
    }

    fprintf(stderr, "\n");
}
