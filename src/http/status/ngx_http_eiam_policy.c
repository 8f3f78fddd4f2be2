
#include <ngx_http_eiam_objects.h>
#include <ngx_http_eiam_status.h>


#define NGX_HTTP_EIAM_OPERATIONS  500            /* bytes of a step */
#define NGX_HTTP_EIAM_STEP        (256 * 1024)   /* bytes of an operation */


static void ngx_http_eiam_policy_begin(ngx_http_eiam_status_t *status,
    const ngx_eiam_policy_t *policy);
static void ngx_http_eiam_policy_row(ngx_http_eiam_status_t *status,
    const ngx_eiam_policy_t *policy, ngx_uint_t i);
static void ngx_http_eiam_left_out(ngx_http_eiam_status_t *status,
    const ngx_eiam_finding_t *finding);
static void ngx_http_eiam_operation(ngx_http_eiam_status_t *status,
    const ngx_eiam_operation_t *operation);


/*
 * The policies as JSON: which operation accepts which scopes, and what is left
 * out.
 */

ngx_int_t
ngx_http_eiam_policy(ngx_http_eiam_status_t *status)
{
    ngx_uint_t           n;
    ngx_eiam_policy_t  **policy;

    policy = status->mcf->policies.elts;

    if (status->size == 0) {
        ngx_http_eiam_puts(status, "{\"policies\":[");
    }

    for ( /* void */ ; status->policy < status->mcf->policies.nelts;
          status->policy++)
    {
        n = policy[status->policy]->operations.nelts
            + policy[status->policy]->findings.nelts;

        if (status->i == 0) {
            ngx_http_eiam_policy_begin(status, policy[status->policy]);
        }

        while (status->i < n) {

            /* 0: at the beginning, with the heading of the policy */

            if (status->i
                && (++status->samples > NGX_HTTP_EIAM_OPERATIONS
                    || status->size - status->begun > NGX_HTTP_EIAM_STEP))
            {
                return NGX_AGAIN;
            }

            ngx_http_eiam_policy_row(status, policy[status->policy],
                                     status->i++);
        }

        ngx_http_eiam_puts(status, "]}");
        status->i = 0;
    }

    ngx_http_eiam_puts(status, "]}\n");

    return NGX_OK;
}


static void
ngx_http_eiam_policy_begin(ngx_http_eiam_status_t *status,
    const ngx_eiam_policy_t *policy)
{
    ngx_http_eiam_write_text(status, "%s\n{\"policy\":",
                             status->policy ? "," : "");
    ngx_http_eiam_write_quoted(status, &policy->name);
    ngx_http_eiam_puts(status, ",\"path\":");
    ngx_http_eiam_write_quoted(status, &policy->path);
    ngx_http_eiam_puts(status, ",\"operations\":[");
}


/* an operation, or, after the last one, what is left out */

static void
ngx_http_eiam_policy_row(ngx_http_eiam_status_t *status,
    const ngx_eiam_policy_t *policy, ngx_uint_t i)
{
    ngx_uint_t              n;
    ngx_eiam_finding_t     *finding;
    ngx_eiam_operation_t  **operation;

    n = policy->operations.nelts;
    finding = policy->findings.elts;
    operation = policy->operations.elts;

    if (i < n) {
        ngx_http_eiam_write_text(status, "%s\n", i ? "," : "");
        ngx_http_eiam_operation(status, operation[i]);

    } else if (ngx_eiam_finding_is_left_out(finding[i - n].cause)) {
        ngx_http_eiam_write_text(status, "%s\n", status->comma ? "," : "");
        ngx_http_eiam_left_out(status, &finding[i - n]);
        status->comma = 1;
    }

    if (i + 1 == n) {
        ngx_http_eiam_puts(status, "],\"left_out\":[");
        status->comma = 0;
    }
}


static void
ngx_http_eiam_left_out(ngx_http_eiam_status_t *status,
    const ngx_eiam_finding_t *finding)
{
    const ngx_eiam_cause_t      *cause;
    const ngx_eiam_operation_t  *operation;

    cause = &ngx_eiam_finding_causes[finding->cause];

    ngx_http_eiam_puts(status, "{\"cause\":");
    ngx_http_eiam_write_quoted(status, &cause->name);
    ngx_http_eiam_puts(status, ",\"text\":");
    ngx_http_eiam_write_quoted(status, &cause->text);
    ngx_http_eiam_puts(status, ",\"pointer\":");
    ngx_http_eiam_write_quoted(status, &finding->pointer);

    operation = finding->operation;

    if (operation && operation->method < NGX_EIAM_METHODS) {
        ngx_http_eiam_puts(status, ",\"method\":");
        ngx_http_eiam_write_quoted(status,
                                   &ngx_eiam_policy_methods[operation->method]);
    }

    if (operation) {
        ngx_http_eiam_puts(status, ",\"route\":");
        ngx_http_eiam_write_quoted(status, &operation->route);
    }

    ngx_http_eiam_puts(status, "}");
}


static void
ngx_http_eiam_operation(ngx_http_eiam_status_t *status,
    const ngx_eiam_operation_t *operation)
{
    ngx_http_eiam_puts(status, "{\"operation\":");
    ngx_http_eiam_write_quoted(status, &operation->id);
    ngx_http_eiam_puts(status, ",\"method\":");
    ngx_http_eiam_write_quoted(status,
                               &ngx_eiam_policy_methods[operation->method]);
    ngx_http_eiam_puts(status, ",\"route\":");
    ngx_http_eiam_write_quoted(status, &operation->route);
    ngx_http_eiam_write_text(status, ",\"public\":%s,\"report\":%s,"
                             "\"required\":",
                             operation->is_public ? "true" : "false",
                             operation->report ? "true" : "false");
    ngx_http_eiam_policy_required(status, operation, NULL);

    if (operation->marks.nelts) {
        ngx_http_eiam_puts(status, ",\"objects\":[");
        ngx_http_eiam_objects_marks(status, operation);
        ngx_http_eiam_puts(status, "]");
    }

    ngx_http_eiam_puts(status, "}");
}


void
ngx_http_eiam_policy_required(ngx_http_eiam_status_t *status,
    const ngx_eiam_operation_t *operation, const ngx_eiam_scope_bits_t *set)
{
    ngx_str_t               *name;
    ngx_uint_t               i, k, n;
    ngx_eiam_alternative_t  *alternative;

    name = status->mcf->scopes->names.elts;
    alternative = operation->alternatives;

    ngx_http_eiam_puts(status, "[");

    for (i = 0; i < operation->n; i++) {

        ngx_http_eiam_write_text(status, "%s[", i ? "," : "");

        for (n = 0, k = 0; k < alternative[i].n; k++) {

            if (set
                && ngx_eiam_scope_set_has(set, alternative[i].scopes[k]))
            {
                continue;
            }

            ngx_http_eiam_write_text(status, "%s", n++ ? "," : "");
            ngx_http_eiam_write_quoted(status, &name[alternative[i].scopes[k]]);
        }

        ngx_http_eiam_puts(status, "]");
    }

    ngx_http_eiam_puts(status, "]");
}
