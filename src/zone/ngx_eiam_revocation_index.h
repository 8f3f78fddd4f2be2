
/*
 * The index of the revocation table, which can be rebuilt from its rows.  It
 * finds a row by its key and the tokens of an application, and lists the free
 * rows.  All functions are for the holder of the zone's lock.
 */


#ifndef _NGX_EIAM_REVOCATION_INDEX_H_INCLUDED_
#define _NGX_EIAM_REVOCATION_INDEX_H_INCLUDED_


#include <ngx_eiam_revocation.h>


#define NGX_EIAM_REVOCATION_ALL  0       /* the row of all; also: no row */


/* rebuilds the index; what is under way is then checked when it is stored */
void ngx_eiam_revocation_index_rebuild(ngx_eiam_shared_t *shared);

/* 0: there is none */
uint32_t ngx_eiam_revocation_index_find_token(
    const ngx_eiam_revocations_t *table, const u_char *token);
uint32_t ngx_eiam_revocation_index_find(const ngx_eiam_revocations_t *table,
    const u_char *id);

uint32_t ngx_eiam_revocation_index_find_undone(
    const ngx_eiam_revocations_t *table, const u_char *subject);

/*
 * adds a row that has become valid: of an application, a token, an undone event
 */
void ngx_eiam_revocation_index_link(ngx_eiam_shared_t *shared, uint32_t i);
void ngx_eiam_revocation_index_link_token(ngx_eiam_shared_t *shared,
    uint32_t i);

void ngx_eiam_revocation_index_link_undone(ngx_eiam_shared_t *shared,
    uint32_t i);

/* sets a flag of a row's state, or removes some */
void ngx_eiam_revocation_index_mark(ngx_eiam_shared_t *shared, uint32_t i,
    uint32_t flag);
void ngx_eiam_revocation_index_unmark(ngx_eiam_shared_t *shared, uint32_t i,
    uint32_t flags);
void ngx_eiam_revocation_index_clear_unsent(ngx_eiam_revocations_t *table,
    uint32_t i);

/*
 * frees the row of a token, and that of its application if it is no longer
 * needed
 */
void ngx_eiam_revocation_index_free(ngx_eiam_shared_t *shared, uint32_t i);
void ngx_eiam_revocation_index_release(ngx_eiam_shared_t *shared,
    uint32_t i);
void ngx_eiam_revocation_index_free_undone(ngx_eiam_shared_t *shared,
    uint32_t i);

/*
 * Examines some of the rows, in turn: frees those that have expired, and notes
 * which application has the most tokens.
 */
void ngx_eiam_revocation_index_look(ngx_eiam_shared_t *shared,
    uint32_t rows);

ngx_uint_t ngx_eiam_revocation_index_is_over(
    const ngx_eiam_revocation_t *row);

/* the generation that follows the current one */
uint32_t ngx_eiam_revocation_index_next(const ngx_eiam_revocations_t *table);


#endif /* _NGX_EIAM_REVOCATION_INDEX_H_INCLUDED_ */
