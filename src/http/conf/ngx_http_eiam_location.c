
#include <ngx_http_eiam_location.h>
#include <ngx_http_eiam_server.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_http_eiam_choose(const ngx_http_core_loc_conf_t *level,
    const ngx_str_t *uri, ngx_http_core_loc_conf_t **chosen);
static ngx_int_t ngx_http_eiam_choose_static(
    const ngx_http_location_tree_node_t *node, ngx_str_t uri,
    ngx_http_core_loc_conf_t **chosen);
static ngx_http_core_loc_conf_t *ngx_http_eiam_find_location(
    ngx_http_location_tree_node_t *node, const ngx_str_t *uri);


/* locations with the same name in two servers are different sources */

ngx_eiam_source_t *
ngx_http_eiam_location_add_source(ngx_conf_t *cf, const char *kind,
    const ngx_str_t *location)
{
    ngx_str_t                   id, server;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (ngx_http_eiam_server_id(cf, &server) != NGX_OK) {
        return NULL;
    }

    id.data = ngx_pnalloc(cf->temp_pool, ngx_strlen(kind) + NGX_SIZE_T_LEN + 2
                                         + location->len + server.len);
    if (id.data == NULL) {
        return NULL;
    }

    id.len = ngx_sprintf(id.data, "%s %uz:%V%V", kind, location->len,
                         location, &server)
             - id.data;

    return ngx_eiam_source_add(mcf->zone, &id, cf->pool);
}


size_t
ngx_http_eiam_location_list_size(const ngx_array_t *list)
{
    size_t       size;
    u_char      *element;
    ngx_uint_t   i;

    size = NGX_SIZE_T_LEN + 2;
    element = list->elts;

    for (i = 0; i < list->nelts; i++) {
        size += ((ngx_str_t *) element)->len + NGX_SIZE_T_LEN + 2;
        element += list->size;
    }

    return size;
}


u_char *
ngx_http_eiam_location_put_list(u_char *p, const ngx_array_t *list)
{
    u_char      *element;
    ngx_str_t   *text;
    ngx_uint_t   i;

    p = ngx_sprintf(p, " %ui", list->nelts);
    element = list->elts;

    for (i = 0; i < list->nelts; i++) {
        text = (ngx_str_t *) element;
        p = ngx_sprintf(p, " %uz:%V", text->len, text);
        element += list->size;
    }

    return p;
}


ngx_int_t
ngx_http_eiam_location_add(ngx_conf_t *cf, const char *directive,
    const char *missing, const ngx_str_t *uri, size_t size)
{
    ngx_http_eiam_target_t     *target;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    target = ngx_array_push(&mcf->targets);
    if (target == NULL) {
        return NGX_ERROR;
    }

    target->server = ngx_http_conf_get_module_srv_conf(cf,
                                                       ngx_http_core_module);
    target->directive = directive;
    target->missing = missing;
    target->uri = *uri;
    target->size = size;

    return NGX_OK;
}


/* at run time a missing location would look like a source that is down */

ngx_int_t
ngx_http_eiam_location_check(const ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log)
{
    ngx_uint_t                  i;
    const char                 *fault;
    ngx_http_eiam_target_t     *target;
    ngx_http_core_loc_conf_t   *clcf, *location, *chosen;

    target = mcf->targets.elts;

    for (i = 0; i < mcf->targets.nelts; i++) {

        clcf = target[i].server->ctx->loc_conf[ngx_http_core_module.ctx_index];

        location = ngx_http_eiam_find_location(clcf->static_locations,
                                               &target[i].uri);

        chosen = NULL;
        (void) ngx_http_eiam_choose(clcf, &target[i].uri, &chosen);

        if (location == NULL) {
            fault = target[i].missing;

        } else if (!location->internal) {
            fault = "the location must be \"internal\"";

        } else if (chosen != location) {
            fault = "a location by a regex would be used, so write \"= \" or "
                    "\"^~ \" before the path of this location";

        } else {
            fault = NULL;
        }

        if (fault == NULL) {
            location->subrequest_output_buffer_size =
                          ngx_max(location->subrequest_output_buffer_size,
                                  target[i].size);
            continue;
        }

        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "\"%s %V\": %s in server \"%V\" in %s:%ui",
                      target[i].directive, &target[i].uri, fault,
                      &target[i].server->server_name,
                      target[i].server->file_name, target[i].server->line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Finds the location that nginx would choose: the one with the longest prefix,
 * then those inside of it, and then by regexes.  NGX_OK; NGX_DECLINED: there is
 * none on this level; NGX_AGAIN: one by its prefix, so that a regex may still
 * match.
 */

static ngx_int_t
ngx_http_eiam_choose(const ngx_http_core_loc_conf_t *level,
    const ngx_str_t *uri, ngx_http_core_loc_conf_t **chosen)
{
    ngx_int_t   rc;
    ngx_uint_t  noregex;

    noregex = 0;

    rc = ngx_http_eiam_choose_static(level->static_locations, *uri, chosen);

    if (rc == NGX_AGAIN) {
        noregex = (*chosen)->noregex;
        rc = ngx_http_eiam_choose(*chosen, uri, chosen);
    }

#if (NGX_PCRE)

    if (rc != NGX_OK && !noregex && level->regex_locations) {

        ngx_http_core_loc_conf_t  **clcf;

        for (clcf = level->regex_locations; *clcf; clcf++) {

            if (ngx_regex_exec((*clcf)->regex->regex, (ngx_str_t *) uri, NULL,
                               0)
                >= 0)
            {
                *chosen = *clcf;
                (void) ngx_http_eiam_choose(*clcf, uri, chosen);
                return NGX_OK;
            }
        }
    }

#endif

    return rc;
}


static ngx_int_t
ngx_http_eiam_choose_static(const ngx_http_location_tree_node_t *node,
    ngx_str_t uri, ngx_http_core_loc_conf_t **chosen)
{
    size_t     n;
    ngx_int_t  rc, order;

    rc = NGX_DECLINED;

    while (node) {

        n = ngx_min(uri.len, (size_t) node->len);
        order = ngx_filename_cmp(uri.data, (u_char *) node->name, n);

        if (order == 0 && uri.len == node->len) {

            if (node->exact) {
                *chosen = node->exact;
                return NGX_OK;
            }

            *chosen = node->inclusive;
            return NGX_AGAIN;
        }

        if (order == 0 && uri.len > node->len && node->inclusive) {
            *chosen = node->inclusive;
            rc = NGX_AGAIN;

            uri.data += n;
            uri.len -= n;
            node = node->tree;
            continue;
        }

        node = (order < 0 || (order == 0 && uri.len < node->len))
               ? node->left : node->right;
    }

    return rc;
}


/* the location with exactly that name, or NULL */

static ngx_http_core_loc_conf_t *
ngx_http_eiam_find_location(ngx_http_location_tree_node_t *node,
    const ngx_str_t *uri)
{
    ngx_uint_t                 i;
    ngx_http_core_loc_conf_t  *found, *clcf[2];

    if (node == NULL) {
        return NULL;
    }

    clcf[0] = node->exact;
    clcf[1] = node->inclusive;

    for (i = 0; i < 2; i++) {

        if (clcf[i] == NULL) {
            continue;
        }

        if (ngx_eiam_str_equal(&clcf[i]->name, uri)) {
            return clcf[i];
        }

        found = ngx_http_eiam_find_location(clcf[i]->static_locations, uri);
        if (found) {
            return found;
        }
    }

    found = ngx_http_eiam_find_location(node->left, uri);

    if (found == NULL) {
        found = ngx_http_eiam_find_location(node->right, uri);
    }

    if (found == NULL) {
        found = ngx_http_eiam_find_location(node->tree, uri);
    }

    return found;
}
