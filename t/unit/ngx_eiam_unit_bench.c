
/*
 * eiam_bench_match policy paths rounds;
 *
 * Finds each path of the file, which has one in each line, that many times in
 * the policy, and prints "segments matches" for each group of lines with the
 * same number of segments.  bench/match counts the instructions of
 * ngx_eiam_policy_find() meanwhile.
 */

#include "ngx_eiam_unit.h"
#include <ngx_eiam_digest.h>
#include <ngx_eiam_openapi.h>


static ngx_int_t ngx_eiam_unit_bench_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_array_t *paths);
static ngx_uint_t ngx_eiam_unit_bench_segments(const ngx_str_t *path);
ngx_uint_t ngx_eiam_unit_bench_group(const ngx_eiam_policy_t *policy,
    ngx_str_t *path, ngx_uint_t n, ngx_uint_t rounds)
    __attribute__((noinline));


char *
ngx_eiam_unit_bench(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                line[64];
    ngx_str_t            *value, *path;
    ngx_uint_t            i, n, segments, rounds;
    ngx_array_t           paths;
    ngx_eiam_policy_t     policy;
    ngx_eiam_scopes_t    *scopes;
    ngx_eiam_document_t   document;

    value = cf->args->elts;

    ngx_memzero(&document, sizeof(ngx_eiam_document_t));
    ngx_memzero(&policy, sizeof(ngx_eiam_policy_t));

    document.name = value[1];
    document.pool = cf->temp_pool;
    rounds = (ngx_uint_t) ngx_atoi(value[3].data, value[3].len);
    scopes = ngx_eiam_scopes_create(cf->pool);

    if (scopes == NULL || ngx_eiam_digest_init() != NGX_OK
        || ngx_eiam_openapi_read(&document, scopes, cf->pool, &policy)
           != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &document.fault);
        return NGX_CONF_ERROR;
    }

    if (ngx_eiam_unit_bench_read(cf, &value[2], &paths) != NGX_OK) {
        return "cannot read the paths";
    }

    path = paths.elts;

    for (i = 0; i < paths.nelts; i += n) {

        segments = ngx_eiam_unit_bench_segments(&path[i]);

        for (n = 1; i + n < paths.nelts; n++) {

            if (ngx_eiam_unit_bench_segments(&path[i + n]) != segments) {
                break;
            }
        }

        if (ngx_eiam_unit_bench_group(&policy, &path[i], n, rounds)
            != n * rounds)
        {
            return "has a path that the policy does not know";
        }

        (void) ngx_write_fd(ngx_stdout, line,
                            ngx_sprintf(line, "%ui %ui\n", segments,
                                        n * rounds) - line);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_eiam_unit_bench_read(ngx_conf_t *cf, ngx_str_t *name, ngx_array_t *paths)
{
    u_char     *text, *p, *last;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_str_t  *path;

    text = ngx_palloc(cf->temp_pool, NGX_EIAM_DOCUMENT_MAX);
    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (text == NULL || fd == NGX_INVALID_FILE
        || ngx_array_init(paths, cf->temp_pool, 64, sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text, NGX_EIAM_DOCUMENT_MAX);

    (void) ngx_close_file(fd);

    last = text + ngx_max(n, 0);

    while (text < last) {

        p = ngx_strlchr(text, last, '\n');
        path = ngx_array_push(paths);

        if (p == NULL || path == NULL) {
            return NGX_ERROR;
        }

        path->data = text;
        path->len = p - text;

        text = p + 1;
    }

    return paths->nelts ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
ngx_eiam_unit_bench_segments(const ngx_str_t *path)
{
    size_t      i;
    ngx_uint_t  n;

    n = 0;

    for (i = 0; i < path->len; i++) {
        n += (path->data[i] == '/');
    }

    return n;
}


ngx_uint_t
ngx_eiam_unit_bench_group(const ngx_eiam_policy_t *policy, ngx_str_t *path,
    ngx_uint_t n, ngx_uint_t rounds)
{
    ngx_uint_t  i, found;

    found = 0;

    while (rounds--) {

        for (i = 0; i < n; i++) {
            found += (ngx_eiam_policy_find(policy, &path[i]) != NULL);
        }
    }

    return found;
}
