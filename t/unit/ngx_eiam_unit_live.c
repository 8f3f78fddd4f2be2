
#include "ngx_eiam_unit_zone.h"
#include <ngx_eiam_live.h>


#define NGX_EIAM_UNIT_LIVE_SIZE  (128 * 1024)


static void ngx_eiam_unit_live_force(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_live_refused(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_live_turns(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_live_records(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_live_killed(ngx_eiam_unit_t *unit);
static ngx_eiam_live_t *ngx_eiam_unit_live_add(ngx_eiam_unit_zone_t *z,
    const char *name, uint32_t n);
static ngx_uint_t ngx_eiam_unit_live_is(ngx_eiam_unit_zone_t *z,
    const ngx_eiam_live_t *live, uint32_t n);
static void ngx_eiam_unit_live_stamps(ngx_eiam_unit_t *unit);


void
ngx_eiam_unit_live(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_live_force(unit);
    ngx_eiam_unit_live_refused(unit);
    ngx_eiam_unit_live_turns(unit);
    ngx_eiam_unit_live_records(unit);
    ngx_eiam_unit_live_killed(unit);
    ngx_eiam_unit_live_stamps(unit);
}


static void
ngx_eiam_unit_live_force(ngx_eiam_unit_t *unit)
{
    ngx_eiam_live_t        *live;
    ngx_eiam_digest_t       other;
    ngx_eiam_unit_zone_t    z;
    ngx_eiam_live_state_t   state;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_UNIT_LIVE_SIZE);
    ngx_eiam_unit_key(2, other);

    live = ngx_eiam_unit_live_add(&z, "a", 1);

    ngx_eiam_unit_ok(unit, live && ngx_eiam_unit_live_is(&z, live, 1)
                           && !ngx_eiam_unit_live_is(&z, live, 2),
                     "in force is what the configuration has read");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_live_put(&z.zone, live, other) == NGX_OK
                     && ngx_eiam_unit_live_is(&z, live, 2)
                     && !ngx_eiam_unit_live_is(&z, live, 1),
                     "then what a worker puts in force, and nothing else");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_live_put(&z.zone, live, other) == NGX_DECLINED,
                     "a second worker has nothing to tell");

    ngx_eiam_live_state(&z.zone, live, &state);

    ngx_eiam_unit_ok(unit, state.generation == 2
                           && ngx_memcmp(state.digest, other,
                                         NGX_EIAM_DIGEST_LEN)
                              == 0,
                     "generations are counted");

    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_live_refused(ngx_eiam_unit_t *unit)
{
    ngx_str_t               fault, longer;
    ngx_eiam_live_t        *live;
    ngx_eiam_stamp_t        stamp, other;
    ngx_eiam_unit_zone_t    z;
    ngx_eiam_live_state_t   state;

    static u_char  text[2 * NGX_EIAM_LIVE_FAULT_MAX];

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_UNIT_LIVE_SIZE);
    live = ngx_eiam_unit_live_add(&z, "a", 1);

    ngx_memzero(&stamp, sizeof(ngx_eiam_stamp_t));
    stamp.inode = 1;
    other = stamp;
    other.changed = 1;

    ngx_str_set(&fault, "bad");
    ngx_memset(text, 'x', sizeof(text));
    longer.data = text;
    longer.len = sizeof(text);

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_live_refuse(&z.zone, live, &stamp, 0, &fault)
                     == NGX_OK
                     && ngx_eiam_live_refuse(&z.zone, live, &stamp, 0, &fault)
                        == NGX_DECLINED
                     && !ngx_eiam_live_is_refused(&z.zone, live, &stamp),
                     "a file that may have changed unseen is told once, and "
                     "read again");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_live_refuse(&z.zone, live, &stamp, 1, &fault)
                     == NGX_DECLINED
                     && ngx_eiam_live_is_refused(&z.zone, live, &stamp)
                     && !ngx_eiam_live_is_refused(&z.zone, live, &other),
                     "one that has rested is not, until its stamp changes");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_live_refuse(&z.zone, live, &stamp, 1, &longer)
                     == NGX_OK,
                     "another fault is told");

    ngx_eiam_live_state(&z.zone, live, &state);

    ngx_eiam_unit_ok(unit, state.fault_len == NGX_EIAM_LIVE_FAULT_MAX
                           && ngx_eiam_unit_live_is(&z, live, 1),
                     "as far as there is room; what is in force stays");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_live_add(&z, "a", 1) == live
                     && !ngx_eiam_live_is_refused(&z.zone, live, &stamp),
                     "what is put in force ends it, even if it is the same");

    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_live_turns(ngx_eiam_unit_t *unit)
{
    ngx_pid_t              self;
    ngx_eiam_live_t       *live;
    ngx_eiam_unit_clock_t  clock;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_UNIT_LIVE_SIZE);
    live = ngx_eiam_unit_live_add(&z, "a", 1);

    ngx_eiam_unit_clock_stop(&clock);
    self = ngx_pid;

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_live_begin(&z.zone, live) == NGX_OK
                     && ngx_eiam_live_begin(&z.zone, live) == NGX_OK,
                     "who reads may go on");

    /* another process, which lives as long as the test does */
    ngx_pid = getppid();

    ngx_eiam_unit_ok(unit, ngx_eiam_live_begin(&z.zone, live) == NGX_AGAIN,
                     "another worker waits for its turn");

    ngx_eiam_live_end(&z.zone, live);

    ngx_eiam_unit_ok(unit, ngx_eiam_live_begin(&z.zone, live) == NGX_AGAIN,
                     "which it cannot end for others");

    ngx_eiam_unit_clock_pass(2000);

    ngx_eiam_unit_ok(unit, ngx_eiam_live_begin(&z.zone, live) == NGX_OK,
                     "a reader that takes too long holds nobody up");

    ngx_pid = self;
    ngx_eiam_unit_clock_go(&clock);
    ngx_eiam_unit_zone_close(&z);
}


static void
ngx_eiam_unit_live_records(ngx_eiam_unit_t *unit)
{
    ngx_uint_t             i, made;
    ngx_eiam_live_t       *live, *kept;
    ngx_eiam_unit_zone_t   z;

    u_char  name[] = "000";

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_UNIT_LIVE_SIZE);
    kept = ngx_eiam_unit_live_add(&z, "a", 1);

    /* as many configurations, each with a file of its own */

    for (i = 0; i < 1000; i++) {
        (void) ngx_sprintf(name, "%03ui", i);
        z.zone.number++;

        if (ngx_eiam_unit_live_add(&z, (char *) name, i) == NULL
            || ngx_eiam_unit_live_add(&z, "a", 1) != kept)
        {
            break;
        }
    }

    made = 0;

    for (live = z.zone.shared->lives; live; live = live->next) {
        made++;
    }

    ngx_eiam_unit_ok(unit, i == 1000 && made <= 4,
                     "reloads with ever other files take no more room: %ui "
                     "records", made);

    ngx_eiam_unit_zone_close(&z);
}


/* the steps of a worker that is killed between them */

static void
ngx_eiam_unit_live_killed(ngx_eiam_unit_t *unit)
{
    ngx_uint_t             cut, ok;
    ngx_eiam_live_t       *live;
    ngx_eiam_digest_t      digest;
    ngx_eiam_unit_zone_t   z;

    ngx_eiam_unit_zone_make(unit, &z, NGX_EIAM_UNIT_LIVE_SIZE);
    live = ngx_eiam_unit_live_add(&z, "a", 1);

    ok = 1;
    ngx_eiam_unit_key(7, digest);

    /* the digest that is not in force is written half */

    for (cut = 0; cut <= NGX_EIAM_DIGEST_LEN; cut++) {
        ngx_memcpy(live->digests[(live->generation + 1) & 1], digest, cut);
        ok &= ngx_eiam_unit_live_is(&z, live, 1);
    }

    live->generation++;
    ok &= ngx_eiam_unit_live_is(&z, live, 7);

    ngx_eiam_unit_ok(unit, ok, "a digest that is half written is not in force");

    ngx_eiam_unit_zone_close(&z);
}


static ngx_eiam_live_t *
ngx_eiam_unit_live_add(ngx_eiam_unit_zone_t *z, const char *name, uint32_t n)
{
    ngx_str_t          text;
    ngx_eiam_digest_t  digest;

    text.data = (u_char *) name;
    text.len = ngx_strlen(name);

    ngx_eiam_unit_key(n, digest);

    return ngx_eiam_live_add(&z->zone, &text, digest);
}


static ngx_uint_t
ngx_eiam_unit_live_is(ngx_eiam_unit_zone_t *z, const ngx_eiam_live_t *live,
    uint32_t n)
{
    ngx_eiam_digest_t  digest;

    ngx_eiam_unit_key(n, digest);

    return ngx_eiam_live_is(&z->zone, live, digest);
}


static void
ngx_eiam_unit_live_stamps(ngx_eiam_unit_t *unit)
{
    ngx_str_t         name;
    struct timespec   now;
    ngx_eiam_stamp_t  stamp, fine, coarse;

    ngx_str_set(&name, "/nowhere/at/all");
    ngx_eiam_stamp(&name, &stamp);

    ngx_eiam_unit_ok(unit, stamp.error == ENOENT
                           && !ngx_eiam_stamp_is_old(&stamp),
                     "a file that is not there has a stamp, too");

    ngx_str_set(&name, "/proc/self/exe");
    ngx_eiam_stamp(&name, &stamp);

    ngx_eiam_unit_ok(unit, stamp.error == 0 && stamp.size > 0
                           && ngx_eiam_stamp_is_old(&stamp),
                     "it is that of the file that a link leads to");

    clock_gettime(CLOCK_REALTIME, &now);

    ngx_memzero(&fine, sizeof(ngx_eiam_stamp_t));
    fine.changed = (uint64_t) now.tv_sec * 1000000000 - 499999999;
    coarse = fine;
    coarse.changed = (uint64_t) (now.tv_sec - 1) * 1000000000;

    ngx_eiam_unit_ok(unit, ngx_eiam_stamp_is_old(&fine)
                           && !ngx_eiam_stamp_is_old(&coarse)
                           && ngx_eiam_stamp_step(&fine) <= 200
                           && ngx_eiam_stamp_step(&coarse) == 2000,
                     "times in whole seconds are trusted later");

    fine.changed = (uint64_t) (now.tv_sec + 3600) * 1000000000 + 1;

    ngx_eiam_unit_ok(unit, !ngx_eiam_stamp_is_old(&fine),
                     "and times of another clock never");
}
