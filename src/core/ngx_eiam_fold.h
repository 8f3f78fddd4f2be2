
/* Ids as databases and authorization servers could compare them. */


#ifndef _NGX_EIAM_FOLD_H_INCLUDED_
#define _NGX_EIAM_FOLD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* nothing but visible ASCII, and spaces between: it has no other spelling */
ngx_uint_t ngx_eiam_fold_is_plain(const ngx_str_t *id);

/*
 * Writes a text of UTF-8 without case, accents and width, without what cannot
 * be seen and the spaces around it: no more bytes than it has.  What has no
 * ASCII letter in its place stays as it is.  Returns the number of bytes.
 */
size_t ngx_eiam_fold(u_char *p, const ngx_str_t *text);


#endif /* _NGX_EIAM_FOLD_H_INCLUDED_ */
