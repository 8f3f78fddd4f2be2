
/*
 * The revocation table of the zone: tokens, applications, or all tokens that
 * have been revoked.
 *
 * The table has a region of its own, which is not wiped when a worker has died
 * during a change: one store makes a row valid, one store frees it, and the
 * rest of the table, its index, is rebuilt from the rows.  No source can be
 * asked for a revocation again, so the row of a token stays until the token has
 * expired, and the row of an application, or of all, until it is restored.
 *
 * A number, the generation, counts the revocations.  A grant keeps the
 * generation from before its source was asked.  While this is the current one,
 * nothing has been revoked since, and a call costs one comparison; otherwise
 * the grant is checked, and then takes the current generation.  So the grants
 * that a revocation ends need not be searched for, and an answer that was under
 * way when the token was revoked, or that comes later, is refused, too.
 *
 * All functions are for the holder of the zone's lock; others use
 * ngx_eiam_revoke.h.  They take constant time; joining the rows of an
 * application takes as long as adding them took.
 */


#ifndef _NGX_EIAM_REVOCATION_H_INCLUDED_
#define _NGX_EIAM_REVOCATION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_detail.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_grant.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_shared.h>


#define NGX_EIAM_REVOCATION_TOKEN  20    /* bytes of a token's digest */
#define NGX_EIAM_REVOCATION_ID     12    /* bytes of an application's digest */

/* s: how long a token of unknown expiry stays revoked */
#define NGX_EIAM_REVOCATION_LIFE   (30 * 24 * 60 * 60)

/*
 * The generation of a grant has 30 bits; 0 is before all generations.  The
 * remaining bits say that a revoked token has been issued once more, and that
 * Redis could not be asked whether another gateway has revoked the token.
 */
#define NGX_EIAM_REVOCATION_REISSUED     0x80000000
#define NGX_EIAM_REVOCATION_UNASKED      0x40000000
#define NGX_EIAM_REVOCATION_GENERATIONS  0x3fffffff


typedef enum {
    NGX_EIAM_REVOCATION_FREE = 0,
    NGX_EIAM_REVOCATION_OF_TOKEN,
    NGX_EIAM_REVOCATION_UNDONE,          /* an event that has been taken back */
    NGX_EIAM_REVOCATION_COUNT,           /* has tokens, but is not revoked */
    NGX_EIAM_REVOCATION_OF_APPLICATION   /* or of all: the first row */
} ngx_eiam_revocation_kind_e;


/* 32 bytes */

struct ngx_eiam_revocation_s {
    union {
        u_char          token[NGX_EIAM_REVOCATION_TOKEN];

        struct {
            u_char      id[NGX_EIAM_REVOCATION_ID];
            uint32_t    generation;      /* index: when it was revoked */
            uint32_t    tokens;          /* index: rows of its tokens */
        } application;
    } of;

    uint32_t            time;            /* token, undone: it is over;
                                            application: the latest "iat" that
                                            is refused */
    uint32_t            state;           /* kind, flags, and for a token the row
                                            of its application, or 0 */
    uint32_t            chain;           /* index: row with the same head */
};


#define NGX_EIAM_REVOCATION_KIND    0x7
#define NGX_EIAM_REVOCATION_CLIENT  0x8  /* without both: by the operator */
#define NGX_EIAM_REVOCATION_GATE    0x10
#define NGX_EIAM_REVOCATION_UNSENT  0x20 /* not yet sent to other gateways */
#define NGX_EIAM_REVOCATION_MISSED  0x40 /* not seen again since a gap */
#define NGX_EIAM_REVOCATION_FLAGS   0x78
#define NGX_EIAM_REVOCATION_SHIFT   7

#define ngx_eiam_revocation_kind(row)                                         \
    ((row)->state & NGX_EIAM_REVOCATION_KIND)
#define ngx_eiam_revocation_application(row)                                  \
    ((row)->state >> NGX_EIAM_REVOCATION_SHIFT)


/* index: the rows of an application's tokens form a ring with its own row */

struct ngx_eiam_revocation_link_s {
    uint32_t            next;
    uint32_t            prior;
};


/* the id of an application in the table; computed without the lock */

typedef u_char  ngx_eiam_revocation_id_t[NGX_EIAM_REVOCATION_ID];


#define ngx_eiam_revocation_is_current(shared, grant)                         \
    ((grant)->generation == (shared)->revocations.generation)


/* divides size bytes into rows and their index */
void ngx_eiam_revocation_lay_out(ngx_eiam_shared_t *shared, u_char *p,
    size_t size);

/*
 * Copies the revocations of a zone of another size into a new one.  NGX_OK, or
 * NGX_ERROR: there is not enough room for them.
 */
ngx_int_t ngx_eiam_revocation_copy(ngx_eiam_shared_t *shared,
    const ngx_eiam_shared_t *from);

/* computes the id of an application; needs no lock: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_revocation_id(const ngx_str_t *application,
    ngx_eiam_revocation_id_t id);

/*
 * Revokes a token until it expires.  If the id of its application is given, its
 * row may later be joined with others into one row of the application, which
 * must then cover the token; otherwise id is NULL.  NGX_OK; NGX_DECLINED: there
 * is no room for tokens without an application.
 */
ngx_int_t ngx_eiam_revocation_add_token(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token, const u_char *id, time_t expires,
    ngx_eiam_revoker_e by);

/*
 * Revokes an application, or all if id is NULL: the tokens that were learned
 * before, and those issued up to now plus the leeway.  Returns the first "iat"
 * of tokens that pass again.
 */
time_t ngx_eiam_revocation_add(ngx_eiam_shared_t *shared, const u_char *id,
    ngx_eiam_revoker_e by);

/* remove a revocation: NGX_OK; NGX_DECLINED: there was none */
ngx_int_t ngx_eiam_revocation_remove_token(ngx_eiam_shared_t *shared,
    const u_char *token);
ngx_int_t ngx_eiam_revocation_remove(ngx_eiam_shared_t *shared,
    const u_char *id);

/* whether the token itself is revoked */
ngx_uint_t ngx_eiam_revocation_has(const ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t token);

/* ---- for the other files of revocations */

extern const uint32_t  ngx_eiam_revocation_flags[];   /* by the revoker */

/*
 * Keeps a row: of a token (NGX_DECLINED: there is no room for it); or of an
 * application or all, whose row it is; with flags of its state.
 */
ngx_int_t ngx_eiam_revocation_keep_token(ngx_eiam_shared_t *shared,
    const u_char *token, const u_char *id, uint32_t expires, uint32_t flags,
    const ngx_eiam_event_t *event);
void ngx_eiam_revocation_keep(ngx_eiam_shared_t *shared, uint32_t i,
    uint32_t latest, uint32_t flags, const ngx_eiam_event_t *event);

/* the row of an application; a new row revokes nothing by itself */
uint32_t ngx_eiam_revocation_obtain(ngx_eiam_shared_t *shared,
    const u_char *id);

/* a free row; there always is one */
uint32_t ngx_eiam_revocation_take(ngx_eiam_shared_t *shared);

/* revokes all tokens, for lack of room */
void ngx_eiam_revocation_join_all(ngx_eiam_shared_t *shared);


#endif /* _NGX_EIAM_REVOCATION_H_INCLUDED_ */
