
#include <ngx_http_eiam_application.h>
#include <ngx_http_eiam_explain.h>
#include <ngx_http_eiam_listed.h>


static void ngx_http_eiam_application_file(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file,
    const ngx_eiam_application_t *application);
static void ngx_http_eiam_application_permissions(
    ngx_http_eiam_status_t *status, const ngx_eiam_application_t *application,
    ngx_uint_t known);
static ngx_uint_t ngx_http_eiam_application_tokens(
    const ngx_eiam_applications_t *applications,
    const ngx_eiam_application_t *application);


ngx_int_t
ngx_http_eiam_application(ngx_http_eiam_status_t *status)
{
    ngx_int_t                       rc;
    ngx_str_t                       id;
    ngx_uint_t                      i, n;
    ngx_eiam_application_t         *application;
    ngx_http_eiam_applications_t  **file;

    rc = ngx_http_eiam_explain_parameter(status->request, "id", &id);

    if (rc == NGX_ERROR) {
        status->failed = 1;
        return NGX_OK;
    }

    if (rc != NGX_OK || id.len == 0) {
        status->code = NGX_HTTP_BAD_REQUEST;
        ngx_http_eiam_puts(status, "{\"error\":\"an id is needed, well "
                           "encoded\"}\n");
        return NGX_OK;
    }

    ngx_http_eiam_puts(status, "{\"application\":");
    ngx_http_eiam_write_quoted(status, &id);
    ngx_http_eiam_puts(status, ",\"files\":[");

    n = 0;
    file = status->mcf->files.elts;

    for (i = 0; i < status->mcf->files.nelts; i++) {

        application = ngx_eiam_applications_find(
                          &file[i]->generation->applications, &id);

        if (application) {
            ngx_http_eiam_write_text(status, "%s\n", n++ ? "," : "");
            ngx_http_eiam_application_file(status, file[i], application);
        }
    }

    ngx_http_eiam_puts(status, "]}\n");

    return NGX_OK;
}


static void
ngx_http_eiam_application_file(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_applications_t *file,
    const ngx_eiam_application_t *application)
{
    ngx_uint_t  tokens;

    tokens = ngx_http_eiam_application_tokens(&file->generation->applications,
                                              application);

    ngx_http_eiam_puts(status, "{\"file\":");
    ngx_http_eiam_write_quoted(status, &file->name);
    ngx_http_eiam_write_text(status, ",\"enabled\":%s,\"tokens\":%ui,"
                             "\"permissions\":[",
                             application->enabled ? "true" : "false", tokens);
    ngx_http_eiam_application_permissions(status, application, 1);
    ngx_http_eiam_puts(status, "],\"unknown_permissions\":[");
    ngx_http_eiam_application_permissions(status, application, 0);
    ngx_http_eiam_puts(status, "]");
    ngx_http_eiam_listed_networks(status, application);
    ngx_http_eiam_listed_objects(status, application);
    ngx_http_eiam_puts(status, "}");
}


/* the permissions that a policy knows, or those that no policy knows */

static void
ngx_http_eiam_application_permissions(ngx_http_eiam_status_t *status,
    const ngx_eiam_application_t *application, ngx_uint_t known)
{
    ngx_str_t   *permission;
    ngx_uint_t   i, n, is_known;

    n = 0;
    permission = application->permissions.elts;

    for (i = 0; i < application->permissions.nelts; i++) {

        is_known = ngx_eiam_scope_find(status->mcf->scopes, &permission[i])
                   != NGX_DECLINED;

        if (is_known == known) {
            ngx_http_eiam_write_text(status, "%s", n++ ? "," : "");
            ngx_http_eiam_write_quoted(status, &permission[i]);
        }
    }
}


static ngx_uint_t
ngx_http_eiam_application_tokens(const ngx_eiam_applications_t *applications,
    const ngx_eiam_application_t *application)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; applications->tokens && i <= applications->mask; i++) {
        n += applications->tokens[i].application == application;
    }

    return n;
}
