
#include <ngx_eiam_applications.h>
#include <ngx_eiam_fold.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_members.h>
#include <ngx_eiam_network.h>
#include <ngx_eiam_static_token.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_text.h>


typedef struct {
    ngx_pool_t               *pool;
    ngx_eiam_applications_t  *applications;
    ngx_eiam_application_t   *application;  /* being read */
    ngx_array_t               tokens;       /* of ngx_eiam_token_t */
} ngx_eiam_applications_reader_t;


static ngx_int_t ngx_eiam_applications_list(void *data,
    const ngx_eiam_node_t *node, ngx_uint_t number);
static ngx_int_t ngx_eiam_applications_id(void *data,
    const ngx_eiam_node_t *node, ngx_uint_t number);
static ngx_int_t ngx_eiam_applications_enabled(void *data,
    const ngx_eiam_node_t *node, ngx_uint_t number);
static ngx_int_t ngx_eiam_applications_granted(void *data,
    const ngx_eiam_node_t *node, ngx_uint_t number);
static ngx_int_t ngx_eiam_applications_networks(void *data,
    const ngx_eiam_node_t *node, ngx_uint_t number);
static ngx_int_t ngx_eiam_applications_objects(void *data,
    const ngx_eiam_node_t *node, ngx_uint_t number);
static ngx_int_t ngx_eiam_applications_tokens(void *data,
    const ngx_eiam_node_t *node, ngx_uint_t number);
static ngx_int_t ngx_eiam_applications_index(
    ngx_eiam_applications_reader_t *reader, const ngx_eiam_node_t *root);
static uint32_t ngx_eiam_applications_hash(const ngx_eiam_digest_t digest);
static ngx_eiam_token_t *ngx_eiam_applications_slot(
    const ngx_eiam_applications_t *applications,
    const ngx_eiam_digest_t digest);
static ngx_int_t ngx_eiam_applications_fold(
    ngx_eiam_applications_t *applications,
    ngx_eiam_application_t *application, ngx_pool_t *pool);
static ngx_int_t ngx_eiam_applications_scopes(
    const ngx_eiam_application_t *application, ngx_eiam_scopes_t *scopes,
    const ngx_array_t *implications, ngx_pool_t *pool,
    ngx_eiam_permissions_t *permissions);


static const ngx_eiam_member_t  ngx_eiam_applications_file_members[] = {
    ngx_eiam_member_required("applications", NGX_EIAM_ARRAY,
                             ngx_eiam_applications_list),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_applications_file = {
    ngx_eiam_applications_file_members, "is an unknown member", 0
};


static const ngx_eiam_member_t  ngx_eiam_applications_entry_members[] = {
    ngx_eiam_member_required("id", NGX_EIAM_STRING,
                             ngx_eiam_applications_id),
    ngx_eiam_member("name", NGX_EIAM_STRING),
    ngx_eiam_member_read("enabled", NGX_EIAM_BOOLEAN,
                         ngx_eiam_applications_enabled, 0),
    ngx_eiam_member_read("permissions", NGX_EIAM_ARRAY,
                         ngx_eiam_applications_granted, 0),
    ngx_eiam_member_read("networks", NGX_EIAM_ARRAY,
                         ngx_eiam_applications_networks, 0),
    ngx_eiam_member_read("objects", NGX_EIAM_ANY,
                         ngx_eiam_applications_objects, 0),
    ngx_eiam_member_read("tokens", NGX_EIAM_ARRAY,
                         ngx_eiam_applications_tokens, 0),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_applications_entry = {
    ngx_eiam_applications_entry_members, "is an unknown member", 0
};


ngx_int_t
ngx_eiam_applications_read(ngx_eiam_document_t *document, ngx_pool_t *pool,
    ngx_eiam_applications_t *applications)
{
    ngx_eiam_node_t  root;

    if (ngx_eiam_document_open(document, &root) != NGX_OK) {
        return NGX_ERROR;
    }

    applications->name = document->name;

    return ngx_eiam_applications_load(&root, pool, applications);
}


ngx_int_t
ngx_eiam_applications_load(const ngx_eiam_node_t *root, ngx_pool_t *pool,
    ngx_eiam_applications_t *applications)
{
    ngx_eiam_applications_reader_t  reader;

    ngx_memzero(&reader, sizeof(ngx_eiam_applications_reader_t));

    reader.pool = pool;
    reader.applications = applications;

    ngx_rbtree_init(&applications->ids, &applications->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_rbtree_init(&applications->folded, &applications->sentinel,
                    ngx_str_rbtree_insert_value);

    if (ngx_array_init(&applications->list, pool, 8,
                       sizeof(ngx_eiam_application_t *))
        != NGX_OK
        || ngx_array_init(&reader.tokens, root->document->pool, 8,
                          sizeof(ngx_eiam_token_t))
           != NGX_OK
        || ngx_eiam_members_read(&ngx_eiam_applications_file, root, 0, &reader)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_applications_index(&reader, root);
}


static ngx_int_t
ngx_eiam_applications_list(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t number)
{
    ngx_eiam_applications_reader_t *reader = data;

    ngx_eiam_node_t           entry;
    ngx_eiam_application_t   *application, **slot;

    entry.parent = NULL;

    while (ngx_eiam_node_next(node, &entry) == NGX_OK) {

        application = ngx_pcalloc(reader->pool,
                                  sizeof(ngx_eiam_application_t));
        slot = ngx_array_push(&reader->applications->list);

        if (application == NULL || slot == NULL
            || ngx_array_init(&application->permissions, reader->pool, 4,
                              sizeof(ngx_str_t))
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        *slot = application;

        application->enabled = 1;
        application->index = reader->applications->list.nelts - 1;

        reader->application = application;

        if (ngx_eiam_members_read(&ngx_eiam_applications_entry, &entry, 0,
                                  reader)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_applications_id(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t number)
{
    ngx_eiam_applications_reader_t *reader = data;

    uint32_t                 crc;
    ngx_str_t                shown;
    ngx_eiam_application_t  *application;

    application = reader->application;

    if (ngx_eiam_node_identifier(node, NGX_EIAM_APPLICATION_ID_MAX) != NGX_OK
        || ngx_eiam_node_copy(node, reader->pool, &application->id) != NGX_OK)
    {
        return NGX_ERROR;
    }

    crc = ngx_crc32_long(application->id.data, application->id.len);

    if (ngx_str_rbtree_lookup(&reader->applications->ids, &application->id,
                              crc))
    {
        shown = ngx_eiam_text_shown(&application->id, reader->pool);
        return ngx_eiam_fault(node, "application \"%V\" occurs twice",
                              &shown);
    }

    application->key = ngx_eiam_hash_text(&application->id);
    application->node.str = application->id;
    application->node.node.key = crc;

    ngx_rbtree_insert(&reader->applications->ids, &application->node.node);

    return ngx_eiam_applications_fold(reader->applications, application,
                                      reader->pool);
}


static ngx_int_t
ngx_eiam_applications_enabled(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t number)
{
    ngx_eiam_applications_reader_t *reader = data;

    reader->application->enabled = ngx_eiam_node_true(node);

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_applications_granted(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t number)
{
    ngx_eiam_applications_reader_t *reader = data;

    ngx_str_t        *permission;
    ngx_eiam_node_t   element;

    element.parent = NULL;

    while (ngx_eiam_node_next(node, &element) == NGX_OK) {

        permission = ngx_array_push(&reader->application->permissions);

        if (permission == NULL
            || ngx_eiam_node_expect(&element, NGX_EIAM_STRING) != NGX_OK
            || ngx_eiam_node_printable(&element, NGX_EIAM_PERMISSION_MAX)
               != NGX_OK
            || ngx_eiam_node_copy(&element, reader->pool, permission)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_applications_networks(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t number)
{
    ngx_eiam_applications_reader_t *reader = data;

    reader->application->networks = ngx_eiam_network_read(node, reader->pool);

    return reader->application->networks ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_eiam_applications_objects(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t number)
{
    ngx_eiam_applications_reader_t *reader = data;

    reader->application->objects = ngx_eiam_objects_read(node, reader->pool);

    return reader->application->objects ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_eiam_applications_tokens(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t number)
{
    ngx_eiam_applications_reader_t *reader = data;

    ngx_eiam_node_t    element;
    ngx_eiam_token_t  *token;

    element.parent = NULL;

    while (ngx_eiam_node_next(node, &element) == NGX_OK) {

        token = ngx_array_push(&reader->tokens);
        if (token == NULL) {
            return NGX_ERROR;
        }

        token->application = reader->application;

        if (ngx_eiam_static_token_read(&element, token) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_applications_index(ngx_eiam_applications_reader_t *reader,
    const ngx_eiam_node_t *root)
{
    ngx_str_t                 id, other;
    ngx_uint_t                i, size;
    ngx_eiam_token_t         *token, *slot;
    ngx_eiam_applications_t  *applications;

    applications = reader->applications;
    token = reader->tokens.elts;

    for (size = 16; size < 2 * reader->tokens.nelts; size *= 2) {
        /* void */
    }

    applications->mask = size - 1;
    applications->tokens = ngx_pcalloc(reader->pool,
                                       size * sizeof(ngx_eiam_token_t));
    if (applications->tokens == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < reader->tokens.nelts; i++) {

        slot = ngx_eiam_applications_slot(applications, token[i].digest);

        if (slot->application) {
            id = ngx_eiam_text_shown(&token[i].application->id,
                                     reader->pool);
            other = ngx_eiam_text_shown(&slot->application->id,
                                        reader->pool);
            return ngx_eiam_fault(root, "a token of \"%V\" is also one of "
                                  "\"%V\"", &id, &other);
        }

        *slot = token[i];
    }

    return NGX_OK;
}


/* a digest is random enough to be its own hash */

static uint32_t
ngx_eiam_applications_hash(const ngx_eiam_digest_t digest)
{
    uint32_t  hash;

    ngx_memcpy(&hash, digest, sizeof(uint32_t));

    return hash;
}


/* the slot of a digest, or a free one for it */

static ngx_eiam_token_t *
ngx_eiam_applications_slot(const ngx_eiam_applications_t *applications,
    const ngx_eiam_digest_t digest)
{
    uint32_t           i;
    ngx_eiam_token_t  *token;

    for (i = ngx_eiam_applications_hash(digest); /* void */; i++) {

        token = &applications->tokens[i & applications->mask];

        if (token->application == NULL
            || ngx_memcmp(token->digest, digest, NGX_EIAM_DIGEST_LEN) == 0)
        {
            return token;
        }
    }
}


ngx_eiam_application_t *
ngx_eiam_applications_find(ngx_eiam_applications_t *applications,
    const ngx_str_t *id)
{
    ngx_str_node_t  *node;

    node = ngx_str_rbtree_lookup(&applications->ids, (ngx_str_t *) id,
                                 ngx_crc32_long(id->data, id->len));

    return node ? ngx_rbtree_data(node, ngx_eiam_application_t, node) : NULL;
}


void
ngx_eiam_applications_prefetch(const ngx_eiam_applications_t *applications,
    const ngx_eiam_digest_t digest)
{
    __builtin_prefetch(&applications->tokens[applications->mask
                                & ngx_eiam_applications_hash(digest)]);
}


ngx_eiam_token_t *
ngx_eiam_applications_token(const ngx_eiam_applications_t *applications,
    const ngx_eiam_digest_t digest)
{
    ngx_eiam_token_t  *token;

    token = ngx_eiam_applications_slot(applications, digest);

    return token->application ? token : NULL;
}


ngx_int_t
ngx_eiam_applications_identify(ngx_eiam_applications_t *applications,
    const ngx_str_t *id, ngx_eiam_application_t **application)
{
    u_char     buf[NGX_EIAM_APPLICATION_ID_MAX];
    ngx_str_t  folded;

    *application = ngx_eiam_applications_find(applications, id);

    if (*application) {
        return NGX_OK;
    }

    if (id->len > sizeof(buf) || !ngx_eiam_fold_is_plain(id)) {
        return NGX_DECLINED;
    }

    folded.data = buf;
    folded.len = ngx_eiam_fold(buf, id);

    return ngx_str_rbtree_lookup(&applications->folded, &folded,
                                 ngx_crc32_long(folded.data, folded.len))
           ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_eiam_applications_fold(ngx_eiam_applications_t *applications,
    ngx_eiam_application_t *application, ngx_pool_t *pool)
{
    ngx_str_node_t  *folded;

    folded = &application->folded;

    folded->str.data = ngx_pnalloc(pool, application->id.len);
    if (folded->str.data == NULL) {
        return NGX_ERROR;
    }

    folded->str.len = ngx_eiam_fold(folded->str.data, &application->id);
    folded->node.key = ngx_crc32_long(folded->str.data, folded->str.len);

    ngx_rbtree_insert(&applications->folded, &folded->node);

    return NGX_OK;
}


ngx_eiam_permissions_t *
ngx_eiam_applications_permissions(const ngx_eiam_applications_t *applications,
    ngx_eiam_scopes_t *scopes, const ngx_array_t *implications,
    ngx_pool_t *pool)
{
    ngx_uint_t                i, n;
    ngx_eiam_permissions_t   *permissions;
    ngx_eiam_application_t  **application;

    n = applications->list.nelts;
    application = applications->list.elts;

    permissions = ngx_palloc(pool, n * sizeof(ngx_eiam_permissions_t) + 1);
    if (permissions == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {

        if (ngx_eiam_applications_scopes(application[i], scopes,
                                         implications, pool, &permissions[i])
            != NGX_OK)
        {
            return NULL;
        }
    }

    return permissions;
}


static ngx_int_t
ngx_eiam_applications_scopes(const ngx_eiam_application_t *application,
    ngx_eiam_scopes_t *scopes, const ngx_array_t *implications,
    ngx_pool_t *pool, ngx_eiam_permissions_t *permissions)
{
    ngx_int_t    n, *number;
    ngx_str_t   *name;
    ngx_uint_t   i;
    ngx_array_t  order;

    permissions->scopes = ngx_eiam_scope_set_create(scopes, pool);

    if (permissions->scopes == NULL
        || ngx_array_init(&order, pool, 4, sizeof(ngx_int_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    name = application->permissions.elts;

    for (i = 0; i < application->permissions.nelts; i++) {

        n = ngx_eiam_scope_find(scopes, &name[i]);

        if (n == NGX_DECLINED) {
            continue;
        }

        number = ngx_array_push(&order);
        if (number == NULL) {
            return NGX_ERROR;
        }

        *number = n;
        ngx_eiam_scope_set_add(permissions->scopes, n);
    }

    ngx_eiam_scope_set_close(permissions->scopes, implications);

    return ngx_eiam_scope_set_text(scopes, permissions->scopes, &order, pool,
                                   &permissions->text);
}
