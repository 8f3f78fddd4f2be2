
/*
 * Texts from outside as they may stand in a log: in one line, and without an
 * end of the quotes around them.
 */


#ifndef _NGX_EIAM_TEXT_H_INCLUDED_
#define _NGX_EIAM_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_TEXT_MAX  500      /* bytes of a text that is shown */


/*
 * For between quotes: all bytes but visible ASCII and spaces, and quotes and
 * backslashes, are written as \xXX, as nginx's access log has them.  What is
 * longer than NGX_EIAM_TEXT_MAX then ends in "...".  The text itself if there
 * is nothing to do, else a copy in the pool; empty without memory for it.
 */
ngx_str_t ngx_eiam_text_shown(const ngx_str_t *text, ngx_pool_t *pool);

/*
 * Writes the text up to last, as \xXX what is neither visible ASCII nor a
 * space, and never a part of a character.  What stays as it is besides:
 * characters of UTF-8 but control ones, quotes and backslashes.  Returns the
 * end of what is written.
 */

#define NGX_EIAM_TEXT_UTF8    1
#define NGX_EIAM_TEXT_QUOTES  2

u_char *ngx_eiam_text_escape(u_char *p, u_char *last, const ngx_str_t *text,
    ngx_uint_t stays);


#endif /* _NGX_EIAM_TEXT_H_INCLUDED_ */
