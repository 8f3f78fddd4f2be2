
/*
 * Texts from outside in the form in which they are logged: on one line, and
 * with nothing that could end the quotes around them.
 */


#ifndef _NGX_EIAM_TEXT_H_INCLUDED_
#define _NGX_EIAM_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_TEXT_MAX  500      /* bytes of a text that is shown */


/*
 * The text for use between quotes: every byte that is neither visible ASCII nor
 * a space, and quotes and backslashes, become \xXX, as in nginx's access log.
 * A result longer than NGX_EIAM_TEXT_MAX ends in "...".  Returns the text
 * itself if nothing has to change, otherwise a copy in the pool; an empty text
 * if there is no memory.
 */
ngx_str_t ngx_eiam_text_shown(const ngx_str_t *text, ngx_pool_t *pool);

/*
 * Writes the text up to last, without cutting a character.  Bytes that are
 * neither visible ASCII, nor a space, nor part of a UTF-8 character, and
 * control characters, become \xXX; quotes and backslashes are kept.  Returns
 * the end of what was written.
 */

#define NGX_EIAM_TEXT_UTF8    1
#define NGX_EIAM_TEXT_QUOTES  2

u_char *ngx_eiam_text_escape(u_char *p, u_char *last, const ngx_str_t *text,
    ngx_uint_t stays);


#endif /* _NGX_EIAM_TEXT_H_INCLUDED_ */
