
/*
 * Plain scalars of YAML: which value of JSON is it?  The core schema of 1.2.
 */


#ifndef _NGX_EIAM_SCALAR_H_INCLUDED_
#define _NGX_EIAM_SCALAR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The first line separator that is none in YAML 1.2, but in 1.1, for which
 * libyaml was written: U+0085, U+2028 or U+2029; NULL: there is none.
 */
u_char *ngx_eiam_scalar_separator(const ngx_str_t *text);

/* infinite, or not a number */
ngx_uint_t ngx_eiam_scalar_is_no_json(const ngx_str_t *text);

/*
 * Its value; numbers are real, and what is neither number, true, false nor
 * null is a string.  A NUL is behind the text.  NULL: no memory.
 */
void *ngx_eiam_scalar_value(const ngx_str_t *text);


#endif /* _NGX_EIAM_SCALAR_H_INCLUDED_ */
