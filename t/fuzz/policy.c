
/*
 * The reader of policies.  Any bytes are a policy or a fault.  A policy finds
 * an operation of its own for a path, and permits no call of a protected
 * operation without a scope that the operation requires.
 */

#include "fuzz.h"
#include <ngx_eiam_openapi.h>


static void policy_walk(const ngx_eiam_policy_t *policy,
    ngx_eiam_scope_bits_t *none);
static void policy_operation(const ngx_eiam_operation_t *operation,
    ngx_eiam_scope_bits_t *none);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input_t            input;
    ngx_eiam_node_t         root;
    ngx_eiam_policy_t       policy;
    ngx_eiam_scopes_t      *scopes;
    ngx_eiam_document_t     document;
    ngx_eiam_scope_bits_t  *none;

    fuzz_open(&input, data, size);

    ngx_memzero(&policy, sizeof(ngx_eiam_policy_t));
    fuzz_document(&document, "fuzz.json", input.pool);

    scopes = ngx_eiam_scopes_create(input.pool);

    if (ngx_eiam_document_parse(&document, &input.text, &root) == NGX_OK
        && ngx_eiam_fault_collect(&document) == NGX_OK
        && ngx_eiam_openapi_compile(&root, scopes, input.pool, &policy)
           == NGX_OK)
    {
        fuzz_require(policy.operations.nelts > 0, "it has an operation",
                     &input.text);

        none = ngx_eiam_scope_set_create(scopes, input.pool);
        policy_walk(&policy, none);

    } else {
        fuzz_require(document.fault.len > 0, "it says what is wrong",
                     &input.text);
    }

    fuzz_close(&input);

    return 0;
}


/* every state that a step leads to, by a literal or by any other segment */

static void
policy_walk(const ngx_eiam_policy_t *policy, ngx_eiam_scope_bits_t *none)
{
    ngx_str_t             path;
    ngx_uint_t            i, m;
    ngx_eiam_state_t     *state;
    ngx_eiam_resource_t  *resource;

    for (i = 0; i <= policy->mask; i++) {

        for (state = policy->steps[i].to; state; state = state->any) {

            resource = state->resource;

            for (m = 0; resource && m < NGX_EIAM_METHODS; m++) {

                if (resource->operations[m]) {
                    policy_operation(resource->operations[m], none);
                }
            }
        }
    }

    ngx_str_set(&path, "/\x01/no/such/path/in/any/document");

    resource = ngx_eiam_policy_find(policy, &path);

    fuzz_require(resource == NULL || resource->allow.len, "methods are listed",
                 &path);
}


static void
policy_operation(const ngx_eiam_operation_t *operation,
    ngx_eiam_scope_bits_t *none)
{
    ngx_uint_t  i, scopeless;

    scopeless = 0;

    for (i = 0; i < operation->n; i++) {
        scopeless |= (operation->alternatives[i].n == 0);
    }

    fuzz_require(operation->id.len && operation->route.len, "it has a name",
                 &operation->id);
    fuzz_require(operation->is_public == (operation->n == 0),
                 "public is what asks for nothing", &operation->id);
    fuzz_require((ngx_eiam_policy_permits(operation, none) == NGX_OK)
                 == (scopeless != 0),
                 "no scope permits what asks for one", &operation->id);
}
