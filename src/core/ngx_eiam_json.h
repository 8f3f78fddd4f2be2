
/*
 * The quick reader of JSON files, which are some megabytes.  It knows objects,
 * arrays, strings, booleans and null, and reads them in a fifth of the time
 * that jansson takes, which reads byte by byte.
 *
 * It accepts nothing that jansson refuses.  Whatever else is in a text, and
 * whatever is wrong with it, is left to jansson, which then reads it from the
 * beginning: that alone decides what is a fault, and words it.
 */


#ifndef _NGX_EIAM_JSON_H_INCLUDED_
#define _NGX_EIAM_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The tree of values that ngx_eiam_value_parse() makes of the text.  NULL: the
 * text is left to that.
 */
void *ngx_eiam_json_read(ngx_pool_t *pool, const ngx_str_t *text);


#endif /* _NGX_EIAM_JSON_H_INCLUDED_ */
