
/*
 * Scopes are small numbers: the scopes of the policies are numbered when these
 * are read, and from then on a set of scopes is an array of bits.
 */


#ifndef _NGX_EIAM_SCOPE_H_INCLUDED_
#define _NGX_EIAM_SCOPE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_SCOPES_MAX  16384    /* distinct scopes of all policies */


typedef uint64_t  ngx_eiam_scope_bits_t;


typedef struct {
    ngx_pool_t         *pool;
    ngx_array_t         names;       /* of ngx_str_t, by number */
    uint16_t           *table;       /* by ngx_eiam_hash(): number plus 1 */
    ngx_uint_t          mask;
} ngx_eiam_scopes_t;


typedef struct {
    ngx_uint_t   scope;
    ngx_uint_t   included;
} ngx_eiam_implication_t;


/* NULL: no memory */
ngx_eiam_scopes_t *ngx_eiam_scopes_create(ngx_pool_t *pool);

/*
 * The number of the scope; a new one gets a number, and its name is copied.
 * NGX_ERROR: no memory, or more than NGX_EIAM_SCOPES_MAX scopes.
 */
ngx_int_t ngx_eiam_scope_number(ngx_eiam_scopes_t *scopes,
    const ngx_str_t *name);

/* the number of the scope, or NGX_DECLINED: no policy has it */
ngx_int_t ngx_eiam_scope_find(const ngx_eiam_scopes_t *scopes,
    const ngx_str_t *name);

/* an empty set with room for all scopes known now; NULL: no memory */
ngx_eiam_scope_bits_t *ngx_eiam_scope_set_create(ngx_eiam_scopes_t *scopes,
    ngx_pool_t *pool);

/* NULL: no memory */
ngx_eiam_scope_bits_t *ngx_eiam_scope_set_copy(ngx_eiam_scopes_t *scopes,
    const ngx_eiam_scope_bits_t *set, ngx_pool_t *pool);

/*
 * Adds the scopes that a text names, separated by spaces (RFC 6749, section
 * 3.3), to the set, and their numbers to order, an array of ngx_int_t.  Names
 * that no policy has are ignored.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_scope_set_read(ngx_eiam_scopes_t *scopes,
    const ngx_str_t *text, ngx_eiam_scope_bits_t *set, ngx_array_t *order);

/*
 * Copies the names in such a text, known or not, with a single space between
 * two, to p, which has room for the whole text; returns the length.  A name
 * with control characters, or not in UTF-8, is left out: what is written may
 * become a header field.
 */
size_t ngx_eiam_scope_words(const ngx_str_t *text, u_char *p);

/* removes what the other set does not have */
void ngx_eiam_scope_set_limit(ngx_eiam_scopes_t *scopes,
    ngx_eiam_scope_bits_t *set, const ngx_eiam_scope_bits_t *other);

/*
 * adds what the implications (an array, or NULL) add to the set, transitively
 */
void ngx_eiam_scope_set_close(ngx_eiam_scope_bits_t *set,
    const ngx_array_t *implications);

/*
 * The names, those of the array first in its order, then by their numbers.
 * NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_eiam_scope_set_text(ngx_eiam_scopes_t *scopes,
    const ngx_eiam_scope_bits_t *set, const ngx_array_t *first,
    ngx_pool_t *pool, ngx_str_t *text);


#define ngx_eiam_scope_set_add(set, n)                                        \
    (set)[(n) >> 6] |= (ngx_eiam_scope_bits_t) 1 << ((n) & 63)

#define ngx_eiam_scope_set_remove(set, n)                                     \
    (set)[(n) >> 6] &= ~((ngx_eiam_scope_bits_t) 1 << ((n) & 63))

#define ngx_eiam_scope_set_has(set, n)                                        \
    ((ngx_uint_t) ((set)[(n) >> 6] >> ((n) & 63)) & 1)


#endif /* _NGX_EIAM_SCOPE_H_INCLUDED_ */
