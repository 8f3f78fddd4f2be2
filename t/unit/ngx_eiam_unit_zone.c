
#include "ngx_eiam_unit_zone.h"

#include <sys/mman.h>


#define NGX_EIAM_UNIT_ZONE_SOURCES  50


static void ngx_eiam_unit_zone_sizes(ngx_eiam_unit_t *unit);
static const char *ngx_eiam_unit_zone_fault(const ngx_eiam_unit_zone_t *z);
static void ngx_eiam_unit_zone_too_small(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_zone_sources(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_zone_reload(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_zone_broken(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_zone_fill(ngx_eiam_unit_zone_t *z, ngx_uint_t n);
static void ngx_eiam_unit_zone_scribble(ngx_eiam_unit_zone_t *z);
static void ngx_eiam_unit_zone_swept(ngx_eiam_unit_t *unit);
static ngx_pid_t ngx_eiam_unit_zone_dead(void);


static ngx_log_t   ngx_eiam_unit_zone_log;      /* silent */
static ngx_time_t  ngx_eiam_unit_clock_now;
static ngx_msec_t  ngx_eiam_unit_clock_start;


void
ngx_eiam_unit_zone(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_clock_t  clock;

    ngx_eiam_unit_clock_stop(&clock);

    ngx_eiam_unit_zone_sizes(unit);
    ngx_eiam_unit_zone_too_small(unit);
    ngx_eiam_unit_zone_sources(unit);
    ngx_eiam_unit_zone_reload(unit);
    ngx_eiam_unit_zone_broken(unit);
    ngx_eiam_unit_zone_swept(unit);

    ngx_eiam_unit_clock_go(&clock);
}


static void
ngx_eiam_unit_zone_sizes(ngx_eiam_unit_t *unit)
{
    ngx_uint_t             i;
    const char            *fault;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    static const size_t  sizes[] = {
        64 * 1024, 65 * 1024, 100 * 1000, 128 * 1024, 1024 * 1024,
        10 * 1024 * 1024, 64 * 1024 * 1024, 0
    };

    for (i = 0; sizes[i]; i++) {

        ngx_eiam_unit_zone_make(unit, &z, sizes[i]);

        fault = ngx_eiam_unit_zone_fault(&z);
        shared = z.zone.shared;

        ngx_eiam_unit_ok(unit, fault == NULL,
                         "%uz kB: parts for %uD cells of grants, %uD "
                         "refusals and %uD flights, one behind the other%s",
                         sizes[i] / 1024, shared->grants.ncells - 1,
                         (shared->refusals.mask + 1) * NGX_EIAM_REFUSALS,
                         shared->flights.nslots - 1, fault ? fault : "");

        ngx_eiam_unit_zone_close(&z);
    }
}


static const char *
ngx_eiam_unit_zone_fault(const ngx_eiam_unit_zone_t *z)
{
    u_char             *first, *last, *p;
    ngx_uint_t          i;
    ngx_eiam_shared_t  *shared;

    shared = z->zone.shared;
    first = z->shm_zone.shm.addr;
    last = first + z->shm_zone.shm.size;

    struct {
        void    *start;
        size_t   size;
    } parts[] = {
        { shared->flights.slots,
          shared->flights.nslots * sizeof(ngx_eiam_flight_t) },
        { shared->flights.heads, NGX_EIAM_FLIGHTS_HEADS * sizeof(uint32_t) },
        { shared->refusals.slots,
          (shared->refusals.mask + 1) * NGX_EIAM_REFUSALS
          * sizeof(ngx_eiam_refusal_t) },
        { shared->grants.heads,
          (shared->grants.mask + 1) * sizeof(uint32_t) },
        { shared->grants.cells,
          shared->grants.ncells * sizeof(ngx_eiam_entry_t) },
        { NULL, 0 }
    };

    if ((u_char *) shared < first || (u_char *) shared >= last) {
        return ", but begins elsewhere";
    }

    p = (u_char *) z->zone.pool->start;

    for (i = 0; parts[i].start; i++) {

        if ((u_char *) parts[i].start < p) {
            return ", but two overlap";
        }

        p = (u_char *) parts[i].start + parts[i].size;
    }

    if (p > last) {
        return ", but the last goes on beyond its end";
    }

    if (shared->grants.ncells < 100 || shared->flights.nslots < 10) {
        return ", but one is too small";
    }

    return NULL;
}


static void
ngx_eiam_unit_zone_too_small(ngx_eiam_unit_t *unit)
{
    size_t                size;
    ngx_int_t             rc;
    ngx_uint_t            i, errors;
    u_char                name[32];
    ngx_eiam_unit_zone_t  z;

    errors = 0;

    for (size = 3 * ngx_pagesize; size < 6 * ngx_pagesize;
         size += ngx_pagesize)
    {
        if (ngx_eiam_unit_zone_open(unit, &z, size) == NGX_OK) {
            errors += ngx_eiam_unit_zone_init(&z, NULL) == NGX_ERROR;
            ngx_eiam_unit_zone_close(&z);
        }
    }

    ngx_eiam_unit_ok(unit, errors > 0, "too small a zone is an error");

    if (ngx_eiam_unit_zone_open(unit, &z, NGX_EIAM_ZONE_MIN) != NGX_OK) {
        abort();
    }

    for (i = 0; i < 5000; i++) {
        *ngx_sprintf(name, "%ui", i) = '\0';
        (void) ngx_eiam_unit_zone_source(unit, &z, (char *) name);
    }

    rc = ngx_eiam_unit_zone_init(&z, NULL);

    ngx_eiam_unit_ok(unit, rc == NGX_ERROR, "so it is for its sources");

    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_zone_sources(ngx_eiam_unit_t *unit)
{
    ngx_int_t              rc;
    ngx_uint_t             i, k, equal;
    u_char                 name[32];
    ngx_eiam_source_t    **source, *first, *second;
    ngx_eiam_unit_zone_t   z;

    if (ngx_eiam_unit_zone_open(unit, &z, NGX_EIAM_ZONE_MIN) != NGX_OK) {
        abort();
    }

    first = ngx_eiam_unit_zone_source(unit, &z, "0");
    second = ngx_eiam_unit_zone_source(unit, &z, "0");

    ngx_eiam_unit_ok(unit, first == second && z.zone.sources.nelts == 1,
                     "a source that is named twice is one");

    for (i = 1; i < NGX_EIAM_UNIT_ZONE_SOURCES; i++) {
        *ngx_sprintf(name, "%ui", i) = '\0';
        (void) ngx_eiam_unit_zone_source(unit, &z, (char *) name);
    }

    rc = ngx_eiam_unit_zone_init(&z, NULL);

    source = z.zone.sources.elts;
    equal = 0;

    for (i = 0; rc == NGX_OK && i < z.zone.sources.nelts; i++) {

        for (k = 0; k < i; k++) {
            equal += source[i]->record == source[k]->record;
        }
    }

    ngx_eiam_unit_ok(unit, rc == NGX_OK && equal == 0,
                     "%d sources in 64 kB, each with a record of its own",
                     NGX_EIAM_UNIT_ZONE_SOURCES);

    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_zone_reload(ngx_eiam_unit_t *unit)
{
    ngx_int_t             rc;
    ngx_uint_t            i, found;
    ngx_eiam_entry_t     *entry;
    ngx_eiam_grant_t      grant;
    ngx_eiam_digest_t     key;
    ngx_eiam_source_t    *a, *b;
    ngx_eiam_unit_zone_t  z, next, last;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);
    ngx_eiam_unit_zone_fill(&z, 20);

    a = *(ngx_eiam_source_t **) z.zone.sources.elts;
    a->record->failures = 3;

    if (ngx_eiam_unit_zone_next(unit, &next, &z) != NGX_OK) {
        abort();
    }

    b = ngx_eiam_unit_zone_source(unit, &next, "b");
    (void) ngx_eiam_unit_zone_source(unit, &next, "a");

    rc = ngx_eiam_unit_zone_init(&next, &z);

    found = 0;

    for (i = 0; rc == NGX_OK && i < 20; i++) {

        ngx_eiam_unit_key(i, key);
        entry = ngx_eiam_cache_find(next.zone.shared, key);

        if (entry) {
            ngx_eiam_cache_read(next.zone.shared, entry, &grant);
            found += ngx_eiam_unit_grant_is(i, &grant);
        }
    }

    ngx_eiam_unit_ok(unit, found == 20, "a reload keeps the grants");
    ngx_eiam_unit_ok(unit, ngx_eiam_flight_find(next.zone.shared, key)
                           != NULL, "and the flights");

    a = ((ngx_eiam_source_t **) next.zone.sources.elts)[1];

    ngx_eiam_unit_ok(unit, rc == NGX_OK && a->record->failures == 3
                           && a->record->flights == 1,
                     "a source is found again by its name");
    ngx_eiam_unit_ok(unit, rc == NGX_OK && b->record->failures == 0
                           && b->record != a->record,
                     "a new one begins anew");

    /* the configuration after that has no "a", and the next one has it again */

    if (ngx_eiam_unit_zone_next(unit, &last, &next) != NGX_OK) {
        abort();
    }

    rc = ngx_eiam_unit_zone_init(&last, &next);

    if (ngx_eiam_unit_zone_next(unit, &z, &last) != NGX_OK) {
        abort();
    }

    b = ngx_eiam_unit_zone_source(unit, &z, "a");

    ngx_eiam_unit_ok(unit, rc == NGX_OK
                           && ngx_eiam_unit_zone_init(&z, &last) == NGX_OK
                           && b->record == a->record,
                     "also after a configuration without it");

    z.shm_zone.shm.exists = 1;

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_zone_init(&z, NULL) == NGX_OK
                           && z.zone.shared == last.zone.shared
                           && b->record == a->record,
                     "also in memory that was there before nginx");

    ngx_eiam_unit_zone_close(&z);
}


/* what a worker leaves that was killed while it held the lock */

static void
ngx_eiam_unit_zone_broken(ngx_eiam_unit_t *unit)
{
    uint32_t                serial;
    const char             *fault;
    ngx_eiam_digest_t       key;
    ngx_eiam_record_t      *record;
    ngx_eiam_shared_t      *shared;
    ngx_eiam_unit_zone_t    z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);
    ngx_eiam_unit_zone_fill(&z, 20);

    shared = z.zone.shared;
    record = shared->records;
    record->failures = 7;
    ngx_eiam_unit_key(19, key);

    ngx_eiam_zone_lock(&z.zone);
    ngx_eiam_unit_ok(unit, ngx_eiam_cache_find(shared, key) != NULL,
                     "a change that was finished stays");
    ngx_eiam_unit_ok(unit, shared->changing == 0, "and leaves no mark");

    ngx_eiam_shared_change(shared);
    ngx_eiam_unit_ok(unit, shared->changing == 1, "a change has its mark");
    ngx_shmtx_unlock(&z.zone.pool->mutex);

    serial = shared->serial;
    ngx_eiam_unit_zone_scribble(&z);

    ngx_eiam_zone_lock(&z.zone);
    ngx_eiam_unit_ok(unit, ngx_eiam_cache_find(shared, key) == NULL
                           && ngx_eiam_cache_find_refusal(shared, key) == NULL
                           && ngx_eiam_flight_find(shared, key) == NULL,
                     "a change that was not finished: everything is wiped");
    ngx_eiam_unit_ok(unit, record->failures == 0 && record->flights == 0
                           && record->probe == 0 && record->retry == 0,
                     "the records too, but they are still there");
    ngx_eiam_unit_ok(unit, shared->serial == serial,
                     "flights do not get the numbers of others again");
    ngx_eiam_zone_unlock(&z.zone);

    ngx_eiam_unit_ok(unit, shared->changing == 0, "then it is as new");

    ngx_eiam_unit_zone_fill(&z, 1000);
    fault = ngx_eiam_unit_cache_fault(shared);

    ngx_eiam_unit_key(999, key);
    ngx_eiam_unit_ok(unit, fault == NULL
                           && ngx_eiam_cache_find(shared, key) != NULL,
                     "and can be filled%s", fault ? fault : "");

    ngx_eiam_unit_zone_close(&z);
}


/* adds that many grants, and a flight with the key of the last one */

static void
ngx_eiam_unit_zone_fill(ngx_eiam_unit_zone_t *z, ngx_uint_t n)
{
    u_char               text[NGX_EIAM_UNIT_TEXT_MAX];
    ngx_uint_t           i;
    ngx_eiam_grant_t     grant;
    ngx_eiam_digest_t    key;
    ngx_eiam_source_t  **source;

    source = z->zone.sources.elts;

    ngx_eiam_zone_lock(&z->zone);

    for (i = 0; i < n; i++) {

        ngx_eiam_unit_key(i, key);
        ngx_eiam_unit_grant(i, i, text, &grant);
        ngx_eiam_cache_put(z->zone.shared, key, &grant, ngx_time(), 1);
    }

    (void) ngx_eiam_flight_begin(z->zone.shared, key, source[0]->record,
                                 ngx_current_msec + 1000, 0);

    ngx_eiam_zone_unlock(&z->zone);
}


/* overwrites everything but the places of the parts */

static void
ngx_eiam_unit_zone_scribble(ngx_eiam_unit_zone_t *z)
{
    uint32_t            i, seed, *word;
    ngx_eiam_shared_t  *shared;

    shared = z->zone.shared;
    seed = 1;

    word = (uint32_t *) shared->flights.slots;

    for (i = 0; i < shared->flights.nslots * sizeof(ngx_eiam_flight_t) / 4;
         i++)
    {
        word[i] = ngx_eiam_unit_random(&seed, 0);
    }

    for (i = 0; i < NGX_EIAM_FLIGHTS_HEADS; i++) {
        shared->flights.heads[i] = ngx_eiam_unit_random(&seed, 0);
    }

    word = (uint32_t *) shared->refusals.slots;

    for (i = 0; i < (shared->refusals.mask + 1) * NGX_EIAM_REFUSALS
                    * sizeof(ngx_eiam_refusal_t) / 4;
         i++)
    {
        word[i] = ngx_eiam_unit_random(&seed, 0);
    }

    for (i = 0; i <= shared->grants.mask; i++) {
        shared->grants.heads[i] = ngx_eiam_unit_random(&seed, 0);
    }

    word = (uint32_t *) shared->grants.cells;

    for (i = 0; i < shared->grants.ncells * sizeof(ngx_eiam_entry_t) / 4;
         i++)
    {
        word[i] = ngx_eiam_unit_random(&seed, 0);
    }

    shared->flights.free = ngx_eiam_unit_random(&seed, 0);
    shared->flights.unused = ngx_eiam_unit_random(&seed, 0);
    shared->grants.free = ngx_eiam_unit_random(&seed, 0);
    shared->grants.unused = ngx_eiam_unit_random(&seed, 0);
    shared->grants.orders[0].newest = ngx_eiam_unit_random(&seed, 0);
    shared->grants.orders[0].oldest = ngx_eiam_unit_random(&seed, 0);
    shared->grants.orders[1].newest = ngx_eiam_unit_random(&seed, 0);
    shared->grants.orders[1].oldest = ngx_eiam_unit_random(&seed, 0);
}


static void
ngx_eiam_unit_zone_swept(ngx_eiam_unit_t *unit)
{
    ngx_uint_t            i, left[4];
    ngx_eiam_digest_t     key[4];
    ngx_eiam_flight_t    *flight;
    ngx_eiam_shared_t    *shared;
    ngx_eiam_unit_zone_t  z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);
    shared = z.zone.shared;

    for (i = 0; i < 4; i++) {

        ngx_eiam_unit_key(i, key[i]);
        flight = ngx_eiam_flight_begin(shared, key[i], shared->records,
                                       ngx_current_msec + 1000, 0);

        /* of this process, of a living one, and of one that has ended */

        flight->pid = (i == 1) ? (uint32_t) getppid()
                      : (i == 2) ? (uint32_t) ngx_eiam_unit_zone_dead()
                                 : (uint32_t) ngx_pid;
    }

    ngx_eiam_flight_find(shared, key[3])->pid = getppid();
    ngx_eiam_flight_find(shared, key[3])->until = ngx_current_msec;

    shared->records->probe = ngx_eiam_flight_find(shared, key[2])->serial;
    shared->changing = 0;

    ngx_eiam_zone_sweep(&z.zone);

    for (i = 0; i < 4; i++) {
        left[i] = ngx_eiam_flight_find(shared, key[i]) != NULL;
    }

    ngx_eiam_unit_ok(unit, !left[0], "a worker that starts has no flights");
    ngx_eiam_unit_ok(unit, left[1], "those of another one go on");
    ngx_eiam_unit_ok(unit, !left[2], "those of a dead one are over");
    ngx_eiam_unit_ok(unit, !left[3], "and those whose time is over");
    ngx_eiam_unit_ok(unit, shared->records->flights == 1
                           && shared->records->probe == 0,
                     "their source knows of it");

    ngx_eiam_unit_zone_close(&z);
}


static ngx_pid_t
ngx_eiam_unit_zone_dead(void)
{
    ngx_pid_t  pid;

    pid = fork();

    if (pid == 0) {
        _exit(0);
    }

    (void) waitpid(pid, NULL, 0);

    return pid;
}


ngx_int_t
ngx_eiam_unit_zone_open(ngx_eiam_unit_t *unit, ngx_eiam_unit_zone_t *z,
    size_t size)
{
    u_char           *p;
    size_t            whole;
    ngx_slab_pool_t  *pool;

    ngx_memzero(z, sizeof(ngx_eiam_unit_zone_t));

    whole = ngx_align(size, ngx_pagesize);

    p = mmap(NULL, whole + 2 * ngx_pagesize, PROT_READ|PROT_WRITE,
             MAP_SHARED|MAP_ANON, -1, 0);

    if (p == MAP_FAILED
        || mprotect(p, ngx_pagesize, PROT_NONE) == -1
        || mprotect(p + ngx_pagesize + whole, ngx_pagesize, PROT_NONE) == -1)
    {
        return NGX_ERROR;
    }

    z->shm_zone.data = &z->zone;
    z->shm_zone.shm.addr = p + ngx_pagesize;
    z->shm_zone.shm.size = size;
    z->shm_zone.shm.log = &ngx_eiam_unit_zone_log;
    ngx_str_set(&z->shm_zone.shm.name, "unit");

    /* as nginx does it */

    pool = (ngx_slab_pool_t *) z->shm_zone.shm.addr;
    pool->end = z->shm_zone.shm.addr + size;
    pool->min_shift = 3;
    pool->addr = z->shm_zone.shm.addr;

    if (ngx_shmtx_create(&pool->mutex, &pool->lock, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_slab_init(pool);

    return ngx_array_init(&z->zone.sources, unit->pool, 4, sizeof(void *));
}


ngx_int_t
ngx_eiam_unit_zone_init(ngx_eiam_unit_zone_t *z, ngx_eiam_unit_zone_t *prior)
{
    return ngx_eiam_zone_init(&z->shm_zone, prior ? &prior->zone : NULL);
}


void
ngx_eiam_unit_zone_close(ngx_eiam_unit_zone_t *z)
{
    size_t            whole;
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) z->shm_zone.shm.addr;
    whole = ngx_align(z->shm_zone.shm.size, ngx_pagesize);

    ngx_shmtx_destroy(&pool->mutex);

    (void) munmap(z->shm_zone.shm.addr - ngx_pagesize,
                  whole + 2 * ngx_pagesize);
}


ngx_int_t
ngx_eiam_unit_zone_next(ngx_eiam_unit_t *unit, ngx_eiam_unit_zone_t *z,
    const ngx_eiam_unit_zone_t *prior)
{
    ngx_memzero(z, sizeof(ngx_eiam_unit_zone_t));

    z->shm_zone = prior->shm_zone;
    z->shm_zone.data = &z->zone;

    return ngx_array_init(&z->zone.sources, unit->pool, 4, sizeof(void *));
}


ngx_eiam_source_t *
ngx_eiam_unit_zone_source(ngx_eiam_unit_t *unit, ngx_eiam_unit_zone_t *z,
    const char *name)
{
    ngx_str_t           id;
    ngx_eiam_source_t  *source;

    id.data = (u_char *) name;
    id.len = ngx_strlen(name);

    source = ngx_eiam_source_add(&z->zone, &id, unit->pool);
    if (source == NULL) {
        abort();
    }

    source->is_asked = 1;

    return source;
}


void
ngx_eiam_unit_zone_make(ngx_eiam_unit_t *unit, ngx_eiam_unit_zone_t *z,
    size_t size)
{
    if (ngx_eiam_unit_zone_open(unit, z, size) != NGX_OK) {
        abort();
    }

    (void) ngx_eiam_unit_zone_source(unit, z, "a");

    ngx_eiam_unit_zone_start(z);
}


void
ngx_eiam_unit_zone_two(ngx_eiam_unit_t *unit, ngx_eiam_unit_zone_t *z,
    size_t size, ngx_eiam_source_t **a, ngx_eiam_source_t **b)
{
    if (ngx_eiam_unit_zone_open(unit, z, size) != NGX_OK) {
        abort();
    }

    *a = ngx_eiam_unit_zone_source(unit, z, "a");
    *b = ngx_eiam_unit_zone_source(unit, z, "b");
}


void
ngx_eiam_unit_zone_start(ngx_eiam_unit_zone_t *z)
{
    if (ngx_eiam_unit_zone_init(z, NULL) != NGX_OK) {
        abort();
    }
}


void
ngx_eiam_unit_clock_stop(ngx_eiam_unit_clock_t *clock)
{
    clock->cached = ngx_cached_time;
    clock->msec = ngx_current_msec;

    ngx_eiam_unit_clock_start = ngx_current_msec;
    ngx_eiam_unit_clock_now.sec = NGX_EIAM_UNIT_NOW;

    ngx_cached_time = &ngx_eiam_unit_clock_now;
}


void
ngx_eiam_unit_clock_pass(ngx_int_t ms)
{
    ngx_current_msec += ms;

    ngx_eiam_unit_clock_now.sec = NGX_EIAM_UNIT_NOW
                                  + (ngx_msec_int_t) (ngx_current_msec
                                       - ngx_eiam_unit_clock_start) / 1000;
}


void
ngx_eiam_unit_clock_go(const ngx_eiam_unit_clock_t *clock)
{
    ngx_cached_time = clock->cached;
    ngx_current_msec = clock->msec;
}


uint32_t
ngx_eiam_unit_random(uint32_t *seed, uint32_t below)
{
    uint32_t  n;

    n = *seed;
    n ^= n << 13;
    n ^= n >> 17;
    n ^= n << 5;
    *seed = n;

    return below ? n % below : n;
}


/* as evenly distributed as a digest, and faster */

void
ngx_eiam_unit_key(uint32_t n, ngx_eiam_digest_t key)
{
    uint32_t    i, seed;

    seed = n * 2654435761u + 12345;
    seed += (seed == 0);

    for (i = 0; i < NGX_EIAM_DIGEST_LEN; i += sizeof(uint32_t)) {
        (void) ngx_eiam_unit_random(&seed, 0);
        ngx_memcpy(key + i, &seed, sizeof(uint32_t));
    }
}


void
ngx_eiam_unit_grant(uint32_t n, size_t len, u_char *text,
    ngx_eiam_grant_t *grant)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        text[i] = (u_char) (n * 31 + i * 7 + (i >> 8) + len);
    }

    grant->application.data = text;
    grant->application.len = ngx_min(len * 7 % 256, len);

    if (len - grant->application.len > NGX_EIAM_SCOPES_TEXT_MAX) {
        grant->application.len = len - NGX_EIAM_SCOPES_TEXT_MAX;
    }

    grant->scopes.data = text + grant->application.len;
    grant->scopes.len = len - grant->application.len;

    grant->implicit = n / 3 % 2;
    grant->learned = 0;
    grant->expires = NGX_EIAM_UNIT_NOW + n;
}


ngx_uint_t
ngx_eiam_unit_grant_is(uint32_t n, const ngx_eiam_grant_t *grant)
{
    u_char            text[NGX_EIAM_UNIT_TEXT_MAX];
    ngx_eiam_grant_t  expected;

    ngx_eiam_unit_grant(n, grant->application.len + grant->scopes.len, text,
                        &expected);

    return ngx_eiam_unit_equal(&grant->application, &expected.application)
           && ngx_eiam_unit_equal(&grant->scopes, &expected.scopes)
           && grant->implicit == expected.implicit
           && grant->expires == expected.expires;
}
