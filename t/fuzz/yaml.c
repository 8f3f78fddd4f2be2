
/*
 * The reader of YAML documents.  Any bytes are a document, or a fault with its
 * position.  If they are also JSON, both readers find the same values.
 */

#include "fuzz.h"
#include <ngx_eiam_document.h>
#include <ngx_eiam_fault.h>
#include <ngx_eiam_yaml.h>
#include <jansson.h>


static void yaml_walk(const ngx_eiam_node_t *node, ngx_uint_t depth,
    ngx_uint_t *left);
static void yaml_compare(const ngx_str_t *text, const ngx_eiam_node_t *root,
    ngx_pool_t *pool);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_uint_t           left;
    fuzz_input_t         input;
    ngx_eiam_node_t      root;
    ngx_eiam_document_t  document;

    fuzz_open(&input, data, size);

    fuzz_document(&document, "fuzz.yaml", input.pool);

    if (ngx_eiam_yaml_parse(&document, &input.text, &root) == NGX_OK) {

        left = 1000;
        yaml_walk(&root, 0, &left);
        yaml_compare(&input.text, &root, input.pool);

    } else {
        fuzz_require(document.fault.len > sizeof("\"fuzz.yaml\": line ") - 1
                     && ngx_strncmp(document.fault.data,
                                    "\"fuzz.yaml\": line ",
                                    sizeof("\"fuzz.yaml\": line ") - 1)
                        == 0,
                     "it says where what is wrong", &input.text);
    }

    fuzz_close(&input);

    return 0;
}


/* each value but the root has a position, and each key occurs once */

static void
yaml_walk(const ngx_eiam_node_t *node, ngx_uint_t depth, ngx_uint_t *left)
{
    ngx_eiam_node_t  child, found;

    fuzz_require(depth <= NGX_EIAM_VALUE_DEPTH_MAX, "depth is bounded",
                 &node->key);

    if (!ngx_eiam_node_is(node, NGX_EIAM_OBJECT)
        && !ngx_eiam_node_is(node, NGX_EIAM_ARRAY))
    {
        return;
    }

    child.parent = NULL;

    while (*left && ngx_eiam_node_next(node, &child) == NGX_OK) {

        (*left)--;

        (void) ngx_eiam_fault(&child, "is here");

        fuzz_require(ngx_strnstr(node->document->fault.data, "line ", 20)
                     != NULL, "it has a place", &node->document->fault);

        if (child.key.data) {
            fuzz_require(ngx_eiam_node_has(node, &child.key, &found) == NGX_OK
                         && found.value == child.value, "a key stands once",
                         &child.key);
        }

        yaml_walk(&child, depth + 1, left);
    }
}


static void
yaml_compare(const ngx_str_t *text, const ngx_eiam_node_t *root,
    ngx_pool_t *pool)
{
    ngx_eiam_node_t      json;
    ngx_eiam_document_t  document;

    fuzz_document(&document, "fuzz.json", pool);
    document.reals = 1;

    if (ngx_eiam_document_parse(&document, text, &json) == NGX_OK) {
        fuzz_require(json_equal(root->value, json.value),
                     "JSON means the same", text);
    }
}
