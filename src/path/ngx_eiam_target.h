
/*
 * Is there only one way to read this path?
 *
 * The decoded path is matched, but the backend gets the raw one.  A path passes
 * only if it consists of such plain characters that nobody on the way can read
 * another path in it.
 */


#ifndef _NGX_EIAM_TARGET_H_INCLUDED_
#define _NGX_EIAM_TARGET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_detail.h>


#define NGX_EIAM_PATH_MAX     4096    /* bytes */
#define NGX_EIAM_SEGMENT_MAX  128     /* characters */


/*
 * Compiles the character set of eiam_path utf8 beyond ASCII: letters, marks and
 * digits by their Unicode properties.  NULL: nginx was built without PCRE, or
 * there was an error, which has been logged.
 */
void *ngx_eiam_target_charset(ngx_conf_t *cf);

/*
 * raw is the path as it will be forwarded, without the query, or NULL if nginx
 * will write the path anew from decoded.  decoded is the path that will be
 * matched.  charset is the character set above, or NULL for eiam_path strict.
 *
 * Returns NGX_EIAM_NO_DETAIL, or the rule by which the path is ambiguous. With
 * utf8 raw may have encoded ASCII characters; ngx_eiam_route_check() checks
 * where these may be.
 */
ngx_eiam_detail_e ngx_eiam_target_check(const ngx_str_t *raw,
    ngx_str_t *decoded, void *charset);


#endif /* _NGX_EIAM_TARGET_H_INCLUDED_ */
