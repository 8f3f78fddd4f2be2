
#include <ngx_http_eiam_listed.h>
#include <ngx_http_eiam_usage.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_minimum.h>
#include <ngx_eiam_string.h>


#define NGX_HTTP_EIAM_USAGE_STEP     20000   /* operations examined */
#define NGX_HTTP_EIAM_USAGE_MAX      1000    /* entries of a list */


static ngx_uint_t ngx_http_eiam_usage_step(ngx_http_eiam_status_t *status,
    ngx_uint_t n);
static void ngx_http_eiam_usage_operation(ngx_http_eiam_status_t *status,
    const ngx_eiam_policy_t *policy, const ngx_eiam_operation_t *operation);
static ngx_uint_t ngx_http_eiam_usage_is_asked(ngx_http_request_t *r,
    const ngx_str_t *id);
static void ngx_http_eiam_usage_application(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file,
    const ngx_eiam_application_t *application);
static ngx_int_t ngx_http_eiam_usage_called(ngx_http_eiam_status_t *status,
    uint64_t application, ngx_array_t *used);
static void ngx_http_eiam_usage_minimum(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file, ngx_array_t *used);
static ngx_uint_t ngx_http_eiam_usage_touched(ngx_http_eiam_status_t *status,
    const char *before, uint64_t application);
static ngx_uint_t ngx_http_eiam_usage_kind(ngx_http_eiam_status_t *status,
    const char *before, uint64_t application, const ngx_str_t *kind);
static ngx_uint_t ngx_http_eiam_usage_is_new(
    const ngx_http_eiam_main_conf_t *mcf, ngx_uint_t policy, ngx_uint_t kind);
static void ngx_http_eiam_usage_row(ngx_http_eiam_status_t *status,
    const ngx_str_t *id, uint64_t application);
static void ngx_http_eiam_usage_others(ngx_http_eiam_status_t *status);


ngx_int_t
ngx_http_eiam_usage_all(ngx_http_eiam_status_t *status)
{
    ngx_eiam_usage_t       *usage;
    ngx_eiam_policy_t     **policy;
    ngx_eiam_operation_t  **operation;

    usage = &status->mcf->zone->shared->usage;
    policy = status->mcf->policies.elts;

    if (status->policy == 0 && status->i == 0) {
        status->found = 0;

        ngx_http_eiam_write_text(status, "{\"since\":%T,\"complete\":%s,"
                                 "\"bytes\":%uz,\"uncalled\":[",
                                 usage->since,
                                 usage->dropped ? "false" : "true",
                                 (usage->mask + 1) * sizeof(ngx_atomic_t));
    }

    for ( /* void */ ;
         status->policy < status->mcf->policies.nelts;
         status->policy++, status->i = 0)
    {
        operation = policy[status->policy]->operations.elts;

        while (status->i < policy[status->policy]->operations.nelts) {

            if (ngx_http_eiam_usage_step(status, 1)) {
                return NGX_AGAIN;
            }

            if (!ngx_eiam_usage_has(usage, NGX_EIAM_USAGE_ANYBODY,
                                    operation[status->i]->key)
                && status->found++ < NGX_HTTP_EIAM_USAGE_MAX)
            {
                ngx_http_eiam_usage_operation(status, policy[status->policy],
                                              operation[status->i]);
            }

            status->i++;
        }
    }

    ngx_http_eiam_write_text(status, "],\"uncalled_count\":%ui}",
                             status->found);

    return NGX_OK;
}


/* has this step done enough? */

static ngx_uint_t
ngx_http_eiam_usage_step(ngx_http_eiam_status_t *status, ngx_uint_t n)
{
    /* at position 0 the heading would be written again */

    if (status->samples > NGX_HTTP_EIAM_USAGE_STEP
        && (status->i || status->policy))
    {
        return 1;
    }

    status->samples += n;

    return 0;
}


static void
ngx_http_eiam_usage_operation(ngx_http_eiam_status_t *status,
    const ngx_eiam_policy_t *policy, const ngx_eiam_operation_t *operation)
{
    ngx_http_eiam_write_text(status, "%s\n{\"policy\":",
                             status->found > 1 ? "," : "");
    ngx_http_eiam_write_quoted(status, &policy->name);
    ngx_http_eiam_puts(status, ",\"operation\":");
    ngx_http_eiam_write_quoted(status, &operation->id);
    ngx_http_eiam_puts(status, ",\"method\":");
    ngx_http_eiam_write_quoted(status,
                               &ngx_eiam_policy_methods[operation->method]);
    ngx_http_eiam_puts(status, ",\"route\":");
    ngx_http_eiam_write_quoted(status, &operation->route);
    ngx_http_eiam_puts(status, "}");
}


ngx_int_t
ngx_http_eiam_usage_applications(ngx_http_eiam_status_t *status)
{
    ngx_array_t                    *list;
    ngx_eiam_application_t        **application;
    ngx_http_eiam_applications_t  **file;

    file = status->mcf->files.elts;

    if (status->policy == 0 && status->i == 0) {
        status->found = 0;
        ngx_http_eiam_puts(status, "[");
    }

    for ( /* void */ ;
         status->policy < status->mcf->files.nelts;
         status->policy++, status->i = 0)
    {
        list = &file[status->policy]->generation->applications.list;
        application = list->elts;

        while (status->i < list->nelts) {

            if (ngx_http_eiam_usage_step(status, 1)) {
                return NGX_AGAIN;
            }

            if (ngx_http_eiam_usage_is_asked(status->request,
                                             &application[status->i]->id)
                && status->found++ < NGX_HTTP_EIAM_USAGE_MAX)
            {
                ngx_http_eiam_usage_application(status, file[status->policy],
                                                application[status->i]);
            }

            status->i++;
        }
    }

    ngx_http_eiam_puts(status, "]");

    return NGX_OK;
}


/* is the application asked for?  Without the argument all are. */

static ngx_uint_t
ngx_http_eiam_usage_is_asked(ngx_http_request_t *r, const ngx_str_t *id)
{
    u_char     *src, *dst;
    ngx_str_t   raw, asked;

    if (ngx_http_arg(r, (u_char *) "application", 11, &raw) != NGX_OK) {
        return 1;
    }

    asked.data = ngx_pnalloc(r->pool, raw.len + 1);
    if (asked.data == NULL) {
        return 0;
    }

    src = raw.data;
    dst = asked.data;

    ngx_unescape_uri(&dst, &src, raw.len, 0);

    asked.len = dst - asked.data;

    return ngx_eiam_str_equal(&asked, id);
}


static void
ngx_http_eiam_usage_application(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file,
    const ngx_eiam_application_t *application)
{
    ngx_uint_t              i;
    ngx_array_t             used;
    ngx_eiam_operation_t  **operation;

    ngx_http_eiam_write_text(status, "%s\n{\"application\":",
                             status->found > 1 ? "," : "");
    ngx_http_eiam_write_quoted(status, &application->id);
    ngx_http_eiam_puts(status, ",\"file\":");
    ngx_http_eiam_write_quoted(status, &file->name);
    ngx_http_eiam_write_text(status, ",\"enabled\":%s,\"granted\":",
                             application->enabled ? "true" : "false");
    ngx_http_eiam_listed_texts(status, &application->permissions);

    if (ngx_array_init(&used, status->request->pool, 8, sizeof(void *))
        != NGX_OK
        || ngx_http_eiam_usage_called(status, application->key, &used)
           != NGX_OK)
    {
        status->failed = 1;
        return;
    }

    operation = used.elts;

    ngx_http_eiam_puts(status, ",\"used\":[");

    for (i = 0; i < used.nelts; i++) {
        ngx_http_eiam_write_text(status, "%s", i ? "," : "");
        ngx_http_eiam_write_quoted(status, &operation[i]->id);
    }

    ngx_http_eiam_puts(status, "],\"minimal\":[");
    ngx_http_eiam_usage_minimum(status, file, &used);

    ngx_http_eiam_listed_networks(status, application);
    ngx_http_eiam_listed_objects(status, application);

    if (ngx_http_eiam_usage_touched(status, ",\"touched\":{",
                                    application->key))
    {
        ngx_http_eiam_puts(status, "}");
    }

    ngx_http_eiam_puts(status, "}");
}


void
ngx_http_eiam_usage_explain(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_ctx_t *ctx)
{
    uint64_t  application;

    if (ctx->operation == NULL
        || (ctx->application == NULL && ctx->application_id.len))
    {
        return;
    }

    application = ctx->application ? ctx->application->key
                                   : NGX_EIAM_USAGE_ANYBODY;

    ngx_http_eiam_write_text(status, ",\"used\":%s",
                             ngx_eiam_usage_has(
                                 &status->mcf->zone->shared->usage,
                                 application, ctx->operation->key)
                             ? "true" : "false");
}


static ngx_int_t
ngx_http_eiam_usage_called(ngx_http_eiam_status_t *status,
    uint64_t application, ngx_array_t *used)
{
    ngx_uint_t              i, k;
    ngx_eiam_usage_t       *usage;
    ngx_eiam_policy_t     **policy;
    ngx_eiam_operation_t  **operation, **place;

    usage = &status->mcf->zone->shared->usage;
    policy = status->mcf->policies.elts;

    if (!ngx_eiam_usage_has(usage, application, NGX_EIAM_USAGE_ANYTHING)) {
        return NGX_OK;
    }

    for (i = 0; i < status->mcf->policies.nelts; i++) {

        operation = policy[i]->operations.elts;
        status->samples += policy[i]->operations.nelts;

        for (k = 0; k < policy[i]->operations.nelts; k++) {

            if (!ngx_eiam_usage_has(usage, application, operation[k]->key)) {
                continue;
            }

            place = ngx_array_push(used);
            if (place == NULL) {
                return NGX_ERROR;
            }

            *place = operation[k];
        }
    }

    return NGX_OK;
}


/* a pool of its own for the memory of the search */

static void
ngx_http_eiam_usage_minimum(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file, ngx_array_t *used)
{
    ngx_str_t                          *name;
    ngx_uint_t                          i, exact, *number;
    ngx_array_t                         chosen;
    ngx_eiam_minimum_t                  minimum;
    ngx_http_eiam_file_permissions_t  **permissions;

    minimum.scopes = status->mcf->scopes;
    minimum.implications = NULL;
    minimum.policies = &status->mcf->policies;
    minimum.used = used;
    minimum.pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE,
                                   status->request->connection->log);

    if (minimum.pool == NULL) {
        status->failed = 1;
        return;
    }

    permissions = status->mcf->file_permissions.elts;

    for (i = 0; i < status->mcf->file_permissions.nelts; i++) {

        if (permissions[i]->applications == file) {
            minimum.implications = permissions[i]->implications;
            break;
        }
    }

    if (ngx_array_init(&chosen, minimum.pool, 4, sizeof(ngx_uint_t)) != NGX_OK
        || ngx_eiam_minimum_find(&minimum, &chosen, &exact) != NGX_OK)
    {
        status->failed = 1;

    } else {
        name = minimum.scopes->names.elts;
        number = chosen.elts;

        for (i = 0; i < chosen.nelts; i++) {
            ngx_http_eiam_write_text(status, "%s", i ? "," : "");
            ngx_http_eiam_write_quoted(status, &name[number[i]]);
        }

        ngx_http_eiam_write_text(status, "]%s",
                                 exact ? "" : ",\"minimal_exact\":false");
    }

    ngx_destroy_pool(minimum.pool);
}


/* the kinds of which objects were named; "before" is written first */

static ngx_uint_t
ngx_http_eiam_usage_touched(ngx_http_eiam_status_t *status,
    const char *before, uint64_t application)
{
    ngx_str_t           *kind;
    ngx_uint_t           i, k, n;
    ngx_eiam_policy_t  **policy;

    n = 0;
    policy = status->mcf->policies.elts;

    for (i = 0; i < status->mcf->policies.nelts; i++) {

        kind = policy[i]->kinds.elts;

        for (k = 0; k < policy[i]->kinds.nelts; k++) {

            if (ngx_http_eiam_usage_is_new(status->mcf, i, k)) {
                n += ngx_http_eiam_usage_kind(status, n ? "," : before,
                                              application, &kind[k]);
            }
        }
    }

    return n;
}


static ngx_uint_t
ngx_http_eiam_usage_kind(ngx_http_eiam_status_t *status, const char *before,
    uint64_t application, const ngx_str_t *kind)
{
    uint32_t                  hash;
    ngx_str_t                 id;
    ngx_uint_t                i, n;
    ngx_eiam_usage_t         *usage;
    ngx_eiam_usage_object_t  *object;

    n = 0;
    usage = &status->mcf->zone->shared->usage;
    hash = ngx_eiam_hash(kind->data, kind->len, 0);

    if (usage->kept[ngx_eiam_usage_share(application)] == 0) {
        return 0;
    }

    for (i = 0; i < usage->nobjects; i++) {

        object = &usage->objects[i];

        if (!object->ready || object->application != application
            || object->kind != hash)
        {
            continue;
        }

        if (n++ == 0) {
            ngx_http_eiam_write_text(status, "%s", before);
            ngx_http_eiam_write_quoted(status, kind);
            ngx_http_eiam_puts(status, ":[");

        } else {
            ngx_http_eiam_puts(status, ",");
        }

        id.data = object->id;
        id.len = object->len;

        ngx_http_eiam_write_quoted(status, &id);
    }

    if (n) {
        ngx_http_eiam_puts(status, "]");
    }

    status->samples += usage->nobjects;

    return n != 0;
}


/* a kind that no earlier policy has */

static ngx_uint_t
ngx_http_eiam_usage_is_new(const ngx_http_eiam_main_conf_t *mcf,
    ngx_uint_t policy, ngx_uint_t kind)
{
    ngx_str_t           *known, *name;
    ngx_uint_t           i, k;
    ngx_eiam_policy_t  **policies;

    policies = mcf->policies.elts;
    name = (ngx_str_t *) policies[policy]->kinds.elts + kind;

    for (i = 0; i < policy; i++) {

        known = policies[i]->kinds.elts;

        for (k = 0; k < policies[i]->kinds.nelts; k++) {

            if (ngx_eiam_str_equal(&known[k], name)) {
                return 0;
            }
        }
    }

    return 1;
}


ngx_int_t
ngx_http_eiam_usage_objects(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                      i, lost;
    ngx_array_t                    *list;
    ngx_eiam_usage_t               *usage;
    ngx_eiam_application_t        **application;
    ngx_http_eiam_applications_t  **file;

    usage = &status->mcf->zone->shared->usage;
    file = status->mcf->files.elts;

    if (status->size == 0) {

        for (lost = 0, i = 0; i < NGX_EIAM_USAGE_SHARES; i++) {
            lost += usage->lost[i];
        }

        ngx_http_eiam_write_text(status, "{\"since\":%T,\"kept_at_most\":%ui,"
                                 "\"not_kept\":%ui,\"applications\":[",
                                 usage->since, usage->nobjects, lost);
    }

    for ( /* void */ ;
         status->policy < status->mcf->files.nelts;
         status->policy++, status->i = 0)
    {
        list = &file[status->policy]->generation->applications.list;
        application = list->elts;

        while (status->i < list->nelts) {

            if (ngx_http_eiam_usage_step(status, 1)) {
                return NGX_AGAIN;
            }

            ngx_http_eiam_usage_row(status, &application[status->i]->id,
                                    application[status->i]->key);
            status->i++;
        }
    }

    ngx_http_eiam_usage_others(status);
    ngx_http_eiam_puts(status, "\n]}\n");

    return NGX_OK;
}


static void
ngx_http_eiam_usage_row(ngx_http_eiam_status_t *status, const ngx_str_t *id,
    uint64_t application)
{
    u_char     *p;
    size_t      size;
    ngx_str_t   before;

    size = sizeof(",\n{\"id\":\"\",\"objects\":{") + 6 * id->len;

    p = ngx_pnalloc(status->request->pool, size);
    if (p == NULL) {
        status->failed = 1;
        return;
    }

    before.data = p;
    p = ngx_sprintf(p, "%s\n{\"id\":\"", status->found ? "," : "");
    p = (u_char *) ngx_escape_json(p, id->data, id->len);
    p = ngx_sprintf(p, "\",\"objects\":{%Z");

    if (ngx_http_eiam_usage_touched(status, (char *) before.data, application))
    {
        ngx_http_eiam_puts(status, "}}");
        status->found++;
    }
}


/* applications that are in no file, if their ids are counted */

static void
ngx_http_eiam_usage_others(ngx_http_eiam_status_t *status)
{
    ngx_str_t                       id;
    ngx_uint_t                      i, k;
    ngx_eiam_metrics_t             *metrics;
    ngx_eiam_application_row_t     *row;
    ngx_http_eiam_applications_t  **file;

    file = status->mcf->files.elts;
    metrics = &status->mcf->zone->shared->metrics;

    for (i = 0; i < metrics->napplications; i++) {

        row = &metrics->applications[i];

        if (!row->ready) {
            continue;
        }

        id.data = row->id;
        id.len = row->len;

        for (k = 0; k < status->mcf->files.nelts; k++) {

            if (ngx_eiam_applications_find(&file[k]->generation->applications,
                                           &id))
            {
                break;
            }
        }

        if (k == status->mcf->files.nelts) {
            ngx_http_eiam_usage_row(status, &id, ngx_eiam_hash_text(&id));
        }
    }
}
