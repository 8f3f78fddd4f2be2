
#ifndef _NGX_EIAM_QUERY_H_INCLUDED_
#define _NGX_EIAM_QUERY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_QUERY_NAMES  8


/*
 * Finds the first parameter with the name in a query, as the most lenient
 * backend would: the name may be percent-encoded, in any case, preceded by
 * white space, followed by "[" or NUL, and separated by "&" or ";".  Question
 * marks at the beginning of the query are skipped.
 *
 * NGX_OK, and value is the raw value, perhaps empty; or NGX_DECLINED.
 */
ngx_int_t ngx_eiam_query_find(const ngx_str_t *query, const ngx_str_t *name,
    ngx_str_t *value);

/*
 * The same for the first parameter that has any of the names, in one pass.
 * Returns the number of the name, the lowest one if several fit, or
 * NGX_DECLINED.  The names are in lower case; a null string ends them.
 */
ngx_int_t ngx_eiam_query_search(const ngx_str_t *query,
    const ngx_str_t *names, ngx_str_t *value);

/*
 * All names that occur in the query, in one pass, as bits by their numbers.
 * There are at most NGX_EIAM_QUERY_NAMES names.
 */
ngx_uint_t ngx_eiam_query_has(const ngx_str_t *query, const ngx_str_t *names);

/*
 * The next parameter in rest whose name is exactly that one; rest then begins
 * behind it.  NGX_OK; NGX_DECLINED: there is none; NGX_ABORT: there is a
 * parameter that only some backends would take for it, or a separator that only
 * some know.
 */
ngx_int_t ngx_eiam_query_next(ngx_str_t *rest, const ngx_str_t *name,
    ngx_str_t *value);

/* the same; lowcase is the name in lower case, with "_" in place of "." */
ngx_int_t ngx_eiam_query_next_of(ngx_str_t *rest, const ngx_str_t *lowcase,
    const ngx_str_t *name, ngx_str_t *value);

/*
 * Decodes a value of application/x-www-form-urlencoded.  NGX_OK; NGX_ABORT: it
 * is malformed, or contains control characters; NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_query_decode(const ngx_str_t *value, ngx_pool_t *pool,
    ngx_str_t *text);

/* whether a decoded value could be decoded once more */
ngx_uint_t ngx_eiam_query_has_escape(const ngx_str_t *text);


#endif /* _NGX_EIAM_QUERY_H_INCLUDED_ */
