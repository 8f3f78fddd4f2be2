
#include "ngx_eiam_unit.h"
#include <ngx_eiam_reason.h>


static ngx_uint_t ngx_eiam_unit_reason_row(const ngx_eiam_reason_t *reason);
static ngx_uint_t ngx_eiam_unit_reason_body(const ngx_eiam_reason_t *reason,
    const ngx_str_t *body, ngx_pool_t *pool);
static ngx_uint_t ngx_eiam_unit_reason_is_alone(
    const ngx_eiam_reason_t *reason);


void
ngx_eiam_unit_reason(ngx_eiam_unit_t *unit)
{
    ngx_uint_t                i, k;
    const ngx_eiam_reason_t  *reason;

    static const char  *languages[] = { "English", "Chinese" };

    ngx_eiam_unit_ok(unit, ngx_eiam_reasons[NGX_EIAM_NO_REASON].status == 0,
                     "no reason has no status");

    for (i = 1; i <= NGX_EIAM_SOURCE_UNAVAILABLE; i++) {

        reason = &ngx_eiam_reasons[i];

        ngx_eiam_unit_ok(unit, ngx_eiam_unit_reason_row(reason),
                         "%V: status, challenge and error go together",
                         &reason->name);
        ngx_eiam_unit_ok(unit, ngx_eiam_unit_reason_is_alone(reason),
                         "%V: no other has its name or code", &reason->name);

        for (k = 0; k < NGX_EIAM_LANGUAGES; k++) {
            ngx_eiam_unit_ok(unit,
                             ngx_eiam_unit_reason_body(reason,
                                                       &reason->body[k],
                                                       unit->pool),
                             "%V: the body in %s is JSON of its code",
                             &reason->name, languages[k]);
        }
    }
}


/* RFC 6750, section 3: which statuses have a challenge, and with which error */

static ngx_uint_t
ngx_eiam_unit_reason_row(const ngx_eiam_reason_t *reason)
{
    ngx_uint_t  error;

    error = reason->challenge >= NGX_EIAM_CHALLENGE_ERROR;

    if (reason->name.len == 0 || error != (reason->error.len != 0)) {
        return 0;
    }

    switch (reason->status) {

    case 400:
        return !error
               || ngx_strcmp(reason->error.data, "invalid_request") == 0;

    case 401:
        return reason->challenge == NGX_EIAM_CHALLENGE
               || ngx_strcmp(reason->error.data, "invalid_token") == 0;

    case 403:
        return !error
               || ngx_strcmp(reason->error.data, "insufficient_scope") == 0;

    case 404:
    case 405:
    case 503:
        return reason->challenge == NGX_EIAM_NO_CHALLENGE;
    }

    return 0;
}


static ngx_uint_t
ngx_eiam_unit_reason_body(const ngx_eiam_reason_t *reason,
    const ngx_str_t *body, ngx_pool_t *pool)
{
    ngx_str_t            code, message;
    ngx_eiam_node_t      root, node;
    ngx_eiam_document_t  document;

    if (ngx_eiam_unit_parse(&document, pool, body, &root) != NGX_OK
        || ngx_eiam_node_count(&root) != 2
        || ngx_eiam_node_member(&root, "error_code", NGX_EIAM_STRING, &node)
           != NGX_OK)
    {
        return 0;
    }

    code = ngx_eiam_node_string(&node);

    if (ngx_eiam_node_member(&root, "error_msg", NGX_EIAM_STRING, &node)
        != NGX_OK)
    {
        return 0;
    }

    message = ngx_eiam_node_string(&node);

    return code.len == sizeof("GATEWAY.4001") - 1
           && ngx_strncmp(code.data, "GATEWAY.", 8) == 0
           && ngx_atoi(code.data + 8, 3) == (ngx_int_t) reason->status
           && message.len != 0;
}


static ngx_uint_t
ngx_eiam_unit_reason_is_alone(const ngx_eiam_reason_t *reason)
{
    size_t                    len;
    ngx_uint_t                i, same;
    const ngx_eiam_reason_t  *other;

    same = 0;
    len = sizeof("{\"error_code\":\"GATEWAY.4001\"") - 1;

    for (i = 1; i <= NGX_EIAM_SOURCE_UNAVAILABLE; i++) {

        other = &ngx_eiam_reasons[i];

        same += ngx_eiam_unit_equal(&reason->name, &other->name)
                || ngx_strncmp(reason->body[NGX_EIAM_EN].data,
                               other->body[NGX_EIAM_EN].data, len)
                   == 0;
    }

    return same == 1;
}
