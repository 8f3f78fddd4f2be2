
/*
 * Who is refused: a row in the zone for an application, an operation and a
 * reason.  Rows outlive reloads.  They are found and counted without the
 * zone's lock, and made under it.
 */


#ifndef _NGX_EIAM_DENIAL_H_INCLUDED_
#define _NGX_EIAM_DENIAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_metrics.h>


#define NGX_EIAM_DENIAL_ID     124     /* bytes of an operation's id */
#define NGX_EIAM_DENIAL_PAUSE  3600    /* s: a longer one ends a series */
#define NGX_EIAM_DENIAL_WAYS   8       /* rows that a key may have */


typedef struct {
    volatile uint64_t       key;           /* 0: free */
    ngx_atomic_t            count;         /* of the series */
    volatile time_t         since;         /* its first refusal */
    volatile time_t         last;
    uint32_t                len;
    u_char                  operation[NGX_EIAM_DENIAL_ID];
} ngx_eiam_denial_t;


typedef struct {
    ngx_eiam_denial_t      *rows;
    ngx_uint_t              nrows;
} ngx_eiam_denials_t;


/* what a row is of */

typedef struct {
    const ngx_eiam_application_row_t  *application;
    const ngx_eiam_operation_row_t    *operation;
    ngx_eiam_decision_e                decision;
    ngx_eiam_reason_e                  reason;
} ngx_eiam_denial_case_t;


/* uses at most "size" bytes, all zero; returns the bytes that are used */
size_t ngx_eiam_denial_lay_out(ngx_eiam_denials_t *denials, u_char *p,
    size_t size);

/* of rows of metrics; never 0 */
uint64_t ngx_eiam_denial_key(const ngx_eiam_metrics_t *metrics,
    const ngx_eiam_denial_case_t *what);

/* what the row is of; the operation's id is in the row, so its row is NULL */
void ngx_eiam_denial_read(const ngx_eiam_metrics_t *metrics,
    const ngx_eiam_denial_t *denial, ngx_eiam_denial_case_t *what);

/* NULL: there is no such row */
ngx_eiam_denial_t *ngx_eiam_denial_find(const ngx_eiam_denials_t *denials,
    uint64_t key);

/*
 * The same under the zone's lock: made if there is none, in place of the one
 * that was not counted for the longest time.  NULL: there is no room at all.
 */
ngx_eiam_denial_t *ngx_eiam_denial_add(const ngx_eiam_denials_t *denials,
    uint64_t key, const ngx_str_t *operation);

void ngx_eiam_denial_count(ngx_eiam_denial_t *denial, time_t now);


#endif /* _NGX_EIAM_DENIAL_H_INCLUDED_ */
