
#include <ngx_eiam_mark.h>


typedef struct {
    ngx_rbtree_node_t   node;        /* the key is the container's address */
    ngx_array_t         marks;
} ngx_eiam_marks_t;


typedef struct {
    ngx_rbtree_t        tree;
    ngx_rbtree_node_t   sentinel;
} ngx_eiam_mark_tree_t;


static ngx_eiam_mark_tree_t *ngx_eiam_mark_tree(
    ngx_eiam_document_t *document);


ngx_array_t *
ngx_eiam_mark_create(ngx_eiam_document_t *document, const void *container)
{
    ngx_eiam_marks_t      *marks;
    ngx_eiam_mark_tree_t  *tree;

    tree = ngx_eiam_mark_tree(document);
    marks = ngx_palloc(document->pool, sizeof(ngx_eiam_marks_t));

    if (tree == NULL || marks == NULL
        || ngx_array_init(&marks->marks, document->pool, 4,
                          sizeof(ngx_eiam_mark_t))
           != NGX_OK)
    {
        return NULL;
    }

    marks->node.key = (uintptr_t) container;

    ngx_rbtree_insert(&tree->tree, &marks->node);

    return &marks->marks;
}


static ngx_eiam_mark_tree_t *
ngx_eiam_mark_tree(ngx_eiam_document_t *document)
{
    ngx_eiam_mark_tree_t  *tree;

    if (document->marks) {
        return document->marks;
    }

    tree = ngx_palloc(document->pool, sizeof(ngx_eiam_mark_tree_t));

    if (tree) {
        ngx_rbtree_init(&tree->tree, &tree->sentinel,
                        ngx_rbtree_insert_value);
        document->marks = tree;
    }

    return tree;
}


const ngx_eiam_mark_t *
ngx_eiam_mark_find(const ngx_eiam_node_t *node)
{
    uintptr_t              key;
    ngx_uint_t             i;
    ngx_rbtree_node_t     *p;
    ngx_eiam_marks_t      *marks;
    ngx_eiam_mark_tree_t  *tree;

    tree = node->document->marks;

    if (tree == NULL || node->parent == NULL) {
        return NULL;
    }

    key = (uintptr_t) node->parent->value;
    p = tree->tree.root;

    while (p != &tree->sentinel && p->key != key) {
        p = (key < p->key) ? p->left : p->right;
    }

    if (p == &tree->sentinel) {
        return NULL;
    }

    marks = (ngx_eiam_marks_t *) p;
    i = ngx_eiam_node_ordinal(node);

    return (i < marks->marks.nelts)
           ? (ngx_eiam_mark_t *) marks->marks.elts + i : NULL;
}


ngx_eiam_mark_t
ngx_eiam_mark_at(const ngx_str_t *text, size_t offset)
{
    u_char           *p, *last;
    ngx_eiam_mark_t   mark;

    mark.line = 1;
    mark.column = 1;

    last = text->data + ngx_min(offset, text->len);

    for (p = text->data; p < last; p++) {
        mark.column++;

        if (*p == '\n') {
            mark.line++;
            mark.column = 1;
        }
    }

    return mark;
}
