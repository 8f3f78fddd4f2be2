
#include <ngx_eiam_compile.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_tree.h>


typedef struct {
    ngx_str_node_t          sn;             /* the list's bytes */
    ngx_eiam_state_t       *state;
} ngx_eiam_compile_list_t;


#define ngx_eiam_state_begins(state, c)                                       \
    (state)->literals[(c) >> 5] |= 1U << ((c) & 0x1f)


static ngx_eiam_tree_node_t *ngx_eiam_compile_prefix(
    ngx_eiam_compiler_t *compiler);
static ngx_uint_t ngx_eiam_compile_is_passage(
    const ngx_eiam_tree_node_t *node);
static ngx_int_t ngx_eiam_compile_bases(ngx_eiam_compiler_t *compiler);
static ngx_int_t ngx_eiam_compile_beginnings(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node, ngx_uint_t skip);
static ngx_int_t ngx_eiam_compile_state(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_eiam_state_t **statep);
static ngx_int_t ngx_eiam_compile_resource(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_eiam_state_t *state);
static ngx_int_t ngx_eiam_compile_allow(ngx_eiam_compiler_t *compiler,
    ngx_eiam_resource_t *resource);
static ngx_int_t ngx_eiam_compile_steps(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_eiam_state_t *state);
static ngx_uint_t ngx_eiam_compile_is_known(ngx_eiam_tree_node_t **node,
    ngx_uint_t n, ngx_str_t *name);
static ngx_int_t ngx_eiam_compile_literal_step(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_str_t *name, ngx_eiam_state_t *state);
static ngx_int_t ngx_eiam_compile_step(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_str_t *name, ngx_eiam_state_t **to);
static ngx_int_t ngx_eiam_compile_table(ngx_eiam_compiler_t *compiler);


ngx_int_t
ngx_eiam_compile_init(ngx_eiam_compiler_t *compiler)
{
    ngx_rbtree_init(&compiler->states, &compiler->sentinel,
                    ngx_str_rbtree_insert_value);

    compiler->root = ngx_eiam_tree_node(compiler->temp_pool);
    if (compiler->root == NULL) {
        return NGX_ERROR;
    }

    return ngx_array_init(&compiler->steps, compiler->temp_pool, 256,
                          sizeof(ngx_eiam_step_t));
}


ngx_eiam_tree_node_t *
ngx_eiam_compile_template(ngx_eiam_compiler_t *compiler, ngx_str_t *segments,
    ngx_uint_t n)
{
    ngx_uint_t             i;
    ngx_eiam_tree_node_t  *node;

    node = compiler->root;

    for (i = 0; i < n && node; i++) {

        if (segments[i].data) {
            node = ngx_eiam_tree_literal(compiler->temp_pool, node,
                                            &segments[i]);
            continue;
        }

        if (node->any == NULL) {
            node->any = ngx_eiam_tree_node(compiler->temp_pool);
        }

        node = node->any;
    }

    return node;
}


ngx_int_t
ngx_eiam_compile_operation(ngx_eiam_tree_node_t *node,
    ngx_eiam_method_e method, ngx_eiam_operation_t *operation,
    ngx_eiam_operation_t **other)
{
    if (node->operations[method]) {
        *other = node->operations[method];
        return NGX_DECLINED;
    }

    node->operations[method] = operation;
    node->ends = 1;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_compile(ngx_eiam_compiler_t *compiler)
{
    ngx_int_t              rc;
    ngx_array_t            nodes;
    ngx_eiam_tree_node_t  *first;

    first = ngx_eiam_compile_prefix(compiler);
    if (first == NULL) {
        return NGX_ERROR;
    }

    /* as a key of compiler->states it is used in this call only */
    nodes.elts = &first;
    nodes.nelts = 1;

    rc = ngx_eiam_compile_state(compiler, &nodes, &compiler->policy->start);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_eiam_compile_bases(compiler) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_compile_table(compiler);
}


/* the node behind the literals that all templates begin with */

static ngx_eiam_tree_node_t *
ngx_eiam_compile_prefix(ngx_eiam_compiler_t *compiler)
{
    u_char                *p;
    size_t                 len;
    ngx_str_t             *name;
    ngx_eiam_tree_node_t  *node;

    len = 0;

    for (node = compiler->root; ngx_eiam_compile_is_passage(node);
         node = ngx_eiam_tree_lookup(node, name))
    {
        name = node->names.elts;
        len += 1 + name->len;
    }

    p = ngx_pnalloc(compiler->pool, len + 1);
    if (p == NULL) {
        return NULL;
    }

    compiler->policy->prefix.data = p;
    compiler->policy->prefix.len = len;

    for (node = compiler->root; ngx_eiam_compile_is_passage(node);
         node = ngx_eiam_tree_lookup(node, name))
    {
        name = node->names.elts;
        *p++ = '/';
        p = ngx_cpymem(p, name->data, name->len);
    }

    return node;
}


/* there is one way on, and no template ends here */

static ngx_uint_t
ngx_eiam_compile_is_passage(const ngx_eiam_tree_node_t *node)
{
    return node->names.nelts == 1 && node->any == NULL && !node->ends;
}


/*
 * What lies below the policy.  Without a server path that is everything; what
 * the templates begin with tells then which plain targets are meant.
 */

static ngx_int_t
ngx_eiam_compile_bases(ngx_eiam_compiler_t *compiler)
{
    ngx_uint_t             skip;
    ngx_eiam_base_t       *base;
    ngx_eiam_policy_t     *policy;
    ngx_eiam_tree_node_t  *node;

    policy = compiler->policy;

    if (ngx_array_init(&policy->bases, compiler->pool, 1,
                       sizeof(ngx_eiam_base_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    base = ngx_array_push(&policy->bases);

    if (base == NULL
        || ngx_eiam_base_init(base, &policy->path, compiler->pool) != NGX_OK)
    {
        return NGX_ERROR;
    }

    node = policy->path.len ? NULL : compiler->root;

    for (skip = 0; node; skip++) {

        if (ngx_eiam_compile_beginnings(compiler, node, skip) != NGX_OK) {
            return NGX_ERROR;
        }

        node = node->any;
    }

    return NGX_OK;
}


/* of the templates that have but parameters before this node */

static ngx_int_t
ngx_eiam_compile_beginnings(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node, ngx_uint_t skip)
{
    ngx_str_t         path, *name;
    ngx_uint_t        i, n;
    ngx_eiam_base_t  *base;

    name = node->names.elts;
    n = node->names.nelts;

    for (i = 0; i < n + node->ends; i++) {

        ngx_str_null(&path);

        if (i < n) {
            /* the template's slash stands before its segment */
            path.data = name[i].data - 1;
            path.len = name[i].len + 1;
        }

        base = ngx_array_push(&compiler->policy->bases);

        if (base == NULL
            || ngx_eiam_base_init(base, &path, compiler->pool) != NGX_OK)
        {
            return NGX_ERROR;
        }

        base->skip = skip;
        base->suffix = 1;
        base->whole = (i == n);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_compile_state(ngx_eiam_compiler_t *compiler, ngx_array_t *nodes,
    ngx_eiam_state_t **statep)
{
    uint32_t                  hash;
    ngx_str_t                 name;
    ngx_eiam_compile_list_t  *list;

    if (nodes->nelts == 0) {
        *statep = NULL;
        return NGX_OK;
    }

    name.data = nodes->elts;
    name.len = nodes->nelts * sizeof(ngx_eiam_tree_node_t *);
    hash = ngx_crc32_long(name.data, name.len);

    list = (ngx_eiam_compile_list_t *)
               ngx_str_rbtree_lookup(&compiler->states, &name, hash);

    if (list) {
        *statep = list->state;
        return NGX_OK;
    }

    list = ngx_palloc(compiler->temp_pool, sizeof(ngx_eiam_compile_list_t));
    if (list == NULL) {
        return NGX_ERROR;
    }

    list->state = ngx_pcalloc(compiler->pool, sizeof(ngx_eiam_state_t));
    if (list->state == NULL) {
        return NGX_ERROR;
    }

    /* Knuth's multiplier keeps the same literal of two states apart */
    list->state->seed = ++compiler->nstates * 2654435761U;

    list->sn.str = name;
    list->sn.node.key = hash;

    ngx_rbtree_insert(&compiler->states, &list->sn.node);

    *statep = list->state;

    if (ngx_eiam_compile_resource(compiler, nodes, list->state) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_compile_steps(compiler, nodes, list->state);
}


/* for each method the most concrete template that has it */

static ngx_int_t
ngx_eiam_compile_resource(ngx_eiam_compiler_t *compiler, ngx_array_t *nodes,
    ngx_eiam_state_t *state)
{
    ngx_uint_t              i, m, method;
    ngx_eiam_operation_t   *operation;
    ngx_eiam_resource_t    *resource;
    ngx_eiam_tree_node_t  **node;

    resource = NULL;
    node = nodes->elts;

    for (i = 0; i < nodes->nelts; i++) {

        if (!node[i]->ends) {
            continue;
        }

        if (resource == NULL) {
            resource = ngx_pcalloc(compiler->pool,
                                   sizeof(ngx_eiam_resource_t));
            if (resource == NULL) {
                return NGX_ERROR;
            }
        }

        for (m = 0; m < NGX_EIAM_METHODS; m++) {

            method = m;

            /* RFC 9110, section 9.3.2: HEAD is GET without the content */

            if (m == NGX_EIAM_HEAD && node[i]->operations[m] == NULL) {
                method = NGX_EIAM_GET;
            }

            operation = node[i]->operations[method];

            if (resource->operations[m] == NULL) {
                resource->operations[m] = operation;
            }
        }
    }

    state->resource = resource;

    return resource ? ngx_eiam_compile_allow(compiler, resource) : NGX_OK;
}


static ngx_int_t
ngx_eiam_compile_allow(ngx_eiam_compiler_t *compiler,
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


static ngx_int_t
ngx_eiam_compile_steps(ngx_eiam_compiler_t *compiler, ngx_array_t *nodes,
    ngx_eiam_state_t *state)
{
    ngx_int_t               rc;
    ngx_str_t              *name;
    ngx_uint_t              i, n;
    ngx_eiam_tree_node_t  **node;

    node = nodes->elts;

    for (i = 0; i < nodes->nelts; i++) {

        name = node[i]->names.elts;

        for (n = 0; n < node[i]->names.nelts; n++) {

            compiler->visits += i;

            if (ngx_eiam_compile_is_known(node, i, &name[n])) {
                continue;
            }

            rc = ngx_eiam_compile_literal_step(compiler, nodes, &name[n],
                                               state);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return ngx_eiam_compile_step(compiler, nodes, NULL, &state->any);
}


/* has one of the first n nodes that literal too? */

static ngx_uint_t
ngx_eiam_compile_is_known(ngx_eiam_tree_node_t **node, ngx_uint_t n,
    ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {

        if (ngx_eiam_tree_lookup(node[i], name)) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_eiam_compile_literal_step(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_str_t *name, ngx_eiam_state_t *state)
{
    ngx_int_t          rc;
    ngx_eiam_step_t   *step;
    ngx_eiam_state_t  *to;

    rc = ngx_eiam_compile_step(compiler, nodes, name, &to);
    if (rc != NGX_OK) {
        return rc;
    }

    step = ngx_array_push(&compiler->steps);
    if (step == NULL) {
        return NGX_ERROR;
    }

    step->from = state;
    step->to = to;
    step->segment = *name;

    ngx_eiam_state_begins(state, ngx_tolower(*name->data));
    ngx_eiam_state_begins(state, ngx_toupper(*name->data));

    return NGX_OK;
}


/* the nodes that follow by this segment, the most concrete first */

static ngx_int_t
ngx_eiam_compile_step(ngx_eiam_compiler_t *compiler, ngx_array_t *nodes,
    ngx_str_t *name, ngx_eiam_state_t **to)
{
    ngx_uint_t              i;
    ngx_array_t             next;
    ngx_eiam_tree_node_t  **node, **place, *child;

    compiler->visits += nodes->nelts;

    if (compiler->visits > NGX_EIAM_COMPILE_MAX) {
        return NGX_DECLINED;
    }

    if (ngx_array_init(&next, compiler->temp_pool, 2 * nodes->nelts,
                       sizeof(ngx_eiam_tree_node_t *))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    node = nodes->elts;
    place = next.elts;

    for (i = 0; i < nodes->nelts; i++) {

        child = name ? ngx_eiam_tree_lookup(node[i], name) : NULL;

        if (child) {
            place[next.nelts++] = child;
        }

        if (node[i]->any) {
            place[next.nelts++] = node[i]->any;
        }
    }

    return ngx_eiam_compile_state(compiler, &next, to);
}


static ngx_int_t
ngx_eiam_compile_table(ngx_eiam_compiler_t *compiler)
{
    ngx_uint_t          i, k, size;
    ngx_eiam_step_t    *step, *table;
    ngx_eiam_policy_t  *policy;

    policy = compiler->policy;
    step = compiler->steps.elts;

    for (size = 16; size < 2 * compiler->steps.nelts; size *= 2) {
        /* void */
    }

    table = ngx_pcalloc(compiler->pool, size * sizeof(ngx_eiam_step_t));
    if (table == NULL) {
        return NGX_ERROR;
    }

    policy->steps = table;
    policy->mask = size - 1;

    for (i = 0; i < compiler->steps.nelts; i++) {

        k = ngx_eiam_hash(step[i].segment.data, step[i].segment.len,
                          step[i].from->seed);

        while (table[k & policy->mask].from) {
            k++;
        }

        table[k & policy->mask] = step[i];
    }

    return NGX_OK;
}
