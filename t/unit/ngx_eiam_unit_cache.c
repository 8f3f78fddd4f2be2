
/*
 * The cache compared with a model: an array of grants, the newest first, and
 * the same number of cells.  The model predicts what the cache does.
 */

#include "ngx_eiam_unit_zone.h"


#define NGX_EIAM_UNIT_CACHE_CELL     64      /* bytes */
#define NGX_EIAM_UNIT_CACHE_TEXT     60      /* bytes of text in a cell */
#define NGX_EIAM_UNIT_CACHE_LEAST    2       /* minimum cells of a grant */

#define NGX_EIAM_UNIT_CACHE_KEYS     600
#define NGX_EIAM_UNIT_CACHE_STEPS    20000
#define NGX_EIAM_UNIT_CACHE_MANY     20000


typedef struct {
    uint32_t     n;                 /* of the key */
    uint32_t     len;               /* of the text */
    uint8_t      used;              /* when, in seconds */
} ngx_eiam_unit_model_grant_t;


typedef struct {
    ngx_eiam_unit_model_grant_t   grants[NGX_EIAM_UNIT_CACHE_MANY];
    uint32_t                      ngrants;
    uint32_t                      cells;      /* in use */
    uint32_t                      ncells;
    uint32_t                      evicted;
} ngx_eiam_unit_model_t;


static void ngx_eiam_unit_cache_texts(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_cache_times(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_cache_implicit(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_cache_order(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_cache_refusals(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_cache_buckets(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_cache_models(ngx_eiam_unit_t *unit);
static const char *ngx_eiam_unit_cache_step(ngx_eiam_shared_t *shared,
    ngx_eiam_unit_model_t *model, uint32_t *seed);
static const char *ngx_eiam_unit_cache_compare(ngx_eiam_shared_t *shared,
    const ngx_eiam_unit_model_t *model, ngx_uint_t absent);
static void ngx_eiam_unit_cache_many(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_cache_sizes(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_cache_holds(ngx_eiam_unit_t *unit,
    size_t size, size_t len, size_t *cells);

static void ngx_eiam_unit_model_put(ngx_eiam_unit_model_t *model, uint32_t n,
    uint32_t len);
static void ngx_eiam_unit_model_touch(ngx_eiam_unit_model_t *model,
    uint32_t n);
static void ngx_eiam_unit_model_remove(ngx_eiam_unit_model_t *model,
    uint32_t n);
static uint32_t ngx_eiam_unit_model_find(const ngx_eiam_unit_model_t *model,
    uint32_t n);
static uint32_t ngx_eiam_unit_model_cells(uint32_t len);

static void ngx_eiam_unit_cache_add(ngx_eiam_shared_t *shared, uint32_t n,
    size_t len, time_t now);
static ngx_uint_t ngx_eiam_unit_cache_has(ngx_eiam_shared_t *shared,
    uint32_t n);
static const char *ngx_eiam_unit_cache_order_fault(
    ngx_eiam_shared_t *shared, uint32_t learned);
static void ngx_eiam_unit_cache_classes(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_cache_count(ngx_eiam_shared_t *shared,
    uint32_t first, uint32_t n);
static void ngx_eiam_unit_cache_add_class(ngx_eiam_shared_t *shared,
    uint32_t n, size_t len, time_t expires, ngx_uint_t learned);
static ngx_eiam_refusal_t *ngx_eiam_unit_cache_refused(
    ngx_eiam_shared_t *shared, uint32_t n);
static size_t ngx_eiam_unit_cache_length(uint32_t *seed);


void
ngx_eiam_unit_cache(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_clock_t  clock;

    ngx_eiam_unit_clock_stop(&clock);

    ngx_eiam_unit_cache_texts(unit);
    ngx_eiam_unit_cache_times(unit);
    ngx_eiam_unit_cache_implicit(unit);
    ngx_eiam_unit_cache_order(unit);
    ngx_eiam_unit_cache_classes(unit);
    ngx_eiam_unit_cache_refusals(unit);
    ngx_eiam_unit_cache_buckets(unit);
    ngx_eiam_unit_cache_models(unit);
    ngx_eiam_unit_cache_many(unit);
    ngx_eiam_unit_cache_sizes(unit);

    ngx_eiam_unit_clock_go(&clock);
}


static void
ngx_eiam_unit_cache_texts(ngx_eiam_unit_t *unit)
{
    size_t                 len;
    u_char                 text[NGX_EIAM_UNIT_TEXT_MAX];
    ngx_uint_t             wrong;
    const char            *fault;
    ngx_eiam_entry_t      *entry;
    ngx_eiam_grant_t       grant;
    ngx_eiam_digest_t      key;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    wrong = 0;
    fault = NULL;

    for (len = 0; len <= NGX_EIAM_UNIT_TEXT_MAX && fault == NULL; len++) {

        ngx_eiam_unit_cache_add(z.zone.shared, len, len, NGX_EIAM_UNIT_NOW);

        ngx_eiam_unit_key(len, key);
        entry = ngx_eiam_cache_find(z.zone.shared, key);

        if (entry) {
            ngx_memset(text, 0, NGX_EIAM_UNIT_TEXT_MAX);
            ngx_eiam_cache_read(z.zone.shared, entry, &grant);
        }

        wrong += entry == NULL
                 || grant.application.len + grant.scopes.len != len
                 || !ngx_eiam_unit_grant_is(len, &grant);

        fault = ngx_eiam_unit_cache_fault(z.zone.shared);
    }

    ngx_eiam_unit_ok(unit, wrong == 0,
                     "texts of 0 to %d bytes come back byte for byte",
                     NGX_EIAM_UNIT_TEXT_MAX);
    ngx_eiam_unit_ok(unit, fault == NULL, "64 kB are enough for that%s",
                     fault ? fault : "");

    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_cache_times(ngx_eiam_unit_t *unit)
{
    ngx_uint_t             i;
    ngx_eiam_entry_t      *entry;
    ngx_eiam_grant_t       grant;
    ngx_eiam_digest_t      key;
    ngx_eiam_unit_zone_t   z;

    static const struct {
        time_t   given;
        time_t   read;
    } times[] = {
        { NGX_EIAM_NEVER, NGX_EIAM_NEVER },
        { NGX_EIAM_UNIT_NOW, NGX_EIAM_UNIT_NOW },
        { 1, 1 }, { 0, 0 }, { -1, 0 },
        { 4294967294, 4294967294 }, { 4294967296, NGX_EIAM_NEVER },
    };

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);
    ngx_eiam_unit_key(1, key);
    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {

        grant.expires = times[i].given;
        ngx_eiam_cache_put(z.zone.shared, key, &grant, NGX_EIAM_UNIT_NOW, 77);

        entry = ngx_eiam_cache_find(z.zone.shared, key);
        ngx_eiam_cache_read(z.zone.shared, entry, &grant);

        ngx_eiam_unit_ok(unit, grant.expires == times[i].read
                               && entry->checked == NGX_EIAM_UNIT_NOW
                               && entry->flight == 77,
                         "an expiry of %T", times[i].given);
    }

    ngx_eiam_unit_zone_close(&z);
}


/* grants that name their scopes, and grants of the application's permissions */

static void
ngx_eiam_unit_cache_implicit(ngx_eiam_unit_t *unit)
{
    ngx_uint_t             i;
    ngx_eiam_entry_t      *entry;
    ngx_eiam_grant_t       grant, read;
    ngx_eiam_digest_t      key;
    ngx_eiam_unit_zone_t   z;

    static const struct {
        ngx_str_t   scopes;
        ngx_uint_t  implicit;
    } rows[] = {
        { ngx_string(""), 1 }, { ngx_string(""), 0 },
        { ngx_string("user_read"), 1 }, { ngx_string("user_read"), 0 },
        { ngx_null_string, 1 },
    };

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);
    ngx_eiam_unit_key(1, key);

    ngx_memzero(&grant, sizeof(ngx_eiam_grant_t));
    ngx_str_set(&grant.application, "crm");
    grant.expires = NGX_EIAM_NEVER;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        grant.scopes = rows[i].scopes;
        grant.implicit = rows[i].implicit;
        ngx_eiam_cache_put(z.zone.shared, key, &grant, NGX_EIAM_UNIT_NOW, 1);

        ngx_memset(&read, 0xff, sizeof(ngx_eiam_grant_t));
        entry = ngx_eiam_cache_find(z.zone.shared, key);
        ngx_eiam_cache_read(z.zone.shared, entry, &read);

        ngx_eiam_unit_ok(unit, read.implicit == rows[i].implicit
                               && ngx_eiam_unit_equal(&read.application,
                                                      &grant.application)
                               && ngx_eiam_unit_equal(&read.scopes,
                                                      &rows[i].scopes),
                         "scopes \"%V\" that are %simplicit",
                         &rows[i].scopes, rows[i].implicit ? "" : "not ");
    }

    ngx_eiam_unit_zone_close(&z);
}


/* learned and fetched grants: each kind keeps half of the cells */

static void
ngx_eiam_unit_cache_classes(ngx_eiam_unit_t *unit)
{
    time_t                 now;
    uint32_t               i, room, half, learned, seed;
    const char            *fault;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    for (learned = 0; learned < 2; learned++) {

        ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

        shared = z.zone.shared;
        room = (shared->grants.ncells - 1) / NGX_EIAM_UNIT_CACHE_LEAST;
        half = room / 2;
        now = ngx_time();

        for (i = 0; i < room; i++) {
            ngx_eiam_unit_cache_add_class(shared, i, 0, now + 1000, learned);
        }

        ngx_eiam_unit_ok(unit, ngx_eiam_unit_cache_count(shared, 0, room)
                               == room,
                         "%s grants may take all cells while there are no "
                         "others", learned ? "learned" : "fetched");

        for (i = 0; i < 20 * room; i++) {
            ngx_eiam_unit_cache_add_class(shared, 10000 + i, 0, now + 1000,
                                          !learned);
        }

        fault = ngx_eiam_unit_cache_fault(shared);

        ngx_eiam_unit_ok(unit, ngx_eiam_unit_cache_count(shared, room - half,
                                                         half)
                               == half
                               && ngx_eiam_unit_cache_count(shared, 0,
                                                            room - half - 1)
                                  == 0
                               && fault == NULL,
                         "of them half remain, the newest, whatever the "
                         "others want%s", fault ? fault : "");
        ngx_eiam_unit_ok(unit,
                         ngx_eiam_unit_cache_count(shared,
                                                   10000 + 20 * room - half,
                                                   half)
                         == half,
                         "who have the rest");

        for (i = 0; i < 3; i++) {
            ngx_eiam_unit_cache_add_class(shared, 90000 + i, 0, now + 1000,
                                          learned);
        }

        ngx_eiam_unit_ok(unit,
                         ngx_eiam_unit_cache_count(shared, 90000, 3) == 3
                         && ngx_eiam_unit_cache_count(shared, 10000
                                                      + 20 * room - half,
                                                      half)
                            == half
                         && shared->grants.orders[learned].used >= half,
                         "new ones then take the place of their own");

        ngx_eiam_unit_zone_close(&z);

        /* grants that have expired */

        ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

        shared = z.zone.shared;

        for (i = 0; i < half; i++) {
            ngx_eiam_unit_cache_add_class(shared, i, 0, now - 1, learned);
        }

        for (i = 0; i < room; i++) {
            ngx_eiam_unit_cache_add_class(shared, 10000 + i, 0, now + 1000,
                                          !learned);
        }

        ngx_eiam_unit_ok(unit,
                         ngx_eiam_unit_cache_count(shared, 10000, room)
                         == room,
                         "those that are over make room for all others");

        ngx_eiam_unit_zone_close(&z);
    }

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    shared = z.zone.shared;
    seed = 18;
    fault = NULL;
    now = ngx_time();

    for (i = 0; i < 20000 && fault == NULL; i++) {
        learned = ngx_eiam_unit_random(&seed, 1 << (i / 4000)) == 0;
        ngx_eiam_unit_cache_add_class(shared,
                                      2 * ngx_eiam_unit_random(&seed, 1000)
                                      + learned,
                                      ngx_eiam_unit_random(&seed, 4000),
                                      now + 1 - ngx_eiam_unit_random(&seed, 3)
                                                / 2, learned);
        fault = ngx_eiam_unit_cache_fault(shared);
    }

    ngx_eiam_unit_ok(unit, fault == NULL,
                     "20000 grants of both kinds, at random%s",
                     fault ? fault : "");

    ngx_eiam_unit_zone_close(&z);
}


static ngx_uint_t
ngx_eiam_unit_cache_count(ngx_eiam_shared_t *shared, uint32_t first,
    uint32_t n)
{
    uint32_t  i, found;

    found = 0;

    for (i = first; i < first + n; i++) {
        found += ngx_eiam_unit_cache_has(shared, i);
    }

    return found;
}


static void
ngx_eiam_unit_cache_add_class(ngx_eiam_shared_t *shared, uint32_t n,
    size_t len, time_t expires, ngx_uint_t learned)
{
    u_char             text[NGX_EIAM_UNIT_TEXT_MAX];
    ngx_eiam_grant_t   grant;
    ngx_eiam_digest_t  key;

    ngx_eiam_unit_key(n, key);
    ngx_eiam_unit_grant(n, len, text, &grant);

    grant.expires = expires;
    grant.learned = learned;

    ngx_eiam_cache_put(shared, key, &grant, ngx_time(), 1);
}


static void
ngx_eiam_unit_cache_order(ngx_eiam_unit_t *unit)
{
    uint32_t               n, next, room;
    ngx_eiam_entry_t      *entry;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_digest_t      key;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    shared = z.zone.shared;
    room = (shared->grants.ncells - 1) / NGX_EIAM_UNIT_CACHE_LEAST;

    for (n = 0; n < room; n++) {
        ngx_eiam_unit_cache_add(shared, n, 0, NGX_EIAM_UNIT_NOW);
    }

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_cache_has(shared, 0),
                     "as many grants as there are pairs of cells");

    next = room;
    ngx_eiam_unit_cache_add(shared, next++, 0, NGX_EIAM_UNIT_NOW);

    ngx_eiam_unit_ok(unit, !ngx_eiam_unit_cache_has(shared, 0)
                           && ngx_eiam_unit_cache_has(shared, 1)
                           && ngx_eiam_unit_cache_has(shared, room),
                     "one more: the oldest goes");

    ngx_eiam_unit_key(1, key);
    entry = ngx_eiam_cache_find(shared, key);
    ngx_eiam_cache_touch(shared, entry, NGX_EIAM_UNIT_NOW + 1);
    ngx_eiam_unit_cache_add(shared, next++, 0, NGX_EIAM_UNIT_NOW + 1);

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_cache_has(shared, 1)
                           && !ngx_eiam_unit_cache_has(shared, 2),
                     "one that was used meanwhile stays");

    ngx_eiam_unit_cache_add(shared, 3, 0, NGX_EIAM_UNIT_NOW + 1);
    ngx_eiam_unit_cache_add(shared, next++, 0, NGX_EIAM_UNIT_NOW + 1);

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_cache_has(shared, 3)
                           && !ngx_eiam_unit_cache_has(shared, 4),
                     "so does one that was checked again, in its own place");

    shared->changing = 0;
    ngx_eiam_unit_key(next - 1, key);
    entry = ngx_eiam_cache_find(shared, key);
    ngx_eiam_cache_touch(shared, entry, NGX_EIAM_UNIT_NOW + 1);

    ngx_eiam_unit_ok(unit, shared->changing == 0,
                     "a second use in a second changes nothing");

    ngx_eiam_unit_cache_add(shared, next++, NGX_EIAM_UNIT_TEXT_MAX,
                            NGX_EIAM_UNIT_NOW + 1);

    /* one cell may be left */

    n = ngx_eiam_unit_model_cells(NGX_EIAM_UNIT_TEXT_MAX)
        - (shared->grants.ncells - 1) % NGX_EIAM_UNIT_CACHE_LEAST;
    n = (n + 1) / NGX_EIAM_UNIT_CACHE_LEAST;

    ngx_eiam_unit_ok(unit, !ngx_eiam_unit_cache_has(shared, n + 4)
                           && ngx_eiam_unit_cache_has(shared, n + 5)
                           && ngx_eiam_unit_cache_has(shared, 1),
                     "the longest one takes the place of %uD, no more", n);

    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_cache_refusals(ngx_eiam_unit_t *unit)
{
    ngx_eiam_digest_t      key;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_refusal_t    *refusal;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);
    shared = z.zone.shared;

    ngx_eiam_unit_key(1, key);
    ngx_eiam_cache_refuse(shared, key, NGX_EIAM_TOKEN_EXPIRED,
                          NGX_EIAM_DOWN, NGX_EIAM_UNIT_NOW, 5);
    refusal = ngx_eiam_unit_cache_refused(shared, 1);

    ngx_eiam_unit_ok(unit, refusal
                           && refusal->reason == NGX_EIAM_TOKEN_EXPIRED
                           && refusal->checked == NGX_EIAM_UNIT_NOW
                           && refusal->flight == 5
                           && !ngx_eiam_unit_cache_has(shared, 1),
                     "a refusal is found with its reason");

    key[NGX_EIAM_REFUSAL_KEY - 1] ^= 1;
    ngx_eiam_unit_ok(unit, ngx_eiam_cache_find_refusal(shared, key) == NULL,
                     "another key is not refused");

    ngx_eiam_unit_cache_add(shared, 1, 100, NGX_EIAM_UNIT_NOW);
    ngx_eiam_unit_ok(unit, ngx_eiam_unit_cache_has(shared, 1)
                           && ngx_eiam_unit_cache_refused(shared, 1) == NULL,
                     "a grant takes the place of a refusal");

    ngx_eiam_unit_key(1, key);
    ngx_eiam_cache_refuse(shared, key, NGX_EIAM_SOURCE_UNAVAILABLE,
                          NGX_EIAM_DOWN, NGX_EIAM_UNIT_NOW, 6);
    ngx_eiam_unit_ok(unit, ngx_eiam_unit_cache_has(shared, 1)
                           && ngx_eiam_unit_cache_refused(shared, 1)->flight
                              == 6,
                     "a failure does not remove the grant");

    ngx_eiam_cache_refuse(shared, key, NGX_EIAM_TOKEN_INVALID,
                          NGX_EIAM_DOWN, NGX_EIAM_UNIT_NOW, 7);
    refusal = ngx_eiam_unit_cache_refused(shared, 1);

    ngx_eiam_unit_ok(unit, !ngx_eiam_unit_cache_has(shared, 1)
                           && refusal->reason == NGX_EIAM_TOKEN_INVALID
                           && refusal->flight == 7,
                     "a refusal does, and takes the place of the failure");

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_cache_fault(shared) == NULL
                           && shared->grants.orders[0].newest == 0
                           && shared->grants.orders[0].oldest == 0,
                     "the cells of the grant are free again");

    ngx_eiam_unit_zone_close(&z);
}


/* the oldest refusal of a full bucket is evicted, and no grant */

static void
ngx_eiam_unit_cache_buckets(ngx_eiam_unit_t *unit)
{
    uint32_t               i, n, lost, room, seed;
    ngx_uint_t             grants;
    ngx_eiam_digest_t      key;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);
    shared = z.zone.shared;

    room = (shared->grants.ncells - 1) / NGX_EIAM_UNIT_CACHE_LEAST;

    for (i = 0; i < room; i++) {
        ngx_eiam_unit_cache_add(shared, i, 0, NGX_EIAM_UNIT_NOW);
    }

    /* keys of one bucket, as they begin alike */

    for (i = 0; i <= NGX_EIAM_REFUSALS; i++) {
        ngx_memzero(key, NGX_EIAM_DIGEST_LEN);
        key[5] = i + 1;
        ngx_eiam_cache_refuse(shared, key, NGX_EIAM_TOKEN_INVALID,
                              NGX_EIAM_DOWN,
                              NGX_EIAM_UNIT_NOW + (i * 5 + 2) % 8, 1);
    }

    for (i = 0, lost = 0, n = 0; i <= NGX_EIAM_REFUSALS; i++) {
        key[5] = i + 1;

        if (ngx_eiam_cache_find_refusal(shared, key) == NULL) {
            lost++;
            n = i;
        }
    }

    /* 6 * 5 + 2 is 0 modulo 8 */

    ngx_eiam_unit_ok(unit, lost == 1 && n == 6,
                     "a full bucket: the oldest refusal goes");

    /*
     * the same within one second, when the number of flights has just wrapped
     */

    key[0] = 1;

    for (i = 0; i <= NGX_EIAM_REFUSALS + 2; i++) {
        key[5] = i + 1;
        ngx_eiam_cache_refuse(shared, key, NGX_EIAM_TOKEN_INVALID,
                              NGX_EIAM_DOWN, NGX_EIAM_UNIT_NOW, i - 5);
    }

    for (i = 0, lost = 0, n = 0; i <= NGX_EIAM_REFUSALS + 2; i++) {
        key[5] = i + 1;

        if (ngx_eiam_cache_find_refusal(shared, key) == NULL) {
            lost++;
            n = i;
        }
    }

    ngx_eiam_unit_ok(unit, lost == 3 && n == 2,
                     "within a second: that of the oldest flight");

    seed = 1;

    for (i = 0; i < 100000; i++) {
        ngx_eiam_unit_key(1000000 + i, key);
        ngx_eiam_cache_refuse(shared, key,
                              ngx_eiam_unit_random(&seed, 2)
                              ? NGX_EIAM_TOKEN_INVALID
                              : NGX_EIAM_SOURCE_UNAVAILABLE,
                              NGX_EIAM_DOWN, NGX_EIAM_UNIT_NOW + 1 + i / 1000,
                              1);
    }

    for (i = 0, grants = 0; i < room; i++) {
        grants += ngx_eiam_unit_cache_has(shared, i);
    }

    ngx_eiam_unit_ok(unit, grants == room
                           && ngx_eiam_cache_find_refusal(shared, key),
                     "100,000 refusals and failures push out no grant");

    for (i = 2000000; i < 2000000 + 5000; i++) {
        ngx_eiam_unit_cache_add(shared, i, 100, NGX_EIAM_UNIT_NOW + 200);
    }

    ngx_eiam_unit_ok(unit, ngx_eiam_cache_find_refusal(shared, key) != NULL,
                     "nor grants a refusal");

    ngx_eiam_unit_zone_close(&z);
}


/* in a small zone everything is compared after each step */

static void
ngx_eiam_unit_cache_models(ngx_eiam_unit_t *unit)
{
    uint32_t                i, seed;
    const char             *fault;
    ngx_eiam_unit_zone_t    z;
    ngx_eiam_unit_model_t  *model;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    model = ngx_pcalloc(unit->pool, sizeof(ngx_eiam_unit_model_t));
    if (model == NULL) {
        abort();
    }

    model->ncells = z.zone.shared->grants.ncells - 1;
    seed = 4711;
    fault = NULL;

    for (i = 0; i < NGX_EIAM_UNIT_CACHE_STEPS && fault == NULL; i++) {
        ngx_eiam_unit_clock_pass(ngx_eiam_unit_random(&seed, 700));
        fault = ngx_eiam_unit_cache_step(z.zone.shared, model, &seed);
    }

    ngx_eiam_unit_ok(unit, fault == NULL,
                     "%uD steps in a small zone, with %uD evictions: the "
                     "least recently used goes first%s", i, model->evicted,
                     fault ? fault : "");

    ngx_eiam_unit_zone_close(&z);
}


static const char *
ngx_eiam_unit_cache_step(ngx_eiam_shared_t *shared,
    ngx_eiam_unit_model_t *model, uint32_t *seed)
{
    size_t               len;
    uint32_t             n;
    const char          *fault;
    ngx_eiam_entry_t    *entry;
    ngx_eiam_digest_t    key;

    n = ngx_eiam_unit_random(seed, NGX_EIAM_UNIT_CACHE_KEYS);
    ngx_eiam_unit_key(n, key);

    switch (ngx_eiam_unit_random(seed, 8)) {

    case 0:
        ngx_eiam_cache_refuse(shared, key, NGX_EIAM_TOKEN_INVALID,
                              NGX_EIAM_DOWN, ngx_time(), 1);
        ngx_eiam_unit_model_remove(model, n);
        break;

    case 1:
        ngx_eiam_cache_refuse(shared, key, NGX_EIAM_SOURCE_UNAVAILABLE,
                              NGX_EIAM_DOWN, ngx_time(), 1);
        break;

    case 2:
    case 3:
    case 4:
        entry = ngx_eiam_cache_find(shared, key);

        if (entry) {
            ngx_eiam_cache_touch(shared, entry, ngx_time());
        }

        ngx_eiam_unit_model_touch(model, n);
        break;

    default:
        len = ngx_eiam_unit_cache_length(seed);
        ngx_eiam_unit_cache_add(shared, n, len, ngx_time());
        ngx_eiam_unit_model_put(model, n, len);
    }

    fault = ngx_eiam_unit_cache_fault(shared);

    return fault ? fault
                 : ngx_eiam_unit_cache_compare(shared, model,
                                               NGX_EIAM_UNIT_CACHE_KEYS);
}


/*
 * whether both have the same grants in the same order, and none below "absent"
 */

static const char *
ngx_eiam_unit_cache_compare(ngx_eiam_shared_t *shared,
    const ngx_eiam_unit_model_t *model, ngx_uint_t absent)
{
    uint32_t                            i, n, found;
    ngx_eiam_entry_t                   *entry;
    ngx_eiam_grant_t                    grant;
    ngx_eiam_digest_t                   key;
    const ngx_eiam_unit_model_grant_t  *expected;

    n = shared->grants.orders[0].newest;

    for (i = 0; i < model->ngrants; i++) {

        if (n == 0) {
            return ", but a grant is missing";
        }

        expected = &model->grants[i];
        entry = &shared->grants.cells[n];

        ngx_eiam_unit_key(expected->n, key);

        if (ngx_memcmp(entry->key, key, NGX_EIAM_DIGEST_LEN) != 0) {
            return ", but the order is another";
        }

        if (ngx_eiam_cache_find(shared, key) != entry) {
            return ", but a grant is not found";
        }

        ngx_eiam_cache_read(shared, entry, &grant);

        if (grant.application.len + grant.scopes.len != expected->len
            || !ngx_eiam_unit_grant_is(expected->n, &grant))
        {
            return ", but a grant is another";
        }

        n = entry->older;
    }

    if (n) {
        return ", but there is one grant more";
    }

    for (i = 0, found = 0; i < absent; i++) {
        found += ngx_eiam_unit_cache_has(shared, i);
    }

    return (absent && found != model->ngrants)
           ? ", but one is found that is not there" : NULL;
}


/* in a large zone, with many more grants than it has room for */

static void
ngx_eiam_unit_cache_many(ngx_eiam_unit_t *unit)
{
    size_t                  len;
    uint32_t                i, n, seed;
    const char             *fault;
    ngx_eiam_digest_t       key;
    ngx_eiam_unit_zone_t    z;
    ngx_eiam_unit_model_t  *model;

    ngx_eiam_unit_zone_make(unit, &z, 1024 * 1024);

    model = ngx_pcalloc(unit->pool, sizeof(ngx_eiam_unit_model_t));
    if (model == NULL) {
        abort();
    }

    model->ncells = z.zone.shared->grants.ncells - 1;
    seed = 815;
    fault = NULL;

    for (i = 0; i < NGX_EIAM_UNIT_CACHE_MANY && fault == NULL; i++) {

        ngx_eiam_unit_clock_pass(1000);

        len = ngx_eiam_unit_cache_length(&seed);
        ngx_eiam_unit_cache_add(z.zone.shared, i, len, ngx_time());
        ngx_eiam_unit_model_put(model, i, len);

        /* a grant that is probably old, and one that is probably new */

        n = ngx_eiam_unit_random(&seed, i + 1);
        n = (i % 2) ? n : ngx_max(n, ngx_eiam_unit_random(&seed, i + 1));
        ngx_eiam_unit_key(n, key);

        if (ngx_eiam_unit_cache_has(z.zone.shared, n)) {
            ngx_eiam_cache_touch(z.zone.shared,
                                 ngx_eiam_cache_find(z.zone.shared, key),
                                 ngx_time());
        }

        ngx_eiam_unit_model_touch(model, n);

        if (i % 1000 == 999) {
            fault = ngx_eiam_unit_cache_fault(z.zone.shared);
        }

        if (fault == NULL && i % 1000 == 999) {
            fault = ngx_eiam_unit_cache_compare(z.zone.shared, model, i + 1);
        }
    }

    ngx_eiam_unit_ok(unit, fault == NULL && model->evicted > 1000,
                     "%uD grants of all lengths in 1 MB: %uD are evicted, "
                     "none fails%s", i, model->evicted, fault ? fault : "");

    ngx_eiam_unit_zone_close(&z);
}


/* mostly short lengths, and sometimes the longest */

static size_t
ngx_eiam_unit_cache_length(uint32_t *seed)
{
    uint32_t  n;

    n = ngx_eiam_unit_random(seed, 100);

    return (n == 0) ? NGX_EIAM_UNIT_TEXT_MAX
           : (n < 10) ? ngx_eiam_unit_random(seed, NGX_EIAM_UNIT_TEXT_MAX + 1)
           : (n < 20) ? 0
                      : ngx_eiam_unit_random(seed, 300);
}


/* besides id and scopes a grant takes at most 176 bytes, with its hash heads */

static void
ngx_eiam_unit_cache_sizes(ngx_eiam_unit_t *unit)
{
    size_t       len, cells, worst;
    ngx_uint_t   n, most, least;
    const struct ngx_eiam_unit_cache_size_s {
        size_t   from;
        size_t   to;
        size_t   zone;
    }           *row;

    static const struct ngx_eiam_unit_cache_size_s  rows[] = {
        { 0, 0, 1024 * 1024 }, { 1, 60, 1024 * 1024 },
        { 61, 120, 1024 * 1024 }, { 121, 300, 256 * 1024 },
        { 0, 0, 0 }
    };

    for (row = rows; row->zone; row++) {

        most = 0;
        least = NGX_MAX_UINT32_VALUE;
        worst = 0;

        for (len = row->from; len <= row->to; len++) {

            n = ngx_eiam_unit_cache_holds(unit, row->zone, len, &cells);

            most = ngx_max(most, n);
            least = ngx_min(least, n);
            worst = ngx_max(worst, cells / n - len);
        }

        ngx_eiam_unit_ok(unit, least > 0 && worst <= 177,
                         "%uz kB hold %ui to %ui grants with %uz to %uz bytes "
                         "of id and scopes, each with %uz bytes more at most",
                         row->zone / 1024, least, most, row->from, row->to,
                         worst);
    }
}


/* how many grants are kept in that many bytes of cells */

static ngx_uint_t
ngx_eiam_unit_cache_holds(ngx_eiam_unit_t *unit, size_t size, size_t len,
    size_t *cells)
{
    uint32_t               n;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, size);
    shared = z.zone.shared;

    for (n = 0; n == 0 || ngx_eiam_unit_cache_has(shared, 0); n++) {
        ngx_eiam_unit_cache_add(shared, n, len, NGX_EIAM_UNIT_NOW);
    }

    /* with their share of the hash heads */

    *cells = shared->grants.ncells * NGX_EIAM_UNIT_CACHE_CELL
             + (shared->grants.mask + 1) * sizeof(uint32_t);

    ngx_eiam_unit_zone_close(&z);

    return n - 1;
}


static void
ngx_eiam_unit_model_put(ngx_eiam_unit_model_t *model, uint32_t n,
    uint32_t len)
{
    uint32_t                      cells;
    ngx_eiam_unit_model_grant_t  *grant;

    ngx_eiam_unit_model_remove(model, n);

    cells = ngx_eiam_unit_model_cells(len);

    while (model->cells + cells > model->ncells) {
        grant = &model->grants[--model->ngrants];
        model->cells -= ngx_eiam_unit_model_cells(grant->len);
        model->evicted++;
    }

    ngx_memmove(model->grants + 1, model->grants,
                model->ngrants * sizeof(ngx_eiam_unit_model_grant_t));

    model->ngrants++;
    model->cells += cells;

    model->grants[0].n = n;
    model->grants[0].len = len;
    model->grants[0].used = (uint8_t) ngx_time();
}


static void
ngx_eiam_unit_model_touch(ngx_eiam_unit_model_t *model, uint32_t n)
{
    uint32_t                     i;
    ngx_eiam_unit_model_grant_t  grant;

    i = ngx_eiam_unit_model_find(model, n);

    if (i == model->ngrants
        || model->grants[i].used == (uint8_t) ngx_time())
    {
        return;
    }

    grant = model->grants[i];
    grant.used = (uint8_t) ngx_time();

    ngx_memmove(model->grants + 1, model->grants,
                i * sizeof(ngx_eiam_unit_model_grant_t));

    model->grants[0] = grant;
}


static void
ngx_eiam_unit_model_remove(ngx_eiam_unit_model_t *model, uint32_t n)
{
    uint32_t  i;

    i = ngx_eiam_unit_model_find(model, n);

    if (i == model->ngrants) {
        return;
    }

    model->cells -= ngx_eiam_unit_model_cells(model->grants[i].len);
    model->ngrants--;

    ngx_memmove(model->grants + i, model->grants + i + 1,
                (model->ngrants - i) * sizeof(ngx_eiam_unit_model_grant_t));
}


static uint32_t
ngx_eiam_unit_model_find(const ngx_eiam_unit_model_t *model, uint32_t n)
{
    uint32_t  i;

    for (i = 0; i < model->ngrants; i++) {

        if (model->grants[i].n == n) {
            break;
        }
    }

    return i;
}


static uint32_t
ngx_eiam_unit_model_cells(uint32_t len)
{
    /* the text begins with the generation and the time of issue */

    len += 2 * sizeof(uint32_t);

    return 1 + (len + NGX_EIAM_UNIT_CACHE_TEXT - 1) / NGX_EIAM_UNIT_CACHE_TEXT;
}


static void
ngx_eiam_unit_cache_add(ngx_eiam_shared_t *shared, uint32_t n, size_t len,
    time_t now)
{
    u_char             text[NGX_EIAM_UNIT_TEXT_MAX];
    ngx_eiam_grant_t   grant;
    ngx_eiam_digest_t  key;

    ngx_eiam_unit_key(n, key);
    ngx_eiam_unit_grant(n, len, text, &grant);

    ngx_eiam_cache_put(shared, key, &grant, now, 1);
}


static ngx_uint_t
ngx_eiam_unit_cache_has(ngx_eiam_shared_t *shared, uint32_t n)
{
    ngx_eiam_digest_t  key;

    ngx_eiam_unit_key(n, key);

    return ngx_eiam_cache_find(shared, key) != NULL;
}


static ngx_eiam_refusal_t *
ngx_eiam_unit_cache_refused(ngx_eiam_shared_t *shared, uint32_t n)
{
    ngx_eiam_digest_t  key;

    ngx_eiam_unit_key(n, key);

    return ngx_eiam_cache_find_refusal(shared, key);
}


const char *
ngx_eiam_unit_cache_fault(ngx_eiam_shared_t *shared)
{
    uint32_t            i, k, used, learned;
    const char         *fault;
    ngx_eiam_grants_t  *grants;

    grants = &shared->grants;

    fault = ngx_eiam_unit_cache_order_fault(shared, 0);

    if (fault == NULL) {
        fault = ngx_eiam_unit_cache_order_fault(shared, 1);
    }

    if (fault) {
        return fault;
    }

    used = grants->orders[0].used + grants->orders[1].used;

    if (used != grants->used) {
        return ", but the classes have other cells than all of them";
    }

    for (i = grants->free; i; i = grants->cells[i].next) {

        if (i >= grants->unused || ++used > grants->ncells) {
            return ", but the free cells lead nowhere";
        }
    }

    if (used != grants->unused - 1) {
        return ", but cells are lost";
    }

    for (i = 0, used = 0; i <= grants->mask; i++) {

        for (k = grants->heads[i]; k; k = grants->cells[k].chain) {

            if (k >= grants->unused || ++used > grants->ncells) {
                return ", but a head leads nowhere";
            }
        }
    }

    for (learned = 0; learned < 2; learned++) {

        for (i = grants->orders[learned].newest;
             i;
             i = grants->cells[i].older)
        {
            used--;
        }
    }

    return used ? ", but a head has more grants than the list" : NULL;
}


/* the grants of one kind, from the newest to the oldest */

static const char *
ngx_eiam_unit_cache_order_fault(ngx_eiam_shared_t *shared, uint32_t learned)
{
    uint32_t            i, k, last, used, texts;
    ngx_eiam_entry_t   *entry;
    ngx_eiam_order_t   *order;
    ngx_eiam_grants_t  *grants;

    grants = &shared->grants;
    order = &grants->orders[learned];
    used = 0;
    last = 0;

    for (i = order->newest; i; last = i, i = entry->older) {

        if (i >= grants->unused || ++used > grants->ncells) {
            return ", but the list leads nowhere";
        }

        entry = &grants->cells[i];

        if (entry->learned != learned) {
            return ", but a grant is in the order of the other class";
        }

        if (entry->newer != last) {
            return ", but the list is another one backwards";
        }

        if (ngx_eiam_cache_find(shared, entry->key) != entry) {
            return ", but a grant is not under its head";
        }

        texts = ngx_eiam_unit_model_cells(entry->application + entry->scopes)
                - 1;

        for (k = entry->next; k; k = grants->cells[k].next) {

            if (k >= grants->unused || texts-- == 0
                || ++used > grants->ncells)
            {
                return ", but a text leads nowhere";
            }
        }

        if (texts) {
            return ", but a text is too short";
        }
    }

    if (order->oldest != last) {
        return ", but the oldest is another one";
    }

    return (order->used == used) ? NULL : ", but cells are not counted";
}
