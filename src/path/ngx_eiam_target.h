
/*
 * Is there only one way to read this path?
 *
 * The matcher judges the decoded path, the backend gets the raw one.  A path
 * passes only if it is written in such plain characters that nobody on the
 * way can read another path out of it.
 */


#ifndef _NGX_EIAM_TARGET_H_INCLUDED_
#define _NGX_EIAM_TARGET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_detail.h>


#define NGX_EIAM_PATH_MAX     4096    /* bytes */
#define NGX_EIAM_SEGMENT_MAX  128     /* characters */


/*
 * What eiam_path utf8 lets pass beyond ASCII: letters, marks and digits by
 * their Unicode properties, for which nginx needs PCRE.  NULL: it has none, or
 * an error that is logged already.
 */
void *ngx_eiam_target_charset(ngx_conf_t *cf);

/*
 * raw is the path as it will be forwarded, without the query, or NULL if
 * nginx will write it anew from decoded; decoded is the path that will be
 * matched; letters as above, or NULL for eiam_path strict.
 *
 * NGX_EIAM_NO_DETAIL, or the rule by which it is ambiguous.  With utf8 raw may
 * have ASCII characters encoded; ngx_eiam_route_check() knows where.
 */
ngx_eiam_detail_e ngx_eiam_target_check(const ngx_str_t *raw,
    ngx_str_t *decoded, void *charset);


#endif /* _NGX_EIAM_TARGET_H_INCLUDED_ */
