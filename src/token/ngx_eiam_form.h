
/*
 * A form (application/x-www-form-urlencoded) that has exactly one reading:
 * names as they are spelled, each once at most, separated by "&".
 */


#ifndef _NGX_EIAM_FORM_H_INCLUDED_
#define _NGX_EIAM_FORM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_str_t    name;             /* null: the end of the list */
    ngx_str_t    value;            /* decoded; no data: it is not there */
} ngx_eiam_form_parameter_t;


/*
 * Fills the values in, in pool's memory.  NGX_OK; NGX_ABORT: there is another
 * parameter, one twice, or what can be read in two ways; NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_form_read(const ngx_str_t *form, ngx_pool_t *pool,
    ngx_eiam_form_parameter_t *parameters);


#endif /* _NGX_EIAM_FORM_H_INCLUDED_ */
