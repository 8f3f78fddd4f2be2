
/*
 * OpenAPI parameters: of a path item, of an operation, of the components.
 * Each must be understood, as some of them name an object.
 */


#ifndef _NGX_EIAM_PARAMETER_H_INCLUDED_
#define _NGX_EIAM_PARAMETER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


/*
 * Reads a list (an array) or a map (an object) of parameters and references to
 * parameters.  data is the ngx_eiam_path_item_t of the path item, or NULL for
 * the components; number is 1 for the parameters of an operation.  NGX_OK, or
 * NGX_ERROR and a fault.
 */
ngx_int_t ngx_eiam_parameters_read(void *data,
    const ngx_eiam_node_t *parameters, ngx_uint_t number);


#endif /* _NGX_EIAM_PARAMETER_H_INCLUDED_ */
