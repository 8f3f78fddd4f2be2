
/*
 * Plain scalars of YAML, and the JSON values that they stand for according to
 * the core schema of YAML 1.2.
 */


#ifndef _NGX_EIAM_SCALAR_H_INCLUDED_
#define _NGX_EIAM_SCALAR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Finds the first character that separates lines in YAML 1.1, for which libyaml
 * was written, but not in YAML 1.2: U+0085, U+2028 or U+2029.  NULL: there is
 * none.
 */
u_char *ngx_eiam_scalar_separator(const ngx_str_t *text);

/* whether the scalar is infinite or not a number, which JSON cannot express */
ngx_uint_t ngx_eiam_scalar_is_no_json(const ngx_str_t *text);

/*
 * The JSON value of a scalar.  All numbers are read as reals; what is neither a
 * number nor true, false or null is a string.  A NUL must follow the text.
 * NULL: no memory.
 */
void *ngx_eiam_scalar_value(const ngx_str_t *text);


#endif /* _NGX_EIAM_SCALAR_H_INCLUDED_ */
