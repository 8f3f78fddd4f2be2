
/*
 * The reader of the applications file.  Any bytes yield applications or a
 * fault, and each of their tokens is found by its digest.
 */

#include "fuzz.h"
#include <ngx_eiam_applications.h>


static void applications_check(const ngx_eiam_applications_t *applications,
    ngx_pool_t *pool);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input_t             input;
    ngx_eiam_node_t          root;
    ngx_eiam_document_t      document;
    ngx_eiam_applications_t  applications;

    fuzz_open(&input, data, size);

    ngx_memzero(&applications, sizeof(ngx_eiam_applications_t));
    fuzz_document(&document, "fuzz.json", input.pool);

    if (ngx_eiam_document_parse(&document, &input.text, &root) == NGX_OK
        && ngx_eiam_applications_load(&root, input.pool, &applications)
           == NGX_OK)
    {
        applications_check(&applications, input.pool);

    } else {
        fuzz_require(document.fault.len > 0, "it says what is wrong",
                     &input.text);
    }

    fuzz_close(&input);

    return 0;
}


static void
applications_check(const ngx_eiam_applications_t *applications,
    ngx_pool_t *pool)
{
    ngx_str_t                id;
    ngx_uint_t               i;
    ngx_eiam_token_t        *token;
    ngx_eiam_scopes_t       *scopes;
    ngx_eiam_application_t **application;
    ngx_eiam_permissions_t  *permissions;

    application = applications->list.elts;

    for (i = 0; i < applications->list.nelts; i++) {
        id = application[i]->id;
        fuzz_require(id.len && id.len <= NGX_EIAM_APPLICATION_ID_MAX
                     && application[i]->index == i, "it has an id", &id);
    }

    for (i = 0; i <= applications->mask; i++) {

        token = &applications->tokens[i];

        if (token->application) {
            id = token->application->id;
            fuzz_require(ngx_eiam_applications_token(applications,
                                                     token->digest)
                         == token
                         && token->expires >= 0, "a token is found", &id);
        }
    }

    scopes = ngx_eiam_scopes_create(pool);
    ngx_str_set(&id, "org_read");
    (void) ngx_eiam_scope_number(scopes, &id);

    permissions = ngx_eiam_applications_permissions(applications, scopes,
                                                    NULL, pool);

    for (i = 0; i < applications->list.nelts; i++) {
        fuzz_require((permissions[i].scopes[0] & ~1ULL) == 0,
                     "only known scopes", &permissions[i].text);
    }
}
