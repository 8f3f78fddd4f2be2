
#include <ngx_http_eiam_server.h>
#include <ngx_eiam_string.h>


/*
 * A server is recognized by its names, also after a reload.  If several servers
 * have the same names, their addresses count as well, and if these are the
 * same, too, the order of the servers.
 */


static ngx_int_t ngx_http_eiam_server_position(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf, ngx_uint_t *alike,
    ngx_uint_t *position);
static ngx_int_t ngx_http_eiam_likeness(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *one, const ngx_http_core_srv_conf_t *two,
    ngx_uint_t *names, ngx_uint_t *addresses);
static uint32_t ngx_http_eiam_names_sum(const ngx_http_core_srv_conf_t *cscf);
static ngx_int_t ngx_http_eiam_server_names(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf, ngx_str_t *text);
static ngx_int_t ngx_http_eiam_server_addresses(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf, ngx_str_t *text);
static ngx_uint_t ngx_http_eiam_has_server(const ngx_http_conf_addr_t *addr,
    const ngx_http_core_srv_conf_t *cscf);
static ngx_int_t ngx_http_eiam_join(ngx_pool_t *pool, ngx_array_t *words,
    ngx_str_t *text);
static ngx_int_t ngx_http_eiam_cmp_words(const void *one, const void *two);


ngx_int_t
ngx_http_eiam_server_id(ngx_conf_t *cf, ngx_str_t *id)
{
    ngx_str_t                    names, addresses;
    ngx_uint_t                   alike, position;
    ngx_http_core_srv_conf_t    *cscf;
    ngx_http_eiam_srv_conf_t    *scf;
    ngx_http_eiam_main_conf_t   *mcf;

    scf = ngx_http_conf_get_module_srv_conf(cf, ngx_eiam_module);

    if (scf->id.len) {
        *id = scf->id;
        return NGX_OK;
    }

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    if (ngx_http_eiam_server_position(cf, cscf, &alike, &position) != NGX_OK
        || ngx_http_eiam_server_names(cf, cscf, &names) != NGX_OK
        || ngx_http_eiam_server_addresses(cf, cscf, &addresses) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* other gateways know it by its names, which no other one has then */

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (!alike || mcf->share) {
        addresses.len = 0;
        position = 0;
    }

    id->data = ngx_pnalloc(cf->pool, names.len + addresses.len
                                     + NGX_INT_T_LEN + 2);
    if (id->data == NULL) {
        return NGX_ERROR;
    }

    id->len = ngx_sprintf(id->data, "%V@%V@%ui", &names, &addresses, position)
              - id->data;

    scf->id = *id;

    return NGX_OK;
}


/* is another server named the same, and how many before it are alike? */

static ngx_int_t
ngx_http_eiam_server_position(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf, ngx_uint_t *alike,
    ngx_uint_t *position)
{
    ngx_uint_t                   i, same, equal, before;
    ngx_http_core_srv_conf_t   **server;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    *alike = 0;
    *position = 0;
    before = 1;
    server = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        if (server[i] == cscf) {
            before = 0;
            continue;
        }

        if (ngx_http_eiam_likeness(cf, cscf, server[i], &same, &equal)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        *alike |= same;
        *position += before && same && equal;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_likeness(ngx_conf_t *cf, const ngx_http_core_srv_conf_t *one,
    const ngx_http_core_srv_conf_t *two, ngx_uint_t *names,
    ngx_uint_t *addresses)
{
    ngx_str_t  a, b;

    *names = 0;
    *addresses = 0;

    if (ngx_http_eiam_names_sum(one) != ngx_http_eiam_names_sum(two)) {
        return NGX_OK;
    }

    if (ngx_http_eiam_server_names(cf, one, &a) != NGX_OK
        || ngx_http_eiam_server_names(cf, two, &b) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *names = ngx_eiam_str_equal(&a, &b);

    if (ngx_http_eiam_server_addresses(cf, one, &a) != NGX_OK
        || ngx_http_eiam_server_addresses(cf, two, &b) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *addresses = ngx_eiam_str_equal(&a, &b);

    return NGX_OK;
}


/*
 * a checksum of all names spares most comparisons, as there may be thousands of
 * servers
 */

static uint32_t
ngx_http_eiam_names_sum(const ngx_http_core_srv_conf_t *cscf)
{
    uint32_t                 sum;
    ngx_uint_t               i;
    ngx_http_server_name_t  *name;

    sum = cscf->server_names.nelts;
    name = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {
        sum += ngx_crc32_long(name[i].name.data, name[i].name.len);
    }

    return sum;
}


/*
 * nginx stores a regex without its "~", so that is added to tell it from a name
 */

static ngx_int_t
ngx_http_eiam_server_names(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf, ngx_str_t *text)
{
    u_char                  *p;
    ngx_str_t               *word;
    ngx_uint_t               i;
    ngx_array_t              words;
    ngx_http_server_name_t  *name;

    if (ngx_array_init(&words, cf->temp_pool, cscf->server_names.nelts + 1,
                       sizeof(ngx_str_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    name = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {

        word = ngx_array_push(&words);
        *word = name[i].name;

#if (NGX_PCRE)

        if (name[i].regex) {

            p = ngx_pnalloc(cf->temp_pool, name[i].name.len + 1);
            if (p == NULL) {
                return NGX_ERROR;
            }

            word->data = p;
            word->len = ngx_sprintf(p, "~%V", &name[i].name) - p;
        }

#endif

    }

    return ngx_http_eiam_join(cf->temp_pool, &words, text);
}


static ngx_int_t
ngx_http_eiam_server_addresses(ngx_conf_t *cf,
    const ngx_http_core_srv_conf_t *cscf, ngx_str_t *text)
{
    ngx_str_t                  *word;
    ngx_uint_t                  i, k;
    ngx_array_t                 words;
    ngx_http_conf_port_t       *port;
    ngx_http_conf_addr_t       *addr;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (ngx_array_init(&words, cf->temp_pool, 4, sizeof(ngx_str_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    port = cmcf->ports ? cmcf->ports->elts : NULL;

    for (i = 0; port && i < cmcf->ports->nelts; i++) {

        addr = port[i].addrs.elts;

        for (k = 0; k < port[i].addrs.nelts; k++) {

            if (!ngx_http_eiam_has_server(&addr[k], cscf)) {
                continue;
            }

            word = ngx_array_push(&words);
            if (word == NULL) {
                return NGX_ERROR;
            }

            *word = addr[k].opt.addr_text;
        }
    }

    return ngx_http_eiam_join(cf->temp_pool, &words, text);
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


/*
 * sorted, and with lengths, so that different lists never yield the same text
 */

static ngx_int_t
ngx_http_eiam_join(ngx_pool_t *pool, ngx_array_t *words, ngx_str_t *text)
{
    u_char      *p;
    size_t       len;
    ngx_str_t   *word;
    ngx_uint_t   i;

    ngx_sort(words->elts, words->nelts, sizeof(ngx_str_t),
             ngx_http_eiam_cmp_words);

    word = words->elts;
    len = 0;

    for (i = 0; i < words->nelts; i++) {
        len += NGX_SIZE_T_LEN + 2 + word[i].len;
    }

    p = ngx_pnalloc(pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for (i = 0; i < words->nelts; i++) {
        p = ngx_sprintf(p, " %uz:%V", word[i].len, &word[i]);
    }

    text->len = p - text->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_cmp_words(const void *one, const void *two)
{
    const ngx_str_t *a = one;
    const ngx_str_t *b = two;

    return ngx_memn2cmp(a->data, b->data, a->len, b->len);
}
