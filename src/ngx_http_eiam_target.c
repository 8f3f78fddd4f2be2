
#include <ngx_http_eiam.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_http_eiam_name_server(ngx_conf_t *cf,
    ngx_array_t *words);
static ngx_int_t ngx_http_eiam_server_names(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf, ngx_array_t *words);
static ngx_int_t ngx_http_eiam_server_addresses(ngx_conf_t *cf,
    const ngx_http_core_main_conf_t *cmcf,
    const ngx_http_core_srv_conf_t *cscf, ngx_array_t *words);
static ngx_uint_t ngx_http_eiam_has_server(const ngx_http_conf_addr_t *addr,
    const ngx_http_core_srv_conf_t *cscf);
static ngx_uint_t ngx_http_eiam_same_words(const ngx_array_t *one,
    const ngx_array_t *two);
static ngx_int_t ngx_http_eiam_cmp_words(const void *one, const void *two);
static ngx_int_t ngx_http_eiam_choose(const ngx_http_core_loc_conf_t *level,
    const ngx_str_t *uri, ngx_http_core_loc_conf_t **chosen);
static ngx_int_t ngx_http_eiam_choose_static(
    const ngx_http_location_tree_node_t *node, ngx_str_t uri,
    ngx_http_core_loc_conf_t **chosen);
static ngx_http_core_loc_conf_t *ngx_http_eiam_find_location(
    ngx_http_location_tree_node_t *node, const ngx_str_t *uri);


/*
 * Locations of the same name in two servers are two sources.  A server is
 * known by its names, also after a reload, and by its addresses only if
 * another one has the same names.
 */

ngx_eiam_source_t *
ngx_http_eiam_add_source(ngx_conf_t *cf, const char *kind,
    const ngx_str_t *location)
{
    u_char                     *p;
    size_t                      len;
    ngx_str_t                   id, *word;
    ngx_uint_t                  i;
    ngx_array_t                 words;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (ngx_http_eiam_name_server(cf, &words) != NGX_OK) {
        return NULL;
    }

    word = words.elts;
    len = ngx_strlen(kind) + NGX_SIZE_T_LEN + 2 + location->len;

    for (i = 0; i < words.nelts; i++) {
        len += 1 + word[i].len;
    }

    id.data = ngx_pnalloc(cf->temp_pool, len);
    if (id.data == NULL) {
        return NULL;
    }

    p = ngx_sprintf(id.data, "%s %uz:%V", kind, location->len, location);

    for (i = 0; i < words.nelts; i++) {
        p = ngx_sprintf(p, " %V", &word[i]);
    }

    id.len = p - id.data;

    return ngx_eiam_source_add(mcf->zone, &id, cf->pool);
}


/* the words that tell this server from all others */

static ngx_int_t
ngx_http_eiam_name_server(ngx_conf_t *cf, ngx_array_t *words)
{
    ngx_uint_t                   i;
    ngx_array_t                  other;
    ngx_http_core_srv_conf_t    *cscf, **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    if (ngx_http_eiam_server_names(cf, cscf, words) != NGX_OK) {
        return NGX_ERROR;
    }

    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        if (cscfp[i] == cscf) {
            continue;
        }

        if (ngx_http_eiam_server_names(cf, cscfp[i], &other) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_http_eiam_same_words(words, &other)) {
            return ngx_http_eiam_server_addresses(cf, cmcf, cscf, words);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_server_names(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf, ngx_array_t *words)
{
    ngx_str_t               *word;
    ngx_uint_t               i;
    ngx_http_server_name_t  *name;

    if (ngx_array_init(words, cf->temp_pool, cscf->server_names.nelts + 1,
                       sizeof(ngx_str_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    name = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {

        word = ngx_array_push(words);
        if (word == NULL) {
            return NGX_ERROR;
        }

        *word = name[i].name;
    }

    ngx_sort(words->elts, words->nelts, sizeof(ngx_str_t),
             ngx_http_eiam_cmp_words);

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_server_addresses(ngx_conf_t *cf,
    const ngx_http_core_main_conf_t *cmcf,
    const ngx_http_core_srv_conf_t *cscf, ngx_array_t *words)
{
    ngx_str_t             *word;
    ngx_uint_t             i, k, names;
    ngx_http_conf_port_t  *port;
    ngx_http_conf_addr_t  *addr;

    names = words->nelts;
    port = cmcf->ports ? cmcf->ports->elts : NULL;

    for (i = 0; port && i < cmcf->ports->nelts; i++) {

        addr = port[i].addrs.elts;

        for (k = 0; k < port[i].addrs.nelts; k++) {

            if (!ngx_http_eiam_has_server(&addr[k], cscf)) {
                continue;
            }

            word = ngx_array_push(words);
            if (word == NULL) {
                return NGX_ERROR;
            }

            *word = addr[k].opt.addr_text;
        }
    }

    ngx_sort((ngx_str_t *) words->elts + names, words->nelts - names,
             sizeof(ngx_str_t), ngx_http_eiam_cmp_words);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_eiam_has_server(const ngx_http_conf_addr_t *addr,
    const ngx_http_core_srv_conf_t *cscf)
{
    ngx_uint_t                  i;
    ngx_http_core_srv_conf_t  **server;

    server = addr->servers.elts;

    for (i = 0; i < addr->servers.nelts; i++) {

        if (server[i] == cscf) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_eiam_same_words(const ngx_array_t *one, const ngx_array_t *two)
{
    ngx_str_t   *a, *b;
    ngx_uint_t   i;

    if (one->nelts != two->nelts) {
        return 0;
    }

    a = one->elts;
    b = two->elts;

    for (i = 0; i < one->nelts; i++) {

        if (!ngx_eiam_str_equal(&a[i], &b[i])) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_eiam_cmp_words(const void *one, const void *two)
{
    const ngx_str_t *a = one;
    const ngx_str_t *b = two;

    return ngx_memn2cmp(a->data, b->data, a->len, b->len);
}


ngx_int_t
ngx_http_eiam_add_target(ngx_conf_t *cf, const char *directive,
    const ngx_str_t *uri, size_t size)
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
    target->uri = *uri;
    target->size = size;

    return NGX_OK;
}


/* a location that is not there would look like a source that is broken */

ngx_int_t
ngx_http_eiam_check_targets(const ngx_http_eiam_main_conf_t *mcf,
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

        fault = (location == NULL) ? "there is no such location"
                : !location->internal ? "the location must be \"internal\""
                : (chosen != location)
                  ? "another location, by a regex, would be used"
                  : NULL;

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
 * The location that nginx would choose: of the prefixes the longest, in it the
 * same again, and then regexes.  NGX_OK; NGX_DECLINED: none but those above;
 * NGX_AGAIN: one by a prefix, so a regex may still take its place.
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
            *chosen = node->exact ? node->exact : node->inclusive;
            return node->exact ? NGX_OK : NGX_AGAIN;
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


/* of exactly that name, or NULL */

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

    return found ? found : ngx_http_eiam_find_location(node->tree, uri);
}
