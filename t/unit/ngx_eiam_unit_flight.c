
#include "ngx_eiam_unit_zone.h"


#define NGX_EIAM_UNIT_FLIGHT_KEYS   64
#define NGX_EIAM_UNIT_FLIGHT_STEPS  50000


static void ngx_eiam_unit_flight_one(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_flight_serials(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_flight_all(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_flight_lost(ngx_eiam_unit_t *unit,
    ngx_uint_t stranger);
static void ngx_eiam_unit_flight_model(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_flight_wrong(ngx_eiam_shared_t *shared,
    const uint32_t *serials);
static ngx_eiam_flight_t *ngx_eiam_unit_flight_begin(
    ngx_eiam_shared_t *shared, uint32_t n);
static ngx_eiam_flight_t *ngx_eiam_unit_flight_find(
    ngx_eiam_shared_t *shared, uint32_t n);


void
ngx_eiam_unit_flight(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_flight_one(unit);
    ngx_eiam_unit_flight_serials(unit);
    ngx_eiam_unit_flight_all(unit);
    ngx_eiam_unit_flight_lost(unit, 0);
    ngx_eiam_unit_flight_lost(unit, 1);
    ngx_eiam_unit_flight_model(unit);
}


static void
ngx_eiam_unit_flight_one(ngx_eiam_unit_t *unit)
{
    ngx_eiam_digest_t      key;
    ngx_eiam_flight_t     *flight;
    ngx_eiam_record_t     *record;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    shared = z.zone.shared;
    record = shared->records;

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_flight_find(shared, 1) == NULL,
                     "a new zone has no flights");

    ngx_eiam_unit_key(1, key);
    flight = ngx_eiam_flight_begin(shared, key, record, 12345, 0);

    ngx_eiam_unit_ok(unit, flight == ngx_eiam_unit_flight_find(shared, 1)
                           && flight->record == record
                           && flight->until == 12345
                           && flight->pid == (uint32_t) ngx_pid
                           && flight->serial == shared->serial
                           && record->flights == 1,
                     "a flight is found by its key");

    key[NGX_EIAM_DIGEST_LEN - 1] ^= 1;
    ngx_eiam_unit_ok(unit, ngx_eiam_flight_find(shared, key) == NULL,
                     "another key has none");

    record->probe = flight->serial + 1;
    ngx_eiam_flight_end(shared, flight);

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_flight_find(shared, 1) == NULL
                           && record->flights == 0
                           && record->probe == shared->serial + 1,
                     "it is over, another one's probe is not");

    flight = ngx_eiam_unit_flight_begin(shared, 1);
    record->probe = flight->serial;
    ngx_eiam_flight_end(shared, flight);

    ngx_eiam_unit_ok(unit, record->probe == 0, "its own probe is");

    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_flight_serials(ngx_eiam_unit_t *unit)
{
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);
    shared = z.zone.shared;

    shared->serial = 4294967294;

    ngx_eiam_unit_ok(unit, ngx_eiam_unit_flight_begin(shared, 1)->serial
                           == 4294967295
                           && ngx_eiam_unit_flight_begin(shared, 2)->serial
                              == 1,
                     "no flight has the number 0");

    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_flight_all(ngx_eiam_unit_t *unit)
{
    uint32_t               n;
    ngx_uint_t             i;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    static const size_t  sizes[] = { 64 * 1024, 1024 * 1024,
                                     32 * 1024 * 1024, 0 };

    for (i = 0; sizes[i]; i++) {

        ngx_eiam_unit_zone_make(unit, &z, sizes[i]);
        shared = z.zone.shared;

        for (n = 0; ngx_eiam_unit_flight_begin(shared, n); n++) {
            /* void */
        }

        ngx_eiam_unit_ok(unit, n == shared->flights.nslots - 1
                               && n <= NGX_EIAM_FLIGHTS_MAX
                               && n >= ngx_min(NGX_EIAM_FLIGHTS_MAX,
                                               sizes[i] / 4096)
                               && shared->records->flights == n,
                         "%uz kB: %uD flights at a time, then none",
                         sizes[i] / 1024, n);

        ngx_eiam_flight_end(shared, ngx_eiam_unit_flight_find(shared, n / 2));

        ngx_eiam_unit_ok(unit, ngx_eiam_unit_flight_begin(shared, n)
                               && ngx_eiam_unit_flight_begin(shared, n + 1)
                                  == NULL,
                         "one is over: there is one more");

        while (n) {
            n -= (ngx_eiam_unit_flight_find(shared, n - 1) == NULL);

            if (n) {
                ngx_eiam_flight_end(shared,
                                    ngx_eiam_unit_flight_find(shared, n - 1));
                n--;
            }
        }

        ngx_eiam_unit_ok(unit, shared->records->flights == 1,
                         "all can be over");

        ngx_eiam_unit_zone_close(&z);
    }
}


/* a flight of a worker that was killed and has no successor */

static void
ngx_eiam_unit_flight_lost(ngx_eiam_unit_t *unit, ngx_uint_t stranger)
{
    uint32_t               n;
    ngx_eiam_digest_t      key;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;
    ngx_eiam_unit_clock_t  clock;

    ngx_eiam_unit_clock_stop(&clock);
    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);
    shared = z.zone.shared;

    n = 0;

    do {
        ngx_eiam_unit_key(n++, key);
    } while (ngx_eiam_flight_begin(shared, key, shared->records,
                                   ngx_current_msec + 1000, stranger));

    ngx_eiam_unit_clock_pass(1000);

    ngx_eiam_unit_ok(unit, ngx_eiam_flight_begin(shared, key, shared->records,
                                                 ngx_current_msec + 1000,
                                                 stranger)
                           && shared->records->flights == 1
                           && shared->flights.strangers == stranger,
                     "2.1-16: %uD flights are lost: another one has a place%s",
                     n - 1, stranger ? ", of a new token" : "");

    ngx_eiam_unit_zone_close(&z);
    ngx_eiam_unit_clock_go(&clock);
}


/* begins and ends flights at random, compared with a list */

static void
ngx_eiam_unit_flight_model(ngx_eiam_unit_t *unit)
{
    uint32_t               n, seed, serials[NGX_EIAM_UNIT_FLIGHT_KEYS];
    ngx_uint_t             i, under_way, wrong, full;
    ngx_eiam_flight_t     *flight;
    ngx_eiam_shared_t     *shared;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_ZONE_MIN);

    shared = z.zone.shared;
    seed = 42;
    under_way = 0;
    wrong = 0;
    full = 0;

    ngx_memzero(serials, sizeof(serials));

    for (i = 0; i < NGX_EIAM_UNIT_FLIGHT_STEPS; i++) {

        n = ngx_eiam_unit_random(&seed, NGX_EIAM_UNIT_FLIGHT_KEYS);

        if (serials[n]) {
            ngx_eiam_flight_end(shared, ngx_eiam_unit_flight_find(shared, n));
            serials[n] = 0;
            under_way--;

        } else {
            flight = ngx_eiam_unit_flight_begin(shared, n);
            wrong += (flight == NULL)
                     != (under_way == shared->flights.nslots - 1);

            if (flight) {
                serials[n] = flight->serial;
                under_way++;

            } else {
                full++;
            }
        }

        wrong += ngx_eiam_unit_flight_wrong(shared, serials)
                 || shared->records->flights != under_way;
    }

    ngx_eiam_unit_ok(unit, wrong == 0 && full > 0,
                     "%d flights begin and end at random, %ui times there is "
                     "no place", NGX_EIAM_UNIT_FLIGHT_STEPS, full);

    ngx_eiam_unit_zone_close(&z);
}


static ngx_uint_t
ngx_eiam_unit_flight_wrong(ngx_eiam_shared_t *shared, const uint32_t *serials)
{
    uint32_t            n;
    ngx_eiam_flight_t  *flight;

    for (n = 0; n < NGX_EIAM_UNIT_FLIGHT_KEYS; n++) {

        flight = ngx_eiam_unit_flight_find(shared, n);

        if ((flight ? flight->serial : 0) != serials[n]) {
            return 1;
        }
    }

    return 0;
}


static ngx_eiam_flight_t *
ngx_eiam_unit_flight_begin(ngx_eiam_shared_t *shared, uint32_t n)
{
    ngx_eiam_digest_t  key;

    ngx_eiam_unit_key(n, key);

    return ngx_eiam_flight_begin(shared, key, shared->records,
                                 ngx_current_msec + 1000, 0);
}


static ngx_eiam_flight_t *
ngx_eiam_unit_flight_find(ngx_eiam_shared_t *shared, uint32_t n)
{
    ngx_eiam_digest_t  key;

    ngx_eiam_unit_key(n, key);

    return ngx_eiam_flight_find(shared, key);
}
