
#include <ngx_eiam_members.h>
#include <ngx_eiam_near.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_eiam_members_member(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *member, ngx_uint_t version, void *data);
static ngx_uint_t ngx_eiam_members_is_foreign(
    const ngx_eiam_members_t *object, const ngx_eiam_node_t *member);
static ngx_int_t ngx_eiam_members_unknown(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *member, ngx_uint_t version);


ngx_int_t
ngx_eiam_members_read(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *node, ngx_uint_t version, void *data)
{
    ngx_int_t                 rc;
    ngx_eiam_node_t           member;
    const ngx_eiam_member_t  *known;

    if (ngx_eiam_node_expect(node, NGX_EIAM_OBJECT) != NGX_OK) {
        return NGX_ERROR;
    }

    for (known = object->members; known->name.len; known++) {

        if (known->required
            && ngx_eiam_node_has(node, &known->name, &member) != NGX_OK)
        {
            rc = ngx_eiam_fault(node, "has no \"%V\"", &known->name);

            if (ngx_eiam_fault_defer(node->document, rc) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    member.parent = NULL;

    while (ngx_eiam_node_next(node, &member) == NGX_OK) {

        rc = ngx_eiam_members_member(object, &member, version, data);

        if (ngx_eiam_fault_defer(node->document, rc) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_members_member(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *member, ngx_uint_t version, void *data)
{
    const ngx_eiam_member_t  *known;

    for (known = object->members; known->name.len; known++) {

        if (known->since > version
            || !ngx_eiam_str_equal(&known->name, &member->key))
        {
            continue;
        }

        if (ngx_eiam_node_expect(member, known->type) != NGX_OK) {
            return NGX_ERROR;
        }

        return known->handler ? known->handler(data, member, known->number)
                              : NGX_OK;
    }

    return ngx_eiam_members_other(object, member, version);
}


ngx_int_t
ngx_eiam_members_other(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *member, ngx_uint_t version)
{
    return (object->extensible && ngx_eiam_members_is_foreign(object, member))
           ? NGX_OK : ngx_eiam_members_unknown(object, member, version);
}


/*
 * Extensions of others are no business of this reader, but one that is written
 * nearly like one of its own was meant to be that.
 */

static ngx_uint_t
ngx_eiam_members_is_foreign(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *member)
{
    ngx_eiam_near_t           near;
    const ngx_eiam_member_t  *known;

    if (!ngx_eiam_node_is_extension(member)
        || ngx_strncmp(member->key.data, "x-eiam", 6) == 0)
    {
        return 0;
    }

    ngx_eiam_near_init(&near, &member->key);

    for (known = object->members; known->name.len; known++) {

        if (ngx_strncmp(known->name.data, "x-", 2) == 0) {
            ngx_eiam_near_compare(&near, &known->name);
        }
    }

    return near.nearest.len == 0;
}


/* a name that only another version knows is not offered as what was meant */

static ngx_int_t
ngx_eiam_members_unknown(const ngx_eiam_members_t *object,
    const ngx_eiam_node_t *member, ngx_uint_t version)
{
    ngx_eiam_near_t           near;
    const ngx_eiam_member_t  *known;

    ngx_eiam_near_init(&near, &member->key);

    for (known = object->members; known->name.len; known++) {

        if (known->since <= version) {
            ngx_eiam_near_compare(&near, &known->name);
        }
    }

    return ngx_eiam_fault_unknown(member, &near, object->unknown);
}
