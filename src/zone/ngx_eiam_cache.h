
/*
 * The cache in the zone: grants, ordered by their last use, and refusals in a
 * table of their own, so that invented tokens evict no grants.  Learned grants,
 * which cannot be fetched again, and fetched ones may each take any cell that
 * is free, but when both want more, each kind keeps half of the cells.  A key
 * is SHA-256(token) combined with the id of the source.  All functions are for
 * the holder of the zone's lock, take constant time and never fail.
 */


#ifndef _NGX_EIAM_CACHE_H_INCLUDED_
#define _NGX_EIAM_CACHE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_detail.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_reason.h>
#include <ngx_eiam_shared.h>


/* A cell of 64 bytes; the text of the grant follows in further cells. */

struct ngx_eiam_entry_s {
    uint32_t             next;           /* the next cell of the same text */
    uint32_t             chain;          /* the next grant in the hash chain */
    uint32_t             newer;
    uint32_t             older;
    uint32_t             checked;        /* when, in seconds since the Epoch */
    uint32_t             expires;
    uint32_t             flight;         /* the flight that brought the grant */
    unsigned             scopes:14;      /* bytes */
    unsigned             implicit:1;
    unsigned             learned:1;
    unsigned             application:8;  /* bytes */
    unsigned             touched:8;      /* second of last use, modulo 256 */
    ngx_eiam_digest_t    key;
};


/*
 * the beginning of the first further cell: what the first cell has no room for
 */

typedef struct {
    uint32_t             next;
    uint32_t             generation;     /* of revocations */
    uint32_t             issued;         /* 0: unknown */
} ngx_eiam_issue_t;


#define ngx_eiam_cache_issue(shared, entry)                                   \
    ((ngx_eiam_issue_t *) &(shared)->grants.cells[(entry)->next])


#define NGX_EIAM_REFUSAL_KEY  20         /* bytes of the key that are kept */
#define NGX_EIAM_REFUSALS     8          /* in a bucket */


struct ngx_eiam_refusal_s {
    u_char               key[NGX_EIAM_REFUSAL_KEY];
    unsigned             reason:8;       /* 0: free */
    unsigned             detail:8;       /* of the reason */
    unsigned             failure:16;
    uint32_t             checked;
    uint32_t             flight;
};


/* empties the cache, whose sizes and arrays have been set */
void ngx_eiam_cache_wipe(ngx_eiam_shared_t *shared);

/* prefetches what the next function will read; needs no lock */
void ngx_eiam_cache_prefetch(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/* prefetches what a look-up will read; needs no lock */
void ngx_eiam_cache_warm(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/* NULL: there is none */
ngx_eiam_entry_t *ngx_eiam_cache_find(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);
ngx_eiam_refusal_t *ngx_eiam_cache_find_refusal(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/* marks the grant as just used, so that it is evicted later than others */
void ngx_eiam_cache_touch(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry,
    time_t now);

/* the strings are in a buffer of this process and live until the next call */
void ngx_eiam_cache_read(ngx_eiam_shared_t *shared,
    const ngx_eiam_entry_t *entry, ngx_eiam_grant_t *grant);

/* stores a grant in place of whatever is known of the key */
void ngx_eiam_cache_put(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key, const ngx_eiam_grant_t *grant, time_t now,
    uint32_t flight);

/*
 * Stores a refusal in place of whatever is known of the key.  If the reason is
 * that the source is unavailable, which failure explains, an older grant is
 * kept.  The refusal has no detail yet: the caller may set it under the same
 * lock.
 */
ngx_eiam_refusal_t *ngx_eiam_cache_refuse(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key, ngx_eiam_reason_e reason,
    ngx_eiam_failure_e failure, time_t now, uint32_t flight);


#endif /* _NGX_EIAM_CACHE_H_INCLUDED_ */
