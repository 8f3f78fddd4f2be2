
#include <ngx_eiam_resource.h>


/* the operations of a resource, each with the node of its template */

typedef struct {
    ngx_eiam_operation_t        *operations[NGX_EIAM_METHODS];
    const ngx_eiam_tree_node_t  *nodes[NGX_EIAM_METHODS];   /* NULL: none yet */
    uint32_t                     left_out;
} ngx_eiam_choice_t;


static ngx_int_t ngx_eiam_resource_rivals(ngx_eiam_compiler_t *compiler,
    ngx_eiam_operation_t *one, ngx_eiam_operation_t *other);
static void ngx_eiam_resource_hide(ngx_eiam_tree_node_t *node,
    ngx_uint_t slash, ngx_uint_t method);
static ngx_uint_t ngx_eiam_resource_is_weaker(
    const ngx_eiam_operation_t *operation, const ngx_eiam_operation_t *left);
static ngx_eiam_operation_t *ngx_eiam_resource_operation(
    const ngx_eiam_tree_node_t *node, ngx_uint_t slash, ngx_uint_t method);
static ngx_uint_t ngx_eiam_resource_ends(const ngx_eiam_tree_node_t *node,
    ngx_uint_t slash);
static ngx_int_t ngx_eiam_resource_choose(ngx_eiam_compiler_t *compiler,
    ngx_eiam_choice_t *choice, const ngx_eiam_tree_node_t *node,
    ngx_uint_t slash);
static ngx_int_t ngx_eiam_resource_compare(ngx_eiam_compiler_t *compiler,
    ngx_eiam_operation_t **chosen, ngx_eiam_operation_t *rival);
static ngx_int_t ngx_eiam_resource_allow(ngx_eiam_compiler_t *compiler,
    ngx_eiam_resource_t *resource);


ngx_int_t
ngx_eiam_resource_settle(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node)
{
    ngx_int_t              rc;
    ngx_uint_t             m;
    ngx_eiam_operation_t  *one, *other;

    for (m = 0; m < NGX_EIAM_METHODS; m++) {

        one = ngx_eiam_resource_operation(node, 0, m);
        other = ngx_eiam_resource_operation(node, 1, m);

        if (one && other && !one->left_out && !other->left_out
            && !ngx_eiam_policy_is_same(one, other))
        {
            rc = ngx_eiam_resource_rivals(compiler, one, other);

            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    for (m = 0; m < NGX_EIAM_METHODS; m++) {
        ngx_eiam_resource_hide(node, 0, m);
        ngx_eiam_resource_hide(node, 1, m);
    }

    return NGX_OK;
}


/* the same two may meet at several methods, and behind several paths */

static ngx_int_t
ngx_eiam_resource_rivals(ngx_eiam_compiler_t *compiler,
    ngx_eiam_operation_t *one, ngx_eiam_operation_t *other)
{
    ngx_uint_t          i;
    ngx_eiam_rivals_t  *rivals;

    rivals = compiler->rivals.elts;

    for (i = 0; i < compiler->rivals.nelts; i++) {

        if (rivals[i].one == one && rivals[i].other == other) {
            return NGX_OK;
        }
    }

    rivals = ngx_array_push(&compiler->rivals);
    if (rivals == NULL) {
        return NGX_ERROR;
    }

    rivals->one = one;
    rivals->other = other;

    return (compiler->rivals.nelts < NGX_EIAM_COMPILE_RIVALS_MAX)
           ? NGX_OK : NGX_ABORT;
}


/* leaves the operation out if its requests may belong to a stricter one */

static void
ngx_eiam_resource_hide(ngx_eiam_tree_node_t *node, ngx_uint_t slash,
    ngx_uint_t method)
{
    ngx_uint_t             form;
    ngx_eiam_operation_t  *operation;

    operation = node->operations[slash][method];

    if (operation == NULL) {
        return;
    }

    for (form = 0; form < 2; form++) {

        if (ngx_eiam_resource_is_weaker(operation,
                                        node->left_out[form][method])
            || (method == NGX_EIAM_HEAD
                && ngx_eiam_resource_is_weaker(operation,
                                       node->left_out[form][NGX_EIAM_GET])))
        {
            operation->left_out = NGX_EIAM_LEFT_ALIKE;
            operation->next = node->left_out[slash][method];

            node->left_out[slash][method] = operation;
            node->operations[slash][method] = NULL;
            return;
        }
    }
}


/*
 * Whether the operation is weaker than one of a list of left-out operations,
 * whose requests are never forwarded in report mode.  A "head" beside a "get"
 * of the same path item says itself what it requires.
 */

static ngx_uint_t
ngx_eiam_resource_is_weaker(const ngx_eiam_operation_t *operation,
    const ngx_eiam_operation_t *left)
{
    for ( /* void */ ; left; left = left->next) {

        if (left->route.data == operation->route.data) {
            continue;
        }

        if (operation->report || !ngx_eiam_policy_implies(operation, left)) {
            return 1;
        }
    }

    return 0;
}


/* the operation of this node, or the first one that is left out at it */

static ngx_eiam_operation_t *
ngx_eiam_resource_operation(const ngx_eiam_tree_node_t *node,
    ngx_uint_t slash, ngx_uint_t method)
{
    if (node->operations[slash][method]) {
        return node->operations[slash][method];
    }

    if (node->left_out[slash][method]) {
        return node->left_out[slash][method];
    }

    /* RFC 9110, section 9.3.2: HEAD is GET without the content */

    return (method == NGX_EIAM_HEAD)
           ? ngx_eiam_resource_operation(node, slash, NGX_EIAM_GET) : NULL;
}


ngx_int_t
ngx_eiam_resource_make(ngx_eiam_compiler_t *compiler,
    const ngx_array_t *nodes, ngx_uint_t slash,
    ngx_eiam_resource_t **resource)
{
    ngx_int_t               rc;
    ngx_uint_t              i, m, n;
    ngx_eiam_choice_t       choice;
    ngx_eiam_tree_node_t  **node;

    ngx_memzero(&choice, sizeof(ngx_eiam_choice_t));

    *resource = NULL;
    node = nodes->elts;
    rc = NGX_OK;

    for (i = 0; i < nodes->nelts && rc == NGX_OK; i++) {
        rc = ngx_eiam_resource_choose(compiler, &choice, node[i], slash);
    }

    if (rc == NGX_ABORT || rc == NGX_ERROR) {
        return rc;
    }

    for (m = 0, n = 0; m < NGX_EIAM_METHODS; m++) {

        if (choice.operations[m] && choice.operations[m]->left_out) {
            choice.operations[m] = NULL;
            choice.left_out |= 1U << m;
        }

        n += (choice.operations[m] != NULL);
    }

    if (n == 0 && choice.left_out == 0) {
        return NGX_OK;
    }

    *resource = ngx_pcalloc(compiler->pool, sizeof(ngx_eiam_resource_t));
    if (*resource == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy((*resource)->operations, choice.operations,
               sizeof(choice.operations));

    (*resource)->left_out = choice.left_out;

    return ngx_eiam_resource_allow(compiler, *resource);
}


/*
 * Adds the operations of a node.  NGX_OK; NGX_DONE: the path fits but for the
 * "/" at its end, which some backends ignore, so less concrete templates must
 * not be used; NGX_ABORT: there are enough rivals; NGX_ERROR: no memory.
 */

static ngx_int_t
ngx_eiam_resource_choose(ngx_eiam_compiler_t *compiler,
    ngx_eiam_choice_t *choice, const ngx_eiam_tree_node_t *node,
    ngx_uint_t slash)
{
    ngx_int_t              rc;
    ngx_uint_t             m;
    ngx_eiam_operation_t  *operation;

    if (!ngx_eiam_resource_ends(node, slash)) {
        return ngx_eiam_resource_ends(node, !slash) ? NGX_DONE : NGX_OK;
    }

    if (node->left_out[slash][NGX_EIAM_METHODS]) {
        choice->left_out |= 1U << NGX_EIAM_METHODS;
    }

    for (m = 0; m < NGX_EIAM_METHODS; m++) {

        operation = ngx_eiam_resource_operation(node, slash, m);

        if (choice->nodes[m]) {

            if (operation && choice->operations[m]
                && ngx_eiam_tree_compare(choice->nodes[m], node) == 0)
            {
                rc = ngx_eiam_resource_compare(compiler,
                                               &choice->operations[m],
                                               operation);
                if (rc != NGX_OK) {
                    return rc;
                }
            }

            continue;
        }

        if (operation || ngx_eiam_resource_operation(node, !slash, m)) {
            choice->operations[m] = operation;
            choice->nodes[m] = node;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_eiam_resource_ends(const ngx_eiam_tree_node_t *node, ngx_uint_t slash)
{
    ngx_uint_t  m;

    for (m = 0; m < NGX_EIAM_METHODS; m++) {

        if (node->operations[slash][m] || node->left_out[slash][m]) {
            return 1;
        }
    }

    return node->left_out[slash][NGX_EIAM_METHODS] != NULL;
}


/* two equally concrete operations; the results are those of a node */

static ngx_int_t
ngx_eiam_resource_compare(ngx_eiam_compiler_t *compiler,
    ngx_eiam_operation_t **chosen, ngx_eiam_operation_t *rival)
{
    if ((*chosen)->left_out) {
        return NGX_OK;
    }

    if (rival->left_out) {

        if (ngx_eiam_resource_is_weaker(*chosen, rival)) {
            *chosen = rival;
        }

        return NGX_OK;
    }

    return ngx_eiam_policy_is_same(*chosen, rival)
           ? NGX_OK
           : ngx_eiam_resource_rivals(compiler, *chosen, rival);
}


static ngx_int_t
ngx_eiam_resource_allow(ngx_eiam_compiler_t *compiler,
    ngx_eiam_resource_t *resource)
{
    u_char      *p;
    ngx_uint_t   m;

    p = ngx_pnalloc(compiler->pool,
                    NGX_EIAM_METHODS * (sizeof("OPTIONS, ") - 1));
    if (p == NULL) {
        return NGX_ERROR;
    }

    resource->allow.data = p;

    for (m = 0; m < NGX_EIAM_METHODS; m++) {

        if (resource->operations[m]) {
            p = ngx_sprintf(p, "%s%V", p == resource->allow.data ? "" : ", ",
                            &ngx_eiam_policy_methods[m]);
        }
    }

    resource->allow.len = p - resource->allow.data;

    return NGX_OK;
}
