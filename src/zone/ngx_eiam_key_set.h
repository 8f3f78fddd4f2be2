
/*
 * Key sets in the zone: a set is fetched by one worker and parsed by each.  All
 * functions take the zone's lock, unless they say otherwise.
 */


#ifndef _NGX_EIAM_KEY_SET_H_INCLUDED_
#define _NGX_EIAM_KEY_SET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_zone.h>


#define NGX_EIAM_KEY_SET_MAX    (64 * 1024)   /* bytes of packed keys */
#define NGX_EIAM_KEY_SET_RETRY  1000          /* ms: to the next fetch after a
                                                 failure */
#define NGX_EIAM_KEY_SET_REST   10000         /* ms: longer, if there is an old
                                                 set */
#define NGX_EIAM_KEY_SET_PAUSE  500           /* ms: after a client has gone
                                                 away */


/* a key set in the zone */

struct ngx_eiam_key_set_s {
    u_char               *text;
    size_t                len;           /* 0: there is no text yet */
    time_t                fetched;
    uint64_t              retry;         /* ms: no fetch earlier, after a
                                            failure */
    uint64_t              unknown;       /* ms: none earlier for unknown keys */
    uint64_t              interval;      /* ms: added to unknown at the flight's
                                            end */
    uint64_t              owed;          /* ms: when to repeat an abandoned
                                            fetch; 0: none was abandoned */
    uint32_t              flight;        /* serial; 0: no fetch is under way */
    uint32_t              generation;    /* number of the text */
    uint32_t              content;       /* number of the content, which grants
                                            name that depend on the set */
    ngx_eiam_digest_t     digest;        /* of the content */
    uint32_t              failed;        /* flag: the last fetch failed */
    uint32_t              owner;         /* number of the configuration */
    uint32_t              current;       /* flag: fetched for the owner */
};


typedef struct {
    time_t                refresh;       /* s: age when it is fetched again */
    time_t                max_age;       /* s: age when it is used no longer */
    ngx_msec_t            interval;      /* ms: of fetches for unknown keys */
    ngx_msec_t            timeout;       /* ms: of one fetch */
} ngx_eiam_key_terms_t;


typedef struct {
    /* set by the caller */
    uint32_t              generation;    /* of the worker's keys; 0: none */
    ngx_uint_t            unknown;       /* flag: they lack the token's key */
    ngx_uint_t            quiet;         /* flag: a fetch delays the answer */
    ngx_uint_t            idle;          /* flag: answered, so it never waits */

    /* set by ngx_eiam_key_set_ask() */
    ngx_str_t             text;          /* a newer set, or empty */
    uint32_t              content;       /* of the newer set */
    ngx_uint_t            fetch;         /* flag: the caller has to fetch the
                                            set, and then to settle or abandon
                                            the flight */
    uint32_t              flight;
} ngx_eiam_key_question_t;


/*
 * NGX_OK: the caller uses question->text, which lives until the next call, or
 * if it is empty the keys that the worker has; NGX_AGAIN: the caller waits for
 * source->id; NGX_DECLINED: there is no newer set; NGX_ABORT: there is no
 * usable set.  With NGX_OK and NGX_AGAIN question->fetch may tell the caller to
 * fetch the set.
 */
ngx_int_t ngx_eiam_key_set_ask(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question);

/*
 * Forgets all fetches of the set.  The caller holds the lock and has marked the
 * change.
 */
void ngx_eiam_key_set_reset(ngx_eiam_shared_t *shared,
    ngx_eiam_key_set_t *set);

/*
 * Whether the set should be fetched again.  It is read without the lock, so it
 * is only a hint.  A request that this set has answered then asks for it with
 * question->idle.
 */

#define ngx_eiam_key_set_is_due(source, terms)                                \
    (ngx_time() - (source)->record->keys->fetched >= (terms)->refresh         \
     || (source)->record->keys->owner < (source)->zone->number                \
     || !(source)->record->keys->current)

/*
 * Ends a fetch: with the text of a set and the digest of its content, or with
 * NULL if the fetch failed.  Cached grants that depend on another content
 * become void.
 */
void ngx_eiam_key_set_settle(ngx_eiam_source_t *source, uint32_t flight,
    const ngx_str_t *text, const ngx_eiam_digest_t digest);

/*
 * Ends a fetch without a result.  Requests that wait for it go on waiting, and
 * one of them fetches the set a little later.
 */
void ngx_eiam_key_set_abandon(ngx_eiam_source_t *source, uint32_t flight);


#endif /* _NGX_EIAM_KEY_SET_H_INCLUDED_ */
