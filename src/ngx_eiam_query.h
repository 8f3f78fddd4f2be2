
#ifndef _NGX_EIAM_QUERY_H_INCLUDED_
#define _NGX_EIAM_QUERY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Finds the first parameter of that name in a query, as the most lenient
 * backend would: the name may be percent-encoded, in any case, led by white
 * space, followed by "[" or NUL, and separated by "&" or ";".
 *
 * NGX_OK, and value is the raw value, perhaps empty; or NGX_DECLINED.
 */
ngx_int_t ngx_eiam_query_find(const ngx_str_t *query, const ngx_str_t *name,
    ngx_str_t *value);


#endif /* _NGX_EIAM_QUERY_H_INCLUDED_ */
