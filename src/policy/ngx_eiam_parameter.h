
/*
 * OpenAPI parameters: of a path item, of an operation, of the components.
 *
 * Nothing depends on them yet but that they are understood.
 */


#ifndef _NGX_EIAM_PARAMETER_H_INCLUDED_
#define _NGX_EIAM_PARAMETER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


/*
 * Each of a list (an array) or of a map (an object) of parameters, or of
 * references to such: a member of whatever has them.  NGX_OK, or NGX_ERROR
 * with a fault.
 */
ngx_int_t ngx_eiam_parameters_read(void *data,
    const ngx_eiam_node_t *parameters, ngx_uint_t number);


#endif /* _NGX_EIAM_PARAMETER_H_INCLUDED_ */
