
#include <ngx_eiam_form.h>
#include <ngx_eiam_query.h>
#include <ngx_eiam_string.h>


static ngx_eiam_form_parameter_t *ngx_eiam_form_find(
    ngx_eiam_form_parameter_t *parameters, const ngx_str_t *name);


ngx_int_t
ngx_eiam_form_read(const ngx_str_t *form, ngx_pool_t *pool,
    ngx_eiam_form_parameter_t *parameters)
{
    u_char                     *p, *last, *end, *equals;
    ngx_int_t                   rc;
    ngx_str_t                   name, value;
    ngx_eiam_form_parameter_t  *parameter;

    last = form->data + form->len;

    /* some servers take ";" for a separator, too */

    if (form->len == 0 || memchr(form->data, ';', form->len)) {
        return NGX_ABORT;
    }

    for (p = form->data; p <= last; p = end + 1) {

        end = memchr(p, '&', last - p);
        end = end ? end : last;

        equals = memchr(p, '=', end - p);
        if (equals == NULL) {
            return NGX_ABORT;
        }

        name.data = p;
        name.len = equals - p;
        value.data = equals + 1;
        value.len = end - value.data;

        parameter = ngx_eiam_form_find(parameters, &name);

        if (parameter == NULL || parameter->value.data) {
            return NGX_ABORT;
        }

        rc = ngx_eiam_query_decode(&value, pool, &parameter->value);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_eiam_form_parameter_t *
ngx_eiam_form_find(ngx_eiam_form_parameter_t *parameters,
    const ngx_str_t *name)
{
    for ( /* void */ ; parameters->name.len; parameters++) {

        if (ngx_eiam_str_equal(&parameters->name, name)) {
            return parameters;
        }
    }

    return NULL;
}
