
/*
 * OpenAPI parameters: of a path item, of an operation, of the components.
 * Nothing depends on them yet, but each must be understood.
 */


#ifndef _NGX_EIAM_PARAMETER_H_INCLUDED_
#define _NGX_EIAM_PARAMETER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


/*
 * Reads a list (an array) or a map (an object) of parameters and references to
 * parameters, which is a member of what data describes.  NGX_OK, or NGX_ERROR
 * and a fault.
 */
ngx_int_t ngx_eiam_parameters_read(void *data,
    const ngx_eiam_node_t *parameters, ngx_uint_t number);


#endif /* _NGX_EIAM_PARAMETER_H_INCLUDED_ */
