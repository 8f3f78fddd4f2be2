
#include <ngx_eiam_document.h>
#include <ngx_eiam_utf8.h>


ngx_int_t
ngx_eiam_node_require(const ngx_eiam_node_t *node, const char *name,
    ngx_eiam_type_e type, ngx_eiam_node_t *member)
{
    ngx_int_t  rc;

    rc = ngx_eiam_node_member(node, name, type, member);

    return (rc == NGX_DECLINED) ? ngx_eiam_fault(node, "has no \"%s\"", name)
                                : rc;
}


ngx_int_t
ngx_eiam_node_text(const ngx_eiam_node_t *node, const char *name,
    ngx_str_t *text)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  member;

    rc = ngx_eiam_node_member(node, name, NGX_EIAM_STRING, &member);

    if (rc == NGX_OK) {
        *text = ngx_eiam_node_string(&member);
    }

    return rc;
}


ngx_uint_t
ngx_eiam_node_is_extension(const ngx_eiam_node_t *member)
{
    return ngx_strncmp(member->key.data, "x-", 2) == 0;
}


/* one step, so that no reference leads back to itself */

ngx_int_t
ngx_eiam_node_refer(const ngx_eiam_node_t *reference,
    ngx_eiam_node_t *target)
{
    ngx_eiam_node_t  nested;

    if (ngx_eiam_node_expect(reference, NGX_EIAM_STRING) != NGX_OK
        || ngx_eiam_node_resolve(reference, target) != NGX_OK
        || ngx_eiam_node_expect(target, NGX_EIAM_OBJECT) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_node_member(target, "$ref", NGX_EIAM_ANY, &nested)
        == NGX_OK)
    {
        return ngx_eiam_fault(reference, "unsupported $ref to another $ref");
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_node_copy(const ngx_eiam_node_t *node, ngx_pool_t *pool,
    ngx_str_t *copy)
{
    ngx_str_t  text;

    text = ngx_eiam_node_string(node);

    copy->len = text.len;
    copy->data = ngx_pstrdup(pool, &text);

    return copy->data ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_eiam_node_printable(const ngx_eiam_node_t *node, size_t max)
{
    ngx_str_t  text;

    text = ngx_eiam_node_string(node);

    if (text.len == 0 || text.len > max) {
        return ngx_eiam_fault(node, "must have 1 to %uz bytes", max);
    }

    if (!ngx_eiam_utf8_is_text(&text)) {
        return ngx_eiam_fault(node, "must not have control characters");
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_node_identifier(const ngx_eiam_node_t *node, size_t max)
{
    ngx_str_t  text;

    if (ngx_eiam_node_printable(node, max) != NGX_OK) {
        return NGX_ERROR;
    }

    text = ngx_eiam_node_string(node);

    if (text.data[0] == ' ' || text.data[text.len - 1] == ' ') {
        return ngx_eiam_fault(node, "must not begin or end with a space");
    }

    return NGX_OK;
}
