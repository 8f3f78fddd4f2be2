
#include <ngx_eiam_claims.h>
#include <ngx_eiam_jwk.h>
#include <ngx_eiam_jwk_material.h>
#include <ngx_eiam_string.h>


static void ngx_eiam_keys_place(ngx_array_t *list);
static ngx_int_t ngx_eiam_key_read(const ngx_eiam_node_t *node,
    ngx_pool_t *pool, ngx_eiam_key_t *key);
static ngx_int_t ngx_eiam_key_is_for_verifying(const ngx_eiam_node_t *node);
static ngx_int_t ngx_eiam_key_kid(const ngx_eiam_node_t *node,
    ngx_pool_t *pool, ngx_eiam_key_t *key);
static ngx_int_t ngx_eiam_key_algorithm(const ngx_eiam_node_t *node,
    ngx_eiam_key_t *key);


ngx_int_t
ngx_eiam_jwk_init(ngx_eiam_keys_t *keys, ngx_pool_t *pool)
{
    keys->named = 0;

    return ngx_array_init(&keys->list, pool, 8, sizeof(ngx_eiam_key_t));
}


ngx_int_t
ngx_eiam_jwk_read_set(const ngx_eiam_node_t *root, ngx_pool_t *pool,
    ngx_eiam_keys_t *keys, ngx_eiam_bad_key_pt bad, void *data)
{
    ngx_int_t         rc;
    ngx_eiam_key_t   *key;
    ngx_eiam_node_t   set, node;

    if (ngx_eiam_node_expect(root, NGX_EIAM_OBJECT) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_eiam_node_member(root, "keys", NGX_EIAM_ARRAY, &set);
    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED)
               ? ngx_eiam_fault(root, "has no \"keys\"") : rc;
    }

    if (ngx_eiam_node_count(&set) > NGX_EIAM_KEYS_MAX) {
        return ngx_eiam_fault(&set, "has more than %d keys",
                              NGX_EIAM_KEYS_MAX);
    }

    if (ngx_eiam_jwk_init(keys, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    node.parent = NULL;

    while (ngx_eiam_node_next(&set, &node) == NGX_OK) {

        key = ngx_array_push(&keys->list);
        if (key == NULL) {
            return NGX_ERROR;
        }

        rc = ngx_eiam_key_read(&node, pool, key);

        if (rc == NGX_OK) {
            keys->named |= (key->kid.data != NULL);
            ngx_eiam_keys_place(&keys->list);
            continue;
        }

        keys->list.nelts--;

        if (rc == NGX_ERROR) {
            bad(node.document, data);
        }
    }

    return NGX_OK;
}


/* moves the last key to its place by cost, behind the keys of the same cost */

static void
ngx_eiam_keys_place(ngx_array_t *list)
{
    ngx_uint_t       i;
    ngx_eiam_key_t  *key, last;

    key = list->elts;
    i = list->nelts - 1;
    last = key[i];

    for ( /* void */ ; i && key[i - 1].cost > last.cost; i--) {
        key[i] = key[i - 1];
    }

    key[i] = last;
}


/* NGX_DECLINED: the key is not for verifying */

static ngx_int_t
ngx_eiam_key_read(const ngx_eiam_node_t *node, ngx_pool_t *pool,
    ngx_eiam_key_t *key)
{
    ngx_int_t                   rc;
    const ngx_eiam_jwk_kind_t  *kind;

    ngx_memzero(key, sizeof(ngx_eiam_key_t));

    rc = ngx_eiam_key_is_for_verifying(node);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_eiam_jwk_material_kind(node, &kind);
    if (rc != NGX_OK) {
        return rc;
    }

    key->type = kind->type;
    key->cost = kind->cost;

    if (ngx_eiam_key_kid(node, pool, key) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_eiam_key_algorithm(node, key);
    if (rc != NGX_OK) {
        return rc;
    }

    if (kind->read(kind, node, pool, key) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_jws_key_prepare(key, pool);
}


static ngx_int_t
ngx_eiam_key_kid(const ngx_eiam_node_t *node, ngx_pool_t *pool,
    ngx_eiam_key_t *key)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  kid;

    rc = ngx_eiam_claims_member(node, "kid", NGX_EIAM_STRING, &kid);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    return (rc == NGX_OK) ? ngx_eiam_node_copy(&kid, pool, &key->kid) : rc;
}


/* RFC 7517, section 4.4; RFC 8725, section 3.1 */

static ngx_int_t
ngx_eiam_key_algorithm(const ngx_eiam_node_t *node, ngx_eiam_key_t *key)
{
    ngx_int_t  rc;
    ngx_str_t  name;

    key->algorithm = NGX_EIAM_ANY_ALGORITHM;

    rc = ngx_eiam_node_text(node, "alg", &name);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : rc;
    }

    rc = ngx_eiam_jws_algorithm_find(&name);
    if (rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    key->algorithm = rc;

    return (ngx_eiam_jws_algorithms[rc].types & ((ngx_uint_t) 1 << key->type))
           ? NGX_OK : ngx_eiam_fault(node, "is not a key for its \"alg\"");
}


/* RFC 7517, sections 4.2 and 4.3 */

static ngx_int_t
ngx_eiam_key_is_for_verifying(const ngx_eiam_node_t *node)
{
    ngx_int_t        rc;
    ngx_str_t        text;
    ngx_eiam_node_t  use, operations, operation;

    static const ngx_str_t  sig = ngx_string("sig");
    static const ngx_str_t  verify = ngx_string("verify");

    if (ngx_eiam_node_expect(node, NGX_EIAM_OBJECT) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_eiam_claims_member(node, "use", NGX_EIAM_STRING, &use);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        text = ngx_eiam_node_string(&use);

        if (!ngx_eiam_str_equal(&text, &sig)) {
            return NGX_DECLINED;
        }
    }

    rc = ngx_eiam_node_member(node, "key_ops", NGX_EIAM_ARRAY, &operations);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : rc;
    }

    operation.parent = NULL;

    while (ngx_eiam_node_next(&operations, &operation) == NGX_OK) {

        if (ngx_eiam_node_expect(&operation, NGX_EIAM_STRING) != NGX_OK) {
            return NGX_ERROR;
        }

        text = ngx_eiam_node_string(&operation);

        if (ngx_eiam_str_equal(&text, &verify)) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
