
#include <ngx_http_eiam_parameters.h>
#include <ngx_http_eiam_request.h>
#include <ngx_eiam_query.h>


/*
 * ASP.NET MVC reads these fields from the query as well, under their names. The
 * secrets are those of RFC 6750, section 2.3, and RFC 6749, section 2.3.1.
 */

static const ngx_str_t  ngx_http_eiam_parameter_names[] = {
    ngx_string("_method"),
    ngx_string("x-http-method-override"),
    ngx_string("access_token"),
    ngx_string("client_secret"),
    ngx_null_string
};


const ngx_str_t *const  ngx_http_eiam_parameters_secret =
    &ngx_http_eiam_parameter_names[2];


/* searches the current arguments, and those of $request_uri */

ngx_uint_t
ngx_http_eiam_parameters(ngx_http_request_t *r)
{
    ngx_str_t   query;
    ngx_uint_t  found;

    if (ngx_http_eiam_request_is_bare(r)) {
        return 0;
    }

    found = ngx_eiam_query_has(&r->args, ngx_http_eiam_parameter_names);

    if (r != r->main) {
        return found;
    }

    query = ngx_http_eiam_request_query_of(&r->unparsed_uri);

    if (query.data != r->args.data || query.len != r->args.len) {
        found |= ngx_eiam_query_has(&query, ngx_http_eiam_parameter_names);
    }

    return found;
}
