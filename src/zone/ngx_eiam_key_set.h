
/*
 * Key sets in the zone: fetched by one worker, parsed by each.  These
 * functions take the zone's lock.
 */


#ifndef _NGX_EIAM_KEY_SET_H_INCLUDED_
#define _NGX_EIAM_KEY_SET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_zone.h>


#define NGX_EIAM_KEY_SET_MAX    (64 * 1024)   /* bytes of JSON */
#define NGX_EIAM_KEY_SET_RETRY  1000          /* ms: after a failure */
#define NGX_EIAM_KEY_SET_REST   10000         /* ms: if the old one will do */
#define NGX_EIAM_KEY_SET_PAUSE  500           /* ms: after a client went away */


/* a set as the zone has it */

struct ngx_eiam_key_set_s {
    u_char               *text;
    size_t                len;           /* 0: there is none */
    time_t                fetched;
    uint64_t              retry;         /* ms: after a failure not before */
    uint64_t              unknown;       /* ms: for unknown keys not before */
    uint64_t              interval;      /* ms: of the fetch under way */
    uint64_t              owed;          /* ms: then one that was abandoned */
    uint32_t              flight;        /* under way, or lost */
    uint32_t              generation;    /* of the text */
    uint32_t              content;       /* of what it says: that decides */
    ngx_eiam_digest_t     digest;        /* of the content */
    uint32_t              failed;        /* the last fetch */
    uint32_t              owner;         /* the configuration that has it */
    uint32_t              current;       /* fetched for that one */
};


typedef struct {
    time_t                refresh;       /* s: then it is fetched again */
    time_t                max_age;       /* s: then it is of no use */
    ngx_msec_t            interval;      /* of fetches for unknown keys */
    ngx_msec_t            timeout;       /* of a fetch */
} ngx_eiam_key_terms_t;


typedef struct {
    uint32_t              generation;    /* that the worker has; 0: none */
    ngx_uint_t            unknown;       /* and that does not do */
    ngx_uint_t            quiet;         /* cannot fetch beside its answer */
    ngx_uint_t            idle;          /* does without: never waits */
    ngx_str_t             text;          /* of a newer one, or empty */
    uint32_t              content;       /* of that one */
    ngx_uint_t            fetch;         /* you fetch it: settle it */
    uint32_t              flight;
} ngx_eiam_key_question_t;


/*
 * NGX_OK: use what you have, or question->text, which lives until the next
 * call; NGX_AGAIN: wait for source->id; NGX_DECLINED: there is nothing newer;
 * NGX_ABORT: there is nothing that could be used.  Besides question->fetch may
 * be set: with NGX_AGAIN it has to be.
 */
ngx_int_t ngx_eiam_key_set_ask(ngx_eiam_source_t *source,
    const ngx_eiam_key_terms_t *terms, ngx_eiam_key_question_t *question);

/* for the holder of the lock, in a change: of its fetches nothing is known */
void ngx_eiam_key_set_reset(ngx_eiam_shared_t *shared,
    ngx_eiam_key_set_t *set);

/*
 * Without the lock, so it is only a hint: is it time for another fetch?  Then
 * whoever has an answer by this set asks for it, being idle.
 */

#define ngx_eiam_key_set_is_due(source, terms)                                \
    (ngx_time() - (source)->record->keys->fetched >= (terms)->refresh         \
     || (source)->record->keys->owner < (source)->zone->number                \
     || !(source)->record->keys->current)

/*
 * The fetch has ended: with a set that was read, and the digest of its
 * content, or with NULL.  What came of another content is void from then on.
 */
void ngx_eiam_key_set_settle(ngx_eiam_source_t *source, uint32_t flight,
    const ngx_str_t *text, const ngx_eiam_digest_t digest);

/* whoever waits goes on to wait, and another one fetches a little later */
void ngx_eiam_key_set_abandon(ngx_eiam_source_t *source, uint32_t flight);


#endif /* _NGX_EIAM_KEY_SET_H_INCLUDED_ */
