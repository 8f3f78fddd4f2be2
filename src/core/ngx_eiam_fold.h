
/*
 * Ids in the form in which databases and authorization servers may compare
 * them.
 */


#ifndef _NGX_EIAM_FOLD_H_INCLUDED_
#define _NGX_EIAM_FOLD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * 1: the id has only visible ASCII characters, with spaces between them, so
 * that other spellings of it can differ in case only
 */
ngx_uint_t ngx_eiam_fold_is_plain(const ngx_str_t *id);

/*
 * Writes a UTF-8 text without case, accents, full-width forms, invisible
 * characters and outer spaces.  Characters that correspond to no ASCII letter
 * are kept.  The result is never longer than the text.  Returns its length in
 * bytes.
 */
size_t ngx_eiam_fold(u_char *p, const ngx_str_t *text);


#endif /* _NGX_EIAM_FOLD_H_INCLUDED_ */
