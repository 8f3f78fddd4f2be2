
#include <ngx_eiam_flight.h>


static uint32_t *ngx_eiam_flight_head(ngx_eiam_flights_t *flights,
    const ngx_eiam_digest_t key);
static ngx_uint_t ngx_eiam_flight_is_full(const ngx_eiam_flights_t *flights,
    ngx_uint_t stranger);
static ngx_uint_t ngx_eiam_flight_is_orphan(const ngx_eiam_flight_t *flight,
    ngx_uint_t start);


void
ngx_eiam_flight_wipe(ngx_eiam_shared_t *shared)
{
    ngx_eiam_flights_t  *flights;

    flights = &shared->flights;

    ngx_memzero(flights->heads, NGX_EIAM_FLIGHTS_HEADS * sizeof(uint32_t));
    ngx_memzero(flights->slots, flights->nslots * sizeof(ngx_eiam_flight_t));

    flights->unused = 1;
    flights->free = 0;
    flights->strangers = 0;
}


ngx_eiam_flight_t *
ngx_eiam_flight_find(ngx_eiam_shared_t *shared, const ngx_eiam_digest_t key)
{
    uint32_t            i;
    ngx_eiam_flight_t  *flight;

    for (i = *ngx_eiam_flight_head(&shared->flights, key);
         i;
         i = flight->chain)
    {
        flight = &shared->flights.slots[i];

        if (ngx_memcmp(flight->key, key, NGX_EIAM_DIGEST_LEN) == 0) {
            return flight;
        }
    }

    return NULL;
}


ngx_eiam_flight_t *
ngx_eiam_flight_join(ngx_eiam_shared_t *shared, const ngx_eiam_digest_t key)
{
    ngx_eiam_flight_t  *flight;

    if (ngx_eiam_flight_find(shared, key) == NULL) {
        return NULL;
    }

    ngx_eiam_flight_tidy(shared);

    flight = ngx_eiam_flight_find(shared, key);

    if (flight && flight->until <= ngx_current_msec) {
        ngx_eiam_flight_end(shared, flight);
        return NULL;
    }

    return flight;
}


ngx_eiam_flight_t *
ngx_eiam_flight_own(ngx_eiam_shared_t *shared, const ngx_eiam_digest_t key,
    uint32_t serial)
{
    ngx_eiam_flight_t  *flight;

    flight = ngx_eiam_flight_find(shared, key);

    return (flight && flight->serial == serial) ? flight : NULL;
}


static uint32_t *
ngx_eiam_flight_head(ngx_eiam_flights_t *flights, const ngx_eiam_digest_t key)
{
    return &flights->heads[key[0] % NGX_EIAM_FLIGHTS_HEADS];
}


ngx_eiam_flight_t *
ngx_eiam_flight_begin(ngx_eiam_shared_t *shared, const ngx_eiam_digest_t key,
    ngx_eiam_record_t *record, uint64_t until, ngx_uint_t stranger)
{
    uint32_t             i, *head;
    ngx_eiam_flight_t   *flight;
    ngx_eiam_flights_t  *flights;

    flights = &shared->flights;

    if (ngx_eiam_flight_is_full(flights, stranger)) {

        ngx_eiam_flight_tidy(shared);

        if (ngx_eiam_flight_is_full(flights, stranger)) {
            return NULL;
        }
    }

    ngx_eiam_shared_change(shared);

    if (flights->free) {
        i = flights->free;
        flights->free = flights->slots[i].chain;

    } else {
        i = flights->unused++;
    }

    ngx_eiam_shared_step(shared);

    /* 0 stands for no flight */

    if (++shared->serial == 0) {
        shared->serial = 1;
    }

    flight = &flights->slots[i];

    ngx_memcpy(flight->key, key, NGX_EIAM_DIGEST_LEN);

    flight->record = record;
    flight->until = until;
    flight->serial = shared->serial;
    flight->pid = ngx_pid;
    flight->stranger = stranger;

    head = ngx_eiam_flight_head(flights, key);
    flight->chain = *head;
    ngx_eiam_shared_step(shared);
    *head = i;
    ngx_eiam_shared_step(shared);

    record->flights++;
    record->strangers += stranger;
    ngx_eiam_shared_step(shared);
    flights->strangers += stranger;
    ngx_eiam_shared_step(shared);

    return flight;
}


/* the first slot is not used, as 0 stands for no slot */

static ngx_uint_t
ngx_eiam_flight_is_full(const ngx_eiam_flights_t *flights, ngx_uint_t stranger)
{
    return (flights->free == 0 && flights->unused == flights->nslots)
           || (stranger && flights->strangers >= flights->nslots / 2);
}


void
ngx_eiam_flight_end(ngx_eiam_shared_t *shared, ngx_eiam_flight_t *flight)
{
    uint32_t            *link;
    ngx_eiam_record_t   *record;
    ngx_eiam_flights_t  *flights;

    ngx_eiam_shared_change(shared);

    flights = &shared->flights;
    record = flight->record;

    record->flights--;
    record->strangers -= flight->stranger;
    ngx_eiam_shared_step(shared);
    flights->strangers -= flight->stranger;
    ngx_eiam_shared_step(shared);

    if (record->probe == flight->serial) {
        record->probe = 0;
    }

    link = ngx_eiam_flight_head(flights, flight->key);

    while (&flights->slots[*link] != flight) {
        link = &flights->slots[*link].chain;
    }

    *link = flight->chain;
    ngx_eiam_shared_step(shared);

    flight->serial = 0;
    flight->chain = flights->free;
    ngx_eiam_shared_step(shared);
    flights->free = flight - flights->slots;
    ngx_eiam_shared_step(shared);
}


void
ngx_eiam_flight_sweep(ngx_eiam_shared_t *shared, ngx_uint_t start)
{
    uint32_t            i;
    ngx_eiam_flight_t  *flight;

    for (i = 1; i < shared->flights.unused; i++) {

        flight = &shared->flights.slots[i];

        if (flight->serial
            && (flight->until <= ngx_current_msec
                || ngx_eiam_flight_is_orphan(flight, start)))
        {
            ngx_eiam_flight_end(shared, flight);
        }
    }
}


void
ngx_eiam_flight_tidy(ngx_eiam_shared_t *shared)
{
    if (shared->swept != ngx_time()) {
        shared->swept = ngx_time();
        ngx_eiam_flight_sweep(shared, 0);
    }
}


/* a worker that has just started has no flights, whatever its process id */

static ngx_uint_t
ngx_eiam_flight_is_orphan(const ngx_eiam_flight_t *flight, ngx_uint_t start)
{
    if (flight->pid == (uint32_t) ngx_pid) {
        return start;
    }

    return kill(flight->pid, 0) == -1 && ngx_errno == NGX_ESRCH;
}
