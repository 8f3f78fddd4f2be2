
#include <ngx_http_eiam_gated.h>


static ngx_uint_t ngx_http_eiam_gated_is_literal(
    const ngx_http_eiam_gated_t *gated, const ngx_str_t *path);


ngx_int_t
ngx_http_eiam_gated_add(ngx_conf_t *cf, const ngx_eiam_policy_t *policy)
{
    ngx_str_t                  path;
    ngx_http_eiam_gated_t     *gated;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_eiam_srv_conf_t  *scf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_eiam_module);

    path = clcf->name;

    /* a regex or a name is no path, and every path is below "/" */

    if (clcf->noname || clcf->named || path.len < 2 || path.data[0] != '/'
#if (NGX_PCRE)
        || clcf->regex
#endif
        || (policy->path.len && path.len >= policy->path.len
            && ngx_strncmp(path.data, policy->path.data, policy->path.len)
               == 0))
    {
        return NGX_OK;
    }

    gated = ngx_array_push(&scf->locations);
    if (gated == NULL) {
        return NGX_ERROR;
    }

    gated->name = clcf->name;
    gated->exact = clcf->exact_match;

    if (path.data[path.len - 1] == '/') {
        path.len--;
    }

    if (ngx_eiam_base_init(&gated->base, &path, cf->pool) != NGX_OK) {
        return NGX_ERROR;
    }

    gated->base.suffix = 1;
    gated->base.whole = gated->exact;
    gated->base.prefix = (!gated->exact && path.len == clcf->name.len);

    return NGX_OK;
}


ngx_eiam_below_e
ngx_http_eiam_gated_below(const ngx_http_eiam_srv_conf_t *scf,
    const ngx_eiam_reading_t *reading)
{
    ngx_uint_t                    i;
    ngx_eiam_below_e              below;
    const ngx_http_eiam_gated_t  *gated;

    gated = scf->locations.elts;

    for (i = 0; i < scf->locations.nelts; i++) {

        below = ngx_eiam_base_below(&gated[i].base, reading);

        if (below == NGX_EIAM_BELOW_LOOSE
            || (below == NGX_EIAM_BELOW_PLAIN
                && !ngx_http_eiam_gated_is_literal(&gated[i],
                                                   &reading->target)))
        {
            return below;
        }
    }

    return NGX_EIAM_OUTSIDE;
}


/*
 * whether the path begins with the location's name as nginx compares it: then
 * nginx chose a longer location
 */

static ngx_uint_t
ngx_http_eiam_gated_is_literal(const ngx_http_eiam_gated_t *gated,
    const ngx_str_t *path)
{
    return !gated->exact && path->len >= gated->name.len
           && ngx_memcmp(path->data, gated->name.data, gated->name.len) == 0;
}
