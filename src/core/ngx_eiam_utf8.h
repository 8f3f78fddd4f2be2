
#ifndef _NGX_EIAM_UTF8_H_INCLUDED_
#define _NGX_EIAM_UTF8_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The length in bytes of the UTF-8 character at p (RFC 3629).  0: the bytes are
 * not UTF-8, or the character is a control character.
 */
size_t ngx_eiam_utf8_character(u_char *p, u_char *last);

/* whether the text is UTF-8 without control characters */
ngx_uint_t ngx_eiam_utf8_is_text(const ngx_str_t *text);


#endif /* _NGX_EIAM_UTF8_H_INCLUDED_ */
