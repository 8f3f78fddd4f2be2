
#include <ngx_http_eiam_objects.h>
#include <ngx_eiam_object_mark.h>
#include <ngx_eiam_objects.h>


static void ngx_http_eiam_objects_mark(ngx_http_eiam_status_t *status,
    const ngx_eiam_object_mark_t *mark);
static ngx_uint_t ngx_http_eiam_objects_mode(ngx_http_eiam_status_t *status);


void
ngx_http_eiam_objects_marks(ngx_http_eiam_status_t *status,
    const ngx_eiam_operation_t *operation)
{
    ngx_uint_t               i;
    ngx_eiam_object_mark_t  *mark;

    mark = operation->marks.elts;

    for (i = 0; i < operation->marks.nelts; i++) {
        ngx_http_eiam_write_text(status, "%s{", i ? "," : "");
        ngx_http_eiam_objects_mark(status, &mark[i]);
        ngx_http_eiam_puts(status, "}");
    }
}


static void
ngx_http_eiam_objects_mark(ngx_http_eiam_status_t *status,
    const ngx_eiam_object_mark_t *mark)
{
    ngx_http_eiam_puts(status, "\"kind\":");
    ngx_http_eiam_write_quoted(status, &mark->kind);
    ngx_http_eiam_write_text(status, ",\"in\":\"%s\",\"name\":",
                             mark->lowcase.len ? "query" : "path");
    ngx_http_eiam_write_quoted(status, &mark->name);
}


void
ngx_http_eiam_objects_explain(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_ctx_t *ctx, const ngx_http_eiam_object_call_t *call)
{
    ngx_int_t                       rc;
    ngx_str_t                       id;
    ngx_uint_t                      i, permitted;
    ngx_eiam_detail_e               detail;
    ngx_eiam_object_mark_t         *mark;
    const ngx_eiam_objects_t       *objects;
    const ngx_eiam_objects_kind_t  *kind;

    if (ctx->operation == NULL || ctx->operation->marks.nelts == 0) {
        return;
    }

    mark = ctx->operation->marks.elts;
    objects = ctx->application ? ctx->application->objects : NULL;

    ngx_http_eiam_puts(status, ",\"objects\":[");

    for (i = 0; i < ctx->operation->marks.nelts; i++) {

        rc = ngx_http_eiam_object_value(call, &mark[i], &id, &detail);

        if (rc == NGX_ERROR) {
            status->failed = 1;
            return;
        }

        ngx_http_eiam_write_text(status, "%s{", i ? "," : "");
        ngx_http_eiam_objects_mark(status, &mark[i]);

        if (rc == NGX_OK) {
            ngx_http_eiam_puts(status, ",\"id\":");
            ngx_http_eiam_write_quoted(status, &id);
        }

        if (ctx->application_id.len
            && ngx_http_eiam_objects_mode(status) != NGX_HTTP_EIAM_OFF)
        {
            kind = ngx_eiam_objects_find(objects, &mark[i]);
            permitted = kind
                        && (kind->any
                            || (rc == NGX_OK
                                && ngx_eiam_objects_permit(kind, &id)));

            ngx_http_eiam_write_text(status, ",\"permitted\":%s",
                                     permitted ? "true" : "false");
        }

        ngx_http_eiam_puts(status, "}");
    }

    ngx_http_eiam_puts(status, "]");
}


ngx_uint_t
ngx_http_eiam_objects_are_reported(ngx_http_eiam_status_t *status,
    const ngx_http_eiam_ctx_t *ctx)
{
    return ctx->reason == NGX_EIAM_OBJECT_FORBIDDEN
           && ngx_http_eiam_objects_mode(status) == NGX_HTTP_EIAM_REPORT;
}


static ngx_uint_t
ngx_http_eiam_objects_mode(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(status->request, ngx_eiam_module);

    return lcf->objects;
}
