
/* The form in which databases and authorization servers may compare ids. */


#ifndef _NGX_EIAM_FOLD_H_INCLUDED_
#define _NGX_EIAM_FOLD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * 1: only visible ASCII characters with spaces between them, so that no other
 * spelling than case is possible
 */
ngx_uint_t ngx_eiam_fold_is_plain(const ngx_str_t *id);

/*
 * Writes a UTF-8 text without case, accents, full width, invisible characters
 * and outer spaces; the result is never longer than the text.  Characters that
 * no ASCII letter stands for are kept.  Returns the number of bytes.
 */
size_t ngx_eiam_fold(u_char *p, const ngx_str_t *text);


#endif /* _NGX_EIAM_FOLD_H_INCLUDED_ */
