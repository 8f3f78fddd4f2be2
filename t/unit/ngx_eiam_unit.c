
#include "ngx_eiam_unit.h"
#include <ngx_eiam_openapi.h>

#include <sys/mman.h>


#define NGX_EIAM_UNIT_PLACE_SIZE  (64 * 1024)


static u_char *ngx_eiam_unit_pages(void);


void
ngx_eiam_unit_ok(ngx_eiam_unit_t *unit, ngx_uint_t ok, const char *fmt, ...)
{
    u_char   line[NGX_MAX_ERROR_STR], *p, *last;
    va_list  args;

    last = line + NGX_MAX_ERROR_STR - 1;

    unit->tests++;
    unit->failed += !ok;

    p = ngx_slprintf(line, last, "%sok %ui - %s: ", ok ? "" : "not ",
                     unit->tests, unit->suite);

    va_start(args, fmt);
    p = ngx_vslprintf(p, last, fmt, args);
    va_end(args);

    *p++ = '\n';

    (void) ngx_write_fd(ngx_stdout, line, p - line);
}


ngx_str_t
ngx_eiam_unit_place(ngx_uint_t place, ngx_uint_t side, const ngx_str_t *text)
{
    ngx_str_t       copy;
    static u_char  *pages[NGX_EIAM_UNIT_PLACES];

    if (pages[place] == NULL) {
        pages[place] = ngx_eiam_unit_pages();
    }

    if (text->len > NGX_EIAM_UNIT_PLACE_SIZE) {
        ngx_debug_point();
        abort();
    }

    copy.len = text->len;
    copy.data = pages[place]
                + (side ? 0 : NGX_EIAM_UNIT_PLACE_SIZE - text->len);

    ngx_memcpy(copy.data, text->data, text->len);

    return copy;
}


/* pages between two guard pages */

static u_char *
ngx_eiam_unit_pages(void)
{
    u_char  *p;

    p = mmap(NULL, NGX_EIAM_UNIT_PLACE_SIZE + 2 * ngx_pagesize,
             PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANON, -1, 0);

    if (p == MAP_FAILED
        || mprotect(p, ngx_pagesize, PROT_NONE) == -1
        || mprotect(p + ngx_pagesize + NGX_EIAM_UNIT_PLACE_SIZE, ngx_pagesize,
                    PROT_NONE)
           == -1)
    {
        abort();
    }

    return p + ngx_pagesize;
}


ngx_uint_t
ngx_eiam_unit_equal(const ngx_str_t *one, const ngx_str_t *other)
{
    return one->len == other->len
           && ngx_memcmp(one->data, other->data, one->len) == 0;
}


ngx_int_t
ngx_eiam_unit_parse(ngx_eiam_document_t *document, ngx_pool_t *pool,
    const ngx_str_t *text, ngx_eiam_node_t *root)
{
    ngx_memzero(document, sizeof(ngx_eiam_document_t));

    ngx_str_set(&document->name, "unit.json");
    document->pool = pool;

    return ngx_eiam_document_parse(document, text, root);
}


ngx_int_t
ngx_eiam_unit_compile(ngx_eiam_document_t *document, ngx_pool_t *pool,
    const ngx_str_t *text, ngx_eiam_policy_t *policy,
    ngx_eiam_scopes_t **scopes)
{
    ngx_eiam_node_t  root;

    ngx_memzero(policy, sizeof(ngx_eiam_policy_t));

    *scopes = ngx_eiam_scopes_create(pool);

    if (*scopes == NULL
        || ngx_eiam_unit_parse(document, pool, text, &root) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_openapi_compile(&root, *scopes, pool, policy);
}


ngx_eiam_operation_t *
ngx_eiam_unit_operation(const ngx_eiam_policy_t *policy,
    const ngx_str_t *call)
{
    u_char               *space;
    ngx_str_t             method, path;
    ngx_uint_t            number;
    ngx_eiam_resource_t  *resource;

    space = ngx_strlchr(call->data, call->data + call->len, ' ');

    method.data = call->data;
    method.len = space - call->data;
    path.data = space + 1;
    path.len = call->len - method.len - 1;

    number = ngx_eiam_policy_method(&method);
    resource = ngx_eiam_policy_find(policy, &path);

    return (resource && number < NGX_EIAM_METHODS)
           ? resource->operations[number] : NULL;
}


ngx_eiam_scope_bits_t *
ngx_eiam_unit_scopes(ngx_eiam_scopes_t *scopes, ngx_pool_t *pool,
    const ngx_str_t *names)
{
    u_char                 *p, *last;
    ngx_int_t               number;
    ngx_str_t               name;
    ngx_eiam_scope_bits_t  *set;

    set = ngx_eiam_scope_set_create(scopes, pool);
    last = names->data + names->len;

    for (p = names->data; set && p < last; p++) {

        name.data = p;

        while (p < last && *p != ' ') {
            p++;
        }

        name.len = p - name.data;
        number = ngx_eiam_scope_find(scopes, &name);

        if (number >= 0) {
            ngx_eiam_scope_set_add(set, number);
        }
    }

    return set;
}
