
/*
 * The life of the shared memory of all workers: how it is laid out, locked, and
 * taken over by the next configuration.
 *
 * nginx's slab allocator has only the records of sources, the key sets and the
 * counters of Redis, and only while a configuration is read.  The cells of
 * grants are laid out once: so nothing is allocated for a request, nothing can
 * fail or fragment, and a worker that is killed leaves no half of one.
 *
 * Grants are found by a hash table and not by nginx's red-black tree: a look-up
 * reads three lines of memory under the lock, also with a million grants, where
 * a tree would read twenty; a change writes a few words, where a tree would be
 * rotated; and the table is emptied without a walk.
 */


#ifndef _NGX_EIAM_ZONE_H_INCLUDED_
#define _NGX_EIAM_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_shared.h>


#define NGX_EIAM_ZONE_MIN    (64 * 1024)      /* bytes */
#define NGX_EIAM_CLOCK_SKEW  5                /* s: between the clocks of
                                                 workers */


/* the zone as one configuration sees it; the memory outlives configurations */

typedef struct {
    ngx_slab_pool_t       *pool;
    ngx_eiam_shared_t     *shared;
    ngx_array_t            sources;       /* of ngx_eiam_source_t * */
    void                  *owner;         /* the configuration that uses it */
    uint32_t               number;        /* of the configuration */
    time_t                 leeway;        /* s: by which "iat" may be ahead */
    uint64_t               identity;      /* of what gateways share; 0: there
                                             is only one gateway */
    ngx_uint_t             redis;         /* flag: there is eiam_redis */
} ngx_eiam_zone_t;


/* a source of grants, and the record that all workers share of it */

typedef struct ngx_eiam_source_s {
    ngx_eiam_zone_t       *zone;
    ngx_eiam_digest_t      id;
    ngx_eiam_record_t     *record;        /* NULL: the source is never asked */
    struct ngx_eiam_source_s  *keys;      /* the key set that its grants depend
                                             on; NULL: none in the zone */
    struct ngx_eiam_source_s  *location;  /* the source added before that has
                                             the record; NULL: it has its own */
    unsigned               is_asked:1;    /* asked by flights */
    unsigned               is_shared:1;   /* asked in Redis */
    unsigned               has_keys:1;    /* the source is a key set */
} ngx_eiam_source_t;


/*
 * For shm_zone->init; data is the ngx_eiam_zone_t of the previous
 * configuration, or NULL for new memory.  NGX_OK or NGX_ERROR (too small).
 */
ngx_int_t ngx_eiam_zone_init(ngx_shm_zone_t *shm_zone, void *data);

/* when a worker starts: ends the flights of dead workers */
void ngx_eiam_zone_sweep(ngx_eiam_zone_t *zone);

void ngx_eiam_zone_lock(ngx_eiam_zone_t *zone);
void ngx_eiam_zone_unlock(ngx_eiam_zone_t *zone);


#endif /* _NGX_EIAM_ZONE_H_INCLUDED_ */
