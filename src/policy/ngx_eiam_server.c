
#include <ngx_eiam_members.h>
#include <ngx_eiam_server.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_target.h>
#include <ngx_eiam_template.h>


static ngx_int_t ngx_eiam_server_read(const ngx_eiam_node_t *server,
    ngx_pool_t *pool, ngx_str_t *path);
static ngx_int_t ngx_eiam_server_try(const ngx_eiam_node_t *server,
    ngx_pool_t *pool, ngx_str_t *path);
static ngx_int_t ngx_eiam_server_url(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_pool_t *pool, ngx_str_t *path);
static ngx_int_t ngx_eiam_server_expand(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *expanded);
static ngx_int_t ngx_eiam_server_variable(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_str_t *name, ngx_str_t *value);


static const ngx_eiam_member_t  ngx_eiam_server_known[] = {
    ngx_eiam_member("url", NGX_EIAM_STRING),
    ngx_eiam_member_since(2, "name", NGX_EIAM_ANY),
    ngx_eiam_member("description", NGX_EIAM_ANY),
    ngx_eiam_member("variables", NGX_EIAM_OBJECT),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_server_members = {
    ngx_eiam_server_known, "is not a member of a server", 1
};


static const ngx_eiam_member_t  ngx_eiam_server_variable_known[] = {
    ngx_eiam_member("default", NGX_EIAM_STRING),
    ngx_eiam_member("enum", NGX_EIAM_ANY),
    ngx_eiam_member("description", NGX_EIAM_ANY),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_server_variables = {
    ngx_eiam_server_variable_known, "is not a member of a server variable", 1
};


ngx_int_t
ngx_eiam_server_path(const ngx_eiam_node_t *root, ngx_pool_t *pool,
    ngx_str_t *path, ngx_array_t *findings)
{
    ngx_int_t        rc;
    ngx_str_t        further;
    ngx_eiam_node_t  servers, server;

    ngx_str_null(path);

    rc = ngx_eiam_node_member(root, "servers", NGX_EIAM_ARRAY, &servers);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    server.parent = NULL;

    if (ngx_eiam_node_next(&servers, &server) == NGX_OK
        && ngx_eiam_server_read(&server, pool, path) != NGX_OK)
    {
        return NGX_ERROR;
    }

    while (ngx_eiam_node_next(&servers, &server) == NGX_OK) {

        rc = ngx_eiam_server_try(&server, root->document->pool, &further);

        if ((rc != NGX_OK || !ngx_eiam_str_equal(&further, path))
            && ngx_eiam_finding_add(findings, NGX_EIAM_FOUND_SERVER, &server)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_eiam_server_own(const ngx_eiam_node_t *servers, ngx_array_t *paths)
{
    ngx_str_t        *path;
    ngx_eiam_node_t   server;

    server.parent = NULL;

    while (ngx_eiam_node_next(servers, &server) == NGX_OK) {

        path = ngx_array_push(paths);
        if (path == NULL) {
            return NGX_ERROR;
        }

        if (ngx_eiam_server_try(&server, paths->pool, path) != NGX_OK) {
            ngx_str_null(path);
            return NGX_DECLINED;
        }
    }

    if (paths->nelts) {
        return NGX_OK;
    }

    /* OpenAPI: an empty list stands for the server "/" */

    path = ngx_array_push(paths);
    if (path == NULL) {
        return NGX_ERROR;
    }

    ngx_str_null(path);

    return NGX_OK;
}


/* A server that cannot be read is no fault here: NGX_OK or NGX_DECLINED. */

static ngx_int_t
ngx_eiam_server_try(const ngx_eiam_node_t *server, ngx_pool_t *pool,
    ngx_str_t *path)
{
    ngx_eiam_node_t      node;
    ngx_eiam_document_t  document;

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));

    document.pool = pool;

    node = *server;
    node.document = &document;

    return (ngx_eiam_server_read(&node, pool, path) == NGX_OK)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_server_read(const ngx_eiam_node_t *server, ngx_pool_t *pool,
    ngx_str_t *path)
{
    ngx_uint_t            i;
    ngx_eiam_node_t       url;
    ngx_eiam_template_t   template;

    if (ngx_eiam_members_read(&ngx_eiam_server_members, server,
                              server->document->version, NULL)
        != NGX_OK
        || ngx_eiam_node_require(server, "url", NGX_EIAM_STRING, &url)
           != NGX_OK
        || ngx_eiam_server_url(server, &url, pool, path) != NGX_OK
        || ngx_eiam_template_read(&url, path, pool, &template) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < template.n; i++) {

        if (template.segments[i].kind != NGX_EIAM_SEGMENT_LITERAL) {
            break;
        }
    }

    if (i < template.n
        || (path->len
            && ngx_eiam_target_check(NULL, path, NULL) != NGX_OK))
    {
        return ngx_eiam_fault(&url, "unsupported server path \"%V\"", path);
    }

    return NGX_OK;
}


/* variables are replaced first, as they may contain a part of the path */

static ngx_int_t
ngx_eiam_server_url(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_pool_t *pool, ngx_str_t *path)
{
    u_char     *p, *last;
    ngx_str_t   text, named;

    ngx_str_null(&text);

    named = ngx_eiam_node_string(url);

    if (ngx_eiam_server_expand(server, url, &named, pool, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    last = text.data + text.len;

    /*
     * RFC 3986, section 4.2: "//host/path" takes the scheme of the document's
     * URL
     */

    p = ngx_strnstr(text.data, "//", text.len);

    if (p && p > text.data
        && (p[-1] != ':' || ngx_strlchr(text.data, p, '/')))
    {
        p = NULL;
    }

    if (p == NULL) {
        p = text.data;

    } else {
        p += sizeof("//") - 1;

        while (p < last && *p != '/' && *p != '?' && *p != '#') {
            p++;
        }

        if (p == last) {
            ngx_str_null(path);
            return NGX_OK;
        }
    }

    if (p == last || *p != '/') {
        return ngx_eiam_fault(url, "unsupported server URL \"%V\"", &named);
    }

    while (last > p && last[-1] == '/') {
        last--;
    }

    path->data = p;
    path->len = last - p;

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_server_expand(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *expanded)
{
    u_char     *p, *last, *out, *end;
    ngx_str_t   name, value;

    p = text->data;
    last = p + text->len;

    out = ngx_pnalloc(pool, NGX_EIAM_PATH_MAX);
    if (out == NULL) {
        return NGX_ERROR;
    }

    expanded->data = out;
    end = out + NGX_EIAM_PATH_MAX;

    while (p < last) {

        value.data = p;
        value.len = 1;

        if (*p++ == '{') {

            name.data = p;
            p = ngx_strlchr(p, last, '}');

            if (p == NULL) {
                return ngx_eiam_fault(url, "has a \"{\" without \"}\"");
            }

            name.len = p++ - name.data;

            if (ngx_eiam_server_variable(server, url, &name, &value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        if ((size_t) (end - out) < value.len) {
            return ngx_eiam_fault(url, "has a path of more than %d bytes",
                                  NGX_EIAM_PATH_MAX);
        }

        out = ngx_cpymem(out, value.data, value.len);
    }

    expanded->len = out - expanded->data;

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_server_variable(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_str_t *name, ngx_str_t *value)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  variables, variable, node;

    rc = ngx_eiam_node_member(server, "variables", NGX_EIAM_OBJECT,
                              &variables);
    if (rc == NGX_OK) {
        rc = ngx_eiam_node_has(&variables, name, &variable);
    }

    if (rc == NGX_OK) {
        rc = ngx_eiam_members_read(&ngx_eiam_server_variables, &variable, 0,
                                   NULL);
    }

    if (rc == NGX_OK) {
        rc = ngx_eiam_node_member(&variable, "default", NGX_EIAM_STRING,
                                  &node);
    }

    if (rc == NGX_DECLINED) {
        return ngx_eiam_fault(url, "variable \"%V\" has no default", name);
    }

    if (rc == NGX_OK) {
        *value = ngx_eiam_node_string(&node);
    }

    return rc;
}
