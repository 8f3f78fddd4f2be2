
#include <ngx_eiam_beginning.h>
#include <ngx_eiam_compile.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_join.h>
#include <ngx_eiam_pattern.h>
#include <ngx_eiam_resource.h>


typedef struct {
    ngx_str_node_t          sn;             /* the bytes of the list of nodes */
    ngx_eiam_state_t       *state;
} ngx_eiam_compile_list_t;


#define ngx_eiam_state_begins(state, c)                                       \
    (state)->literals[(c) >> 5] |= 1U << ((c) & 0x1f)


static ngx_int_t ngx_eiam_compile_settle(ngx_eiam_compiler_t *compiler);
static ngx_eiam_tree_node_t *ngx_eiam_compile_prefix(
    ngx_eiam_compiler_t *compiler);
static ngx_uint_t ngx_eiam_compile_is_passage(
    const ngx_eiam_tree_node_t *node);
static ngx_int_t ngx_eiam_compile_state(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_eiam_state_t **statep);
static ngx_int_t ngx_eiam_compile_steps(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_eiam_state_t *state);
static ngx_uint_t ngx_eiam_compile_is_known(ngx_eiam_tree_node_t **node,
    ngx_uint_t n, ngx_str_t *name);
static ngx_int_t ngx_eiam_compile_literal_step(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_str_t *name, ngx_eiam_state_t *state);
static ngx_int_t ngx_eiam_compile_patterns(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, ngx_eiam_state_t *state);
static ngx_int_t ngx_eiam_compile_pattern_step(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, const ngx_array_t *several,
    ngx_eiam_pattern_t *pattern);
static ngx_int_t ngx_eiam_compile_several(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, const ngx_array_t *several, const ngx_str_t *pattern,
    ngx_eiam_state_t ***to);
static ngx_int_t ngx_eiam_compile_step(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, const ngx_eiam_tree_segment_t *segment,
    ngx_eiam_state_t **to);
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

    if (ngx_array_init(&compiler->ends, compiler->temp_pool, 64,
                       sizeof(ngx_eiam_tree_node_t *))
        != NGX_OK
        || ngx_array_init(&compiler->rivals, compiler->temp_pool, 1,
                          sizeof(ngx_eiam_rivals_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_array_init(&compiler->steps, compiler->temp_pool, 256,
                          sizeof(ngx_eiam_step_t));
}


ngx_eiam_tree_node_t *
ngx_eiam_compile_template(ngx_eiam_compiler_t *compiler,
    ngx_eiam_template_t *template)
{
    ngx_uint_t             i;
    ngx_eiam_tree_node_t  *node;

    node = compiler->root;

    for (i = 0; i < template->n && node; i++) {
        node = ngx_eiam_tree_child(compiler->temp_pool, node,
                                   &template->segments[i]);
    }

    return node;
}


ngx_int_t
ngx_eiam_compile_operation(ngx_eiam_compiler_t *compiler,
    ngx_eiam_tree_node_t *node, ngx_uint_t slash,
    ngx_eiam_operation_t *operation, ngx_eiam_operation_t **other)
{
    ngx_eiam_tree_node_t  **slot;

    if (operation->left_out) {
        operation->next = node->left_out[slash][operation->method];
        node->left_out[slash][operation->method] = operation;

    } else if (node->operations[slash][operation->method]) {
        *other = node->operations[slash][operation->method];
        return NGX_DECLINED;

    } else {
        node->operations[slash][operation->method] = operation;
    }

    if (node->ends) {
        return NGX_OK;
    }

    node->ends = 1;

    slot = ngx_array_push(&compiler->ends);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    *slot = node;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_compile(ngx_eiam_compiler_t *compiler)
{
    ngx_int_t              rc;
    ngx_array_t            nodes;
    ngx_eiam_tree_node_t  *first;

    rc = ngx_eiam_compile_settle(compiler);
    if (rc != NGX_OK) {
        return rc;
    }

    first = ngx_eiam_compile_prefix(compiler);
    if (first == NULL) {
        return NGX_ERROR;
    }

    /* the list is a key of compiler->states only during this call */
    nodes.elts = &first;
    nodes.nelts = 1;

    rc = ngx_eiam_compile_state(compiler, &nodes, &compiler->policy->start);

    if (rc != NGX_ERROR && compiler->rivals.nelts) {
        return NGX_ABORT;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_eiam_beginning_find(compiler) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_compile_table(compiler);
}


static ngx_int_t
ngx_eiam_compile_settle(ngx_eiam_compiler_t *compiler)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_eiam_tree_node_t  **node;

    node = compiler->ends.elts;

    for (i = 0; i < compiler->ends.nelts; i++) {

        rc = ngx_eiam_resource_settle(compiler, node[i]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* the node behind the literals with which all templates begin */

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


/* whether the node has a single child, a literal, and no template ends here */

static ngx_uint_t
ngx_eiam_compile_is_passage(const ngx_eiam_tree_node_t *node)
{
    return node->names.nelts == 1 && node->any == NULL && node->mixed == NULL
           && node->several == NULL && !node->ends;
}


static ngx_int_t
ngx_eiam_compile_state(ngx_eiam_compiler_t *compiler, ngx_array_t *nodes,
    ngx_eiam_state_t **statep)
{
    uint32_t                  hash;
    ngx_int_t                 rc;
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

    /* multiplied, so that a literal hashes differently in each state */
    list->state->seed = ++compiler->nstates * 2654435761U;

    list->sn.str = name;
    list->sn.node.key = hash;

    ngx_rbtree_insert(&compiler->states, &list->sn.node);

    *statep = list->state;

    rc = ngx_eiam_resource_make(compiler, nodes, 0, &list->state->resource);

    if (rc == NGX_OK) {
        rc = ngx_eiam_resource_make(compiler, nodes, 1, &list->state->slash);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_eiam_compile_steps(compiler, nodes, list->state);
}


static ngx_int_t
ngx_eiam_compile_steps(ngx_eiam_compiler_t *compiler, ngx_array_t *nodes,
    ngx_eiam_state_t *state)
{
    ngx_int_t               rc;
    ngx_str_t              *name;
    ngx_uint_t              i, n, patterns;
    ngx_eiam_tree_node_t  **node;

    static const ngx_eiam_tree_segment_t  any;

    patterns = 0;
    node = nodes->elts;

    for (i = 0; i < nodes->nelts; i++) {

        patterns |= (node[i]->mixed || node[i]->several);
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

    rc = ngx_eiam_compile_step(compiler, nodes, &any, &state->any);

    return (rc == NGX_OK && patterns)
           ? ngx_eiam_compile_patterns(compiler, nodes, state) : rc;
}


/* whether one of the first n nodes has that literal, too */

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
    ngx_int_t                 rc;
    ngx_eiam_step_t          *step;
    ngx_eiam_state_t         *to;
    ngx_eiam_tree_segment_t   segment;

    ngx_memzero(&segment, sizeof(ngx_eiam_tree_segment_t));

    segment.name = name;

    rc = ngx_eiam_compile_step(compiler, nodes, &segment, &to);
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


/* adds the steps by segments with parameters between literals */

static ngx_int_t
ngx_eiam_compile_patterns(ngx_eiam_compiler_t *compiler, ngx_array_t *nodes,
    ngx_eiam_state_t *state)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_array_t              patterns, several;
    ngx_eiam_pattern_t      *pattern;

    if (ngx_array_init(&patterns, compiler->temp_pool, 4,
                       sizeof(ngx_eiam_pattern_t))
        != NGX_OK
        || ngx_array_init(&several, compiler->temp_pool, 4, sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_eiam_join_patterns(nodes, &patterns, &several,
                                &compiler->visits);
    if (rc != NGX_OK) {
        return rc;
    }

    pattern = patterns.elts;

    for (i = 0; i < patterns.nelts; i++) {

        rc = ngx_eiam_compile_pattern_step(compiler, nodes, &several,
                                           &pattern[i]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    state->patterns = ngx_eiam_pattern_compile(&patterns, &several,
                                               compiler->pool);
    if (state->patterns == NULL) {
        return NGX_ERROR;
    }

    return ngx_eiam_compile_several(compiler, nodes, &several, NULL,
                                    &state->patterns->any);
}


static ngx_int_t
ngx_eiam_compile_pattern_step(ngx_eiam_compiler_t *compiler,
    ngx_array_t *nodes, const ngx_array_t *several,
    ngx_eiam_pattern_t *pattern)
{
    ngx_eiam_tree_segment_t  segment;

    if (!pattern->whole) {
        return ngx_eiam_compile_several(compiler, nodes, several,
                                        &pattern->text, &pattern->to);
    }

    ngx_memzero(&segment, sizeof(ngx_eiam_tree_segment_t));

    segment.name = &pattern->text;

    pattern->to = ngx_palloc(compiler->pool, sizeof(ngx_eiam_state_t *));
    if (pattern->to == NULL) {
        return NGX_ERROR;
    }

    return ngx_eiam_compile_step(compiler, nodes, &segment, pattern->to);
}


/*
 * adds a state for each combination of the texts with several parameters that
 * fit as well
 */

static ngx_int_t
ngx_eiam_compile_several(ngx_eiam_compiler_t *compiler, ngx_array_t *nodes,
    const ngx_array_t *several, const ngx_str_t *pattern,
    ngx_eiam_state_t ***to)
{
    ngx_int_t                rc;
    ngx_str_t               *text;
    ngx_uint_t               i, k, n;
    ngx_array_t              fits;
    ngx_eiam_tree_segment_t  segment;

    n = ngx_eiam_pattern_combinations(several->nelts);

    *to = ngx_palloc(compiler->pool, n * sizeof(ngx_eiam_state_t *));

    if (*to == NULL
        || ngx_array_init(&fits, compiler->temp_pool, several->nelts + 1,
                          sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    text = several->elts;

    ngx_memzero(&segment, sizeof(ngx_eiam_tree_segment_t));

    segment.pattern = pattern;
    segment.several = &fits;

    for (i = 0; i < n; i++) {

        fits.nelts = 0;

        for (k = 0; k < several->nelts; k++) {

            if (several->nelts > NGX_EIAM_PATTERN_SEVERAL ? i : (i >> k) & 1) {
                ((ngx_str_t *) fits.elts)[fits.nelts++] = text[k];
            }
        }

        rc = ngx_eiam_compile_step(compiler, nodes, &segment, &(*to)[i]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* finds the state behind such a segment: its nodes, the most concrete first */

static ngx_int_t
ngx_eiam_compile_step(ngx_eiam_compiler_t *compiler, ngx_array_t *nodes,
    const ngx_eiam_tree_segment_t *segment, ngx_eiam_state_t **to)
{
    ngx_uint_t              i;
    ngx_array_t             next;
    ngx_eiam_tree_node_t  **node;

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

    for (i = 0; i < nodes->nelts; i++) {

        if (ngx_eiam_tree_step(node[i], segment, &next) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_eiam_tree_sort(&next);

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
