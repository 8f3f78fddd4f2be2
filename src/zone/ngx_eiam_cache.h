
/*
 * The cache in the zone: grants, by the least recently used, and refusals in
 * a place of their own, so that invented tokens push out no grant.  Learned
 * grants, which nobody can fetch again, and fetched ones may take all cells
 * that there are, but each kind keeps half of them when the other wants more.
 * A key is SHA-256(token) combined with the source's id.
 *
 * All functions are for the holder of the zone's lock, take constant time and
 * never fail.
 */


#ifndef _NGX_EIAM_CACHE_H_INCLUDED_
#define _NGX_EIAM_CACHE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_detail.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_reason.h>
#include <ngx_eiam_shared.h>


/* 64 bytes, a cell: its text is in further ones */

struct ngx_eiam_entry_s {
    uint32_t             next;           /* cell of the same text */
    uint32_t             chain;          /* grant with the same head */
    uint32_t             newer;
    uint32_t             older;
    uint32_t             checked;        /* seconds since the Epoch */
    uint32_t             expires;
    uint32_t             flight;         /* that brought it */
    unsigned             scopes:14;      /* bytes */
    unsigned             implicit:1;
    unsigned             learned:1;
    unsigned             application:8;  /* bytes */
    unsigned             touched:8;      /* the second, modulo 256 */
    ngx_eiam_digest_t    key;
};


/* the first of its further cells: what does not fit into the first one */

typedef struct {
    uint32_t             next;
    uint32_t             generation;     /* of revocations */
    uint32_t             issued;         /* 0: unknown */
} ngx_eiam_issue_t;


#define ngx_eiam_cache_issue(shared, entry)                                   \
    ((ngx_eiam_issue_t *) &(shared)->grants.cells[(entry)->next])


#define NGX_EIAM_REFUSAL_KEY  20         /* bytes of the key */
#define NGX_EIAM_REFUSALS     8          /* of a bucket */


struct ngx_eiam_refusal_s {
    u_char               key[NGX_EIAM_REFUSAL_KEY];
    unsigned             reason:8;       /* 0: free */
    unsigned             detail:8;       /* of the reason */
    unsigned             failure:16;
    uint32_t             checked;
    uint32_t             flight;
};


/* empties it; the sizes and places are set */
void ngx_eiam_cache_wipe(ngx_eiam_shared_t *shared);

/* without the lock: fetches from memory what a look-up will read */
void ngx_eiam_cache_warm(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/* NULL: none */
ngx_eiam_entry_t *ngx_eiam_cache_find(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);
ngx_eiam_refusal_t *ngx_eiam_cache_find_refusal(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key);

/* it was used: to be kept for longer than others */
void ngx_eiam_cache_touch(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry,
    time_t now);

/* the strings are in a buffer of this process, until the next call */
void ngx_eiam_cache_read(ngx_eiam_shared_t *shared,
    const ngx_eiam_entry_t *entry, ngx_eiam_grant_t *grant);

/* in place of whatever is known of the key */
void ngx_eiam_cache_put(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key, const ngx_eiam_grant_t *grant, time_t now,
    uint32_t flight);

/*
 * A source that is unavailable, for which trouble is the cause, says nothing
 * about a grant from before.  The refusal has no detail yet: the caller may set
 * one under the same lock.
 */
ngx_eiam_refusal_t *ngx_eiam_cache_refuse(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key, ngx_eiam_reason_e reason,
    ngx_eiam_failure_e failure, time_t now, uint32_t flight);


#endif /* _NGX_EIAM_CACHE_H_INCLUDED_ */
