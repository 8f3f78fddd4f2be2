
#ifndef _NGX_EIAM_QUERY_H_INCLUDED_
#define _NGX_EIAM_QUERY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_QUERY_NAMES  8


/*
 * Finds the first parameter of that name in a query, as the most lenient
 * backend would: the name may be percent-encoded, in any case, led by white
 * space, followed by "[" or NUL, and separated by "&" or ";".
 *
 * NGX_OK, and value is the raw value, perhaps empty; or NGX_DECLINED.
 */
ngx_int_t ngx_eiam_query_find(const ngx_str_t *query, const ngx_str_t *name,
    ngx_str_t *value);

/*
 * The same for the first parameter that has any of the names, in one pass:
 * the name's number, the lowest if two fit, or NGX_DECLINED.  A null string
 * ends the names, which are in lower case.
 */
ngx_int_t ngx_eiam_query_search(const ngx_str_t *query,
    const ngx_str_t *names, ngx_str_t *value);

/*
 * All of them that are there, in one pass: a bit for each number.  They are
 * NGX_EIAM_QUERY_NAMES at most.
 */
ngx_uint_t ngx_eiam_query_has(const ngx_str_t *query, const ngx_str_t *names);

/*
 * The next parameter of exactly that name in rest, which is moved on.
 * NGX_OK; NGX_DECLINED: there is none; NGX_ABORT: there is one that only
 * some backends would take for it, or separate in that way.
 */
ngx_int_t ngx_eiam_query_next(ngx_str_t *rest, const ngx_str_t *name,
    ngx_str_t *value);

/*
 * A value of application/x-www-form-urlencoded: NGX_OK; NGX_ABORT: it is
 * wrong, or has control characters; NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_query_decode(const ngx_str_t *value, ngx_pool_t *pool,
    ngx_str_t *text);


#endif /* _NGX_EIAM_QUERY_H_INCLUDED_ */
