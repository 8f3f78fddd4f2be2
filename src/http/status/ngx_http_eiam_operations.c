
#include <ngx_http_eiam_operations.h>


#define NGX_HTTP_EIAM_PART       500             /* operations */
#define NGX_HTTP_EIAM_PART_SIZE  (128 * 1024)    /* bytes of them, about */


static ngx_int_t ngx_http_eiam_operations_from(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_operations_invalid(
    ngx_http_eiam_status_t *status);
static void ngx_http_eiam_operations_policies(ngx_http_eiam_status_t *status);
static void ngx_http_eiam_operations_scopes(ngx_http_eiam_status_t *status);
static void ngx_http_eiam_operations_part(ngx_http_eiam_status_t *status,
    ngx_uint_t from);
static void ngx_http_eiam_operations_row(ngx_http_eiam_status_t *status,
    ngx_uint_t policy, const ngx_eiam_operation_t *operation);
static void ngx_http_eiam_operations_objects(ngx_http_eiam_status_t *status,
    const ngx_eiam_operation_t *operation);
static void ngx_http_eiam_operations_required(ngx_http_eiam_status_t *status,
    const ngx_eiam_alternative_t *alternative);


ngx_int_t
ngx_http_eiam_operations(ngx_http_eiam_status_t *status)
{
    ngx_int_t  from;

    from = ngx_http_eiam_operations_from(status->request);

    if (from == NGX_ERROR) {
        return ngx_http_eiam_operations_invalid(status);
    }

    ngx_http_eiam_operations_policies(status);

    /* identical in all parts */

    if (from == 0) {
        ngx_http_eiam_operations_scopes(status);
    }

    ngx_http_eiam_operations_part(status, from);

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_operations_from(ngx_http_request_t *r)
{
    ngx_str_t  value;

    if (ngx_http_arg(r, (u_char *) "from", 4, &value) != NGX_OK) {
        return 0;
    }

    return ngx_atoi(value.data, value.len);
}


static ngx_int_t
ngx_http_eiam_operations_invalid(ngx_http_eiam_status_t *status)
{
    status->code = NGX_HTTP_BAD_REQUEST;

    ngx_http_eiam_puts(status,
                       "{\"error\":\"\\\"from\\\" is not a number\"}\n");

    return NGX_OK;
}


static void
ngx_http_eiam_operations_policies(ngx_http_eiam_status_t *status)
{
    u_char               hex[NGX_EIAM_DIGEST_LEN * 2];
    ngx_uint_t           i;
    ngx_eiam_policy_t  **policy;

    policy = status->mcf->policies.elts;

    ngx_http_eiam_puts(status, "{\"policies\":[");

    for (i = 0; i < status->mcf->policies.nelts; i++) {
        ngx_hex_dump(hex, policy[i]->digest, NGX_EIAM_DIGEST_LEN);

        ngx_http_eiam_write_text(status, "%s\n{\"policy\":", i ? "," : "");
        ngx_http_eiam_write_quoted(status, &policy[i]->name);
        ngx_http_eiam_puts(status, ",\"path\":");
        ngx_http_eiam_write_quoted(status, &policy[i]->path);
        ngx_http_eiam_write_text(status, ",\"sha256\":\"%*s\","
                                 "\"operations\":%ui}",
                                 sizeof(hex), hex,
                                 policy[i]->operations.nelts);
    }

    ngx_http_eiam_puts(status, "]");
}


static void
ngx_http_eiam_operations_scopes(ngx_http_eiam_status_t *status)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    name = status->mcf->scopes->names.elts;

    ngx_http_eiam_puts(status, ",\n\"scopes\":[");

    for (i = 0; i < status->mcf->scopes->names.nelts; i++) {
        ngx_http_eiam_write_text(status, "%s", i ? "," : "");
        ngx_http_eiam_write_quoted(status, &name[i]);
    }

    ngx_http_eiam_puts(status, "]");
}


/* writes "next", where the next part begins, except in the last part */

static void
ngx_http_eiam_operations_part(ngx_http_eiam_status_t *status, ngx_uint_t from)
{
    ngx_uint_t              i, k, at;
    ngx_eiam_policy_t     **policy;
    ngx_eiam_operation_t  **operation;

    at = 0;
    policy = status->mcf->policies.elts;
    status->begun = status->size;

    ngx_http_eiam_puts(status, ",\n\"operations\":[");

    for (i = 0; i < status->mcf->policies.nelts; i++) {

        operation = policy[i]->operations.elts;

        for (k = 0; k < policy[i]->operations.nelts; k++, at++) {

            if (at < from) {
                continue;
            }

            if (at - from == NGX_HTTP_EIAM_PART
                || status->size - status->begun > NGX_HTTP_EIAM_PART_SIZE)
            {
                ngx_http_eiam_write_text(status, "],\n\"next\":%ui}\n", at);
                return;
            }

            ngx_http_eiam_write_text(status, "%s\n", at > from ? "," : "");
            ngx_http_eiam_operations_row(status, i, operation[k]);
        }
    }

    ngx_http_eiam_puts(status, "]}\n");
}


static void
ngx_http_eiam_operations_row(ngx_http_eiam_status_t *status, ngx_uint_t policy,
    const ngx_eiam_operation_t *operation)
{
    ngx_uint_t  i;

    ngx_http_eiam_write_text(status, "[%ui,", policy);
    ngx_http_eiam_write_quoted(status, &operation->id);
    ngx_http_eiam_puts(status, ",");
    ngx_http_eiam_write_quoted(status,
                               &ngx_eiam_policy_methods[operation->method]);
    ngx_http_eiam_puts(status, ",");
    ngx_http_eiam_write_quoted(status, &operation->route);
    ngx_http_eiam_write_text(status, ",%d,%d,[", operation->is_public ? 1 : 0,
                             operation->report ? 1 : 0);

    for (i = 0; i < operation->n; i++) {
        ngx_http_eiam_write_text(status, "%s", i ? "," : "");
        ngx_http_eiam_operations_required(status, &operation->alternatives[i]);
    }

    ngx_http_eiam_puts(status, "]");
    ngx_http_eiam_operations_objects(status, operation);
    ngx_http_eiam_puts(status, "]");
}


/* the kinds of objects that the operation's parameters name, if they do */

static void
ngx_http_eiam_operations_objects(ngx_http_eiam_status_t *status,
    const ngx_eiam_operation_t *operation)
{
    ngx_uint_t               i;
    ngx_eiam_object_mark_t  *mark;

    if (operation->marks.nelts == 0) {
        return;
    }

    mark = operation->marks.elts;

    for (i = 0; i < operation->marks.nelts; i++) {
        ngx_http_eiam_write_text(status, "%s", i ? "," : ",[");
        ngx_http_eiam_write_quoted(status, &mark[i].kind);
    }

    ngx_http_eiam_puts(status, "]");
}


/* an alternative of one scope is written without brackets */

static void
ngx_http_eiam_operations_required(ngx_http_eiam_status_t *status,
    const ngx_eiam_alternative_t *alternative)
{
    ngx_uint_t  i;

    if (alternative->n == 1) {
        ngx_http_eiam_write_text(status, "%uD",
                                 (uint32_t) alternative->scopes[0]);
        return;
    }

    ngx_http_eiam_puts(status, "[");

    for (i = 0; i < alternative->n; i++) {
        ngx_http_eiam_write_text(status, "%s%uD", i ? "," : "",
                                 (uint32_t) alternative->scopes[i]);
    }

    ngx_http_eiam_puts(status, "]");
}
