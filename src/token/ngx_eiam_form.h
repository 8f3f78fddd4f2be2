
/*
 * A form (application/x-www-form-urlencoded) that has exactly one reading: its
 * names are not encoded, occur only once, and are separated by "&".
 */


#ifndef _NGX_EIAM_FORM_H_INCLUDED_
#define _NGX_EIAM_FORM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_str_t    name;             /* null: the end of the list */
    ngx_str_t    value;            /* decoded; no data: absent */
} ngx_eiam_form_parameter_t;


/*
 * Sets the values, in memory of pool.  NGX_OK; NGX_ABORT: there is a parameter
 * that is not in the list, one that occurs twice, or one that can be read in
 * two ways; NGX_ERROR: no memory.
 */
ngx_int_t ngx_eiam_form_read(const ngx_str_t *form, ngx_pool_t *pool,
    ngx_eiam_form_parameter_t *parameters);


#endif /* _NGX_EIAM_FORM_H_INCLUDED_ */
