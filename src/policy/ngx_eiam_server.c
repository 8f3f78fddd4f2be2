
#include <ngx_eiam_members.h>
#include <ngx_eiam_server.h>
#include <ngx_eiam_target.h>
#include <ngx_eiam_template.h>


static ngx_int_t ngx_eiam_server_read(const ngx_eiam_node_t *server,
    ngx_pool_t *pool, ngx_str_t *path);
static ngx_int_t ngx_eiam_server_url(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_pool_t *pool, ngx_str_t *path);
static ngx_int_t ngx_eiam_server_expand(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *path);
static ngx_int_t ngx_eiam_server_variable(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_str_t *name, ngx_str_t *value);


static const ngx_eiam_member_t  ngx_eiam_server_known[] = {
    ngx_eiam_member("url", NGX_EIAM_STRING),
    ngx_eiam_member("description", NGX_EIAM_ANY),
    ngx_eiam_member("variables", NGX_EIAM_OBJECT),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_server_members = {
    ngx_eiam_server_known, "is no member of a server", 1
};


static const ngx_eiam_member_t  ngx_eiam_server_variable_known[] = {
    ngx_eiam_member("default", NGX_EIAM_STRING),
    ngx_eiam_member("enum", NGX_EIAM_ANY),
    ngx_eiam_member("description", NGX_EIAM_ANY),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_server_variables = {
    ngx_eiam_server_variable_known, "is no member of a server variable", 1
};


ngx_int_t
ngx_eiam_server_path(const ngx_eiam_node_t *root, ngx_pool_t *pool,
    ngx_str_t *path)
{
    ngx_int_t        rc;
    ngx_eiam_node_t  servers, server;

    ngx_str_null(path);

    rc = ngx_eiam_node_member(root, "servers", NGX_EIAM_ARRAY, &servers);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    server.parent = NULL;

    return (ngx_eiam_node_next(&servers, &server) == NGX_OK)
           ? ngx_eiam_server_read(&server, pool, path) : NGX_OK;
}


static ngx_int_t
ngx_eiam_server_read(const ngx_eiam_node_t *server, ngx_pool_t *pool,
    ngx_str_t *path)
{
    ngx_str_t        segments[NGX_EIAM_SEGMENTS_MAX];
    ngx_uint_t       n;
    ngx_eiam_node_t  url;

    if (ngx_eiam_members_read(&ngx_eiam_server_members, server, 0, NULL)
        != NGX_OK
        || ngx_eiam_node_require(server, "url", NGX_EIAM_STRING, &url)
           != NGX_OK
        || ngx_eiam_server_url(server, &url, pool, path) != NGX_OK
        || ngx_eiam_template_segments(&url, path, segments, &n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_eiam_target_check(NULL, path, NULL) != NGX_OK && n) {
        return ngx_eiam_fault(&url, "unsupported server path \"%V\"", path);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_server_url(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, ngx_pool_t *pool, ngx_str_t *path)
{
    u_char     *p, *last;
    ngx_str_t   text;

    text = ngx_eiam_node_string(url);
    last = text.data + text.len;

    p = (u_char *) ngx_strstr(text.data, "://");

    if (p == NULL) {
        p = text.data;

    } else {
        p += sizeof("://") - 1;

        while (p < last && *p != '/' && *p != '?' && *p != '#') {
            p++;
        }

        if (p == last) {
            ngx_str_null(path);
            return NGX_OK;
        }
    }

    if (p == last || *p != '/') {
        return ngx_eiam_fault(url, "unsupported server URL \"%V\"", &text);
    }

    text.data = p;
    text.len = last - p;

    return ngx_eiam_server_expand(server, url, &text, pool, path);
}


static ngx_int_t
ngx_eiam_server_expand(const ngx_eiam_node_t *server,
    const ngx_eiam_node_t *url, const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *path)
{
    u_char     *p, *last, *out, *end;
    ngx_str_t   name, value;

    p = text->data;
    last = p + text->len;

    out = ngx_pnalloc(pool, NGX_EIAM_PATH_MAX);
    if (out == NULL) {
        return NGX_ERROR;
    }

    path->data = out;
    end = out + NGX_EIAM_PATH_MAX;

    while (p < last) {

        value.data = p;
        value.len = 1;

        if (*p++ == '{') {

            name.data = p;
            p = ngx_strlchr(p, last, '}');

            if (p == NULL) {
                return ngx_eiam_fault(url, "has an open \"{\"");
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

    while (out > path->data && out[-1] == '/') {
        out--;
    }

    path->len = out - path->data;

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


ngx_int_t
ngx_eiam_server_own(void *data, const ngx_eiam_node_t *servers,
    ngx_uint_t number)
{
    return ngx_eiam_fault(servers, "is not supported, only the document's "
                          "own servers are");
}
