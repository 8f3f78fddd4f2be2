
#include <ngx_eiam_claims.h>


#define NGX_EIAM_CLAIMS_TIME_MAX  9007199254740992.0      /* 2^53 */


ngx_int_t
ngx_eiam_claims_time(const ngx_eiam_node_t *claims, const char *name,
    time_t *time)
{
    double           seconds;
    ngx_int_t        rc;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_node_member(claims, name, NGX_EIAM_NUMBER, &node);
    if (rc != NGX_OK) {
        return rc;
    }

    seconds = ngx_eiam_node_number(&node);

    if (seconds >= NGX_EIAM_CLAIMS_TIME_MAX
        || seconds <= -NGX_EIAM_CLAIMS_TIME_MAX)
    {
        return ngx_eiam_fault(&node, "is out of range");
    }

    *time = (time_t) seconds;
    *time -= (*time > seconds);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_claims_text(const ngx_eiam_node_t *claims, const char *name,
    size_t max, ngx_str_t *text)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  node;

    rc = ngx_eiam_node_member(claims, name, NGX_EIAM_STRING, &node);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_eiam_node_printable(&node, max) != NGX_OK) {
        return NGX_ERROR;
    }

    *text = ngx_eiam_node_string(&node);

    return NGX_OK;
}
