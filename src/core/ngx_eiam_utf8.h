
#ifndef _NGX_EIAM_UTF8_H_INCLUDED_
#define _NGX_EIAM_UTF8_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Bytes of the character at p: RFC 3629.  0: it is none, or a control
 * character.
 */
size_t ngx_eiam_utf8_character(u_char *p, u_char *last);

/* is all of it such characters? */
ngx_uint_t ngx_eiam_utf8_is_text(const ngx_str_t *text);


#endif /* _NGX_EIAM_UTF8_H_INCLUDED_ */
