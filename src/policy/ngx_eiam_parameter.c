
#include <ngx_eiam_members.h>
#include <ngx_eiam_near.h>
#include <ngx_eiam_object_mark.h>
#include <ngx_eiam_parameter.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_eiam_parameter_read(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *parameter, ngx_uint_t own);
static ngx_int_t ngx_eiam_parameter_check(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *parameter, ngx_uint_t own);
static ngx_int_t ngx_eiam_parameter_location(const ngx_eiam_node_t *in);
static ngx_int_t ngx_eiam_parameter_schema(void *data,
    const ngx_eiam_node_t *schema, ngx_uint_t number);


static const ngx_eiam_member_t  ngx_eiam_parameter_known[] = {
    ngx_eiam_member("name", NGX_EIAM_STRING),
    ngx_eiam_member("in", NGX_EIAM_STRING),
    ngx_eiam_member("description", NGX_EIAM_ANY),
    ngx_eiam_member("required", NGX_EIAM_ANY),
    ngx_eiam_member("deprecated", NGX_EIAM_ANY),
    ngx_eiam_member("allowEmptyValue", NGX_EIAM_ANY),
    ngx_eiam_member("style", NGX_EIAM_ANY),
    ngx_eiam_member("explode", NGX_EIAM_ANY),
    ngx_eiam_member("allowReserved", NGX_EIAM_ANY),
    ngx_eiam_member_read("schema", NGX_EIAM_ANY, ngx_eiam_parameter_schema, 0),
    ngx_eiam_member("example", NGX_EIAM_ANY),
    ngx_eiam_member("examples", NGX_EIAM_ANY),
    ngx_eiam_member("content", NGX_EIAM_ANY),
    ngx_eiam_member("x-eiam-object", NGX_EIAM_ANY),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_parameter_members = {
    ngx_eiam_parameter_known, "is not a member of a parameter", 1
};


/* OpenAPI 3.1 has these beside "$ref"; 3.0 ignores whatever is beside it */

static const ngx_eiam_member_t  ngx_eiam_parameter_reference_known[] = {
    ngx_eiam_member("$ref", NGX_EIAM_STRING),
    ngx_eiam_member("summary", NGX_EIAM_ANY),
    ngx_eiam_member("description", NGX_EIAM_ANY),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_parameter_reference = {
    ngx_eiam_parameter_reference_known, "must not stand beside a $ref", 0
};


typedef struct {
    ngx_str_t    name;
    ngx_uint_t   since;             /* minor version that introduced it */
} ngx_eiam_parameter_in_t;


static const ngx_eiam_parameter_in_t  ngx_eiam_parameter_locations[] = {
    { ngx_string("path"), 0 },
    { ngx_string("query"), 0 },
    { ngx_string("header"), 0 },
    { ngx_string("cookie"), 0 },
    { ngx_string("querystring"), 2 },
    { ngx_null_string, 0 }
};


ngx_int_t
ngx_eiam_parameters_read(void *data, const ngx_eiam_node_t *parameters,
    ngx_uint_t number)
{
    ngx_eiam_path_item_t *path = data;

    ngx_int_t        rc;
    ngx_eiam_node_t  parameter;

    parameter.parent = NULL;

    while (ngx_eiam_node_next(parameters, &parameter) == NGX_OK) {

        rc = ngx_eiam_parameter_read(path, &parameter, number);

        if (ngx_eiam_fault_defer(parameter.document, rc) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_parameter_read(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *parameter, ngx_uint_t own)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  reference, target;

    if (ngx_eiam_node_expect(parameter, NGX_EIAM_OBJECT) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_eiam_node_member(parameter, "$ref", NGX_EIAM_STRING, &reference);

    if (rc == NGX_DECLINED) {
        return ngx_eiam_parameter_check(path, parameter, own);
    }

    if (rc == NGX_ERROR
        || ngx_eiam_members_read(&ngx_eiam_parameter_reference, parameter, 0,
                                 NULL)
           != NGX_OK
        || ngx_eiam_node_refer(&reference, &target) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_parameter_check(path, &target, own);
}


static ngx_int_t
ngx_eiam_parameter_check(ngx_eiam_path_item_t *path,
    const ngx_eiam_node_t *parameter, ngx_uint_t own)
{
    ngx_eiam_node_t  name, in;

    if (ngx_eiam_members_read(&ngx_eiam_parameter_members, parameter, 0, NULL)
        != NGX_OK
        || ngx_eiam_node_require(parameter, "name", NGX_EIAM_STRING, &name)
           != NGX_OK
        || ngx_eiam_node_require(parameter, "in", NGX_EIAM_STRING, &in)
           != NGX_OK
        || ngx_eiam_parameter_location(&in) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_object_mark_read(path, parameter, own);
}


/* NGX_OK, or NGX_ERROR with a fault */

static ngx_int_t
ngx_eiam_parameter_location(const ngx_eiam_node_t *in)
{
    ngx_str_t                       text;
    ngx_eiam_near_t                 near;
    const ngx_eiam_parameter_in_t  *where;

    text = ngx_eiam_node_string(in);

    ngx_eiam_near_init(&near, &text);

    for (where = ngx_eiam_parameter_locations; where->name.len; where++) {

        if (where->since > in->document->version) {
            continue;
        }

        ngx_eiam_near_compare(&near, &where->name);

        if (ngx_eiam_str_equal(&where->name, &text)) {
            return NGX_OK;
        }
    }

    return ngx_eiam_fault_unknown(in, &near,
                                  "unknown location \"%V\" of a parameter");
}


/* nothing in it is read, so a mark would be of no use there */

static ngx_int_t
ngx_eiam_parameter_schema(void *data, const ngx_eiam_node_t *schema,
    ngx_uint_t number)
{
    ngx_eiam_node_t  member;

    static const ngx_str_t  name = ngx_string("x-eiam-object");

    if (ngx_eiam_node_is(schema, NGX_EIAM_OBJECT)
        && ngx_eiam_node_has(schema, &name, &member) == NGX_OK)
    {
        return ngx_eiam_fault(&member, "must be a member of the parameter, "
                              "beside \"schema\"");
    }

    return NGX_OK;
}
