
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_object.h>
#include <ngx_http_eiam_request.h>
#include <ngx_eiam_hash.h>
#include <ngx_eiam_object_mark.h>
#include <ngx_eiam_objects.h>
#include <ngx_eiam_string.h>


static ngx_uint_t ngx_http_eiam_object_is_own(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx);
static ngx_int_t ngx_http_eiam_object_call(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_uint_t record);
static void ngx_http_eiam_object_record(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_object_mark_t *mark, const ngx_str_t *id);
static ngx_int_t ngx_http_eiam_object_refuse(ngx_http_eiam_ctx_t *ctx,
    const ngx_http_eiam_object_call_t *call,
    const ngx_eiam_object_mark_t *mark, const ngx_str_t *id,
    ngx_eiam_detail_e detail);
static ngx_uint_t ngx_http_eiam_object_is_form(ngx_http_request_t *r);
static ngx_uint_t ngx_http_eiam_object_is_form_type(const ngx_str_t *type);


ngx_int_t
ngx_http_eiam_object_authorize(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_uint_t                 record;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    record = (lcf->objects == NGX_HTTP_EIAM_REPORT);

    return (!record && ngx_http_eiam_object_is_own(r, ctx))
           ? NGX_OK : ngx_http_eiam_object_call(r, ctx, record);
}


/* a short way for most calls: one parameter in the path, of an own object */

static ngx_uint_t
ngx_http_eiam_object_is_own(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *ctx)
{
    ngx_eiam_object_mark_t  *mark;

    mark = ctx->operation->marks.elts;

    return ctx->operation->marks.nelts == 1 && mark->lowcase.len == 0
           && ctx->application
           && ngx_eiam_objects_permit_path(ctx->application->objects, mark,
                                           &r->uri);
}


static ngx_int_t
ngx_http_eiam_object_call(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_uint_t record)
{
    ngx_str_t                    sent;
    ngx_http_eiam_object_call_t  call;

    call.path = &r->uri;
    call.query = &r->args;
    call.pool = r->pool;
    call.rewritten = 0;
    call.form = 0;
    call.record = record;

    if (ctx->operation->asks_query) {

        /* "proxy_pass ...$request_uri" sends the client's own query */

        sent = ngx_http_eiam_request_query_of(&r->unparsed_uri);

        call.rewritten = (r == r->main)
                         && !ngx_eiam_str_equal(&sent, &r->args);
        call.form = ngx_http_eiam_object_is_form(r);
    }

    return ngx_http_eiam_object_check(ctx, &call);
}


ngx_int_t
ngx_http_eiam_object_check(ngx_http_eiam_ctx_t *ctx,
    const ngx_http_eiam_object_call_t *call)
{
    ngx_int_t                       rc, result;
    ngx_str_t                       id;
    ngx_uint_t                      i, any;
    ngx_eiam_detail_e               detail;
    ngx_eiam_object_mark_t         *mark;
    const ngx_eiam_objects_t       *objects;
    const ngx_eiam_objects_kind_t  *kind;

    result = NGX_OK;
    mark = ctx->operation->marks.elts;
    objects = ctx->application ? ctx->application->objects : NULL;

    for (i = 0; i < ctx->operation->marks.nelts; i++) {

        kind = ngx_eiam_objects_find(objects, &mark[i]);
        any = kind && kind->any;

        if (any && !call->record) {
            continue;
        }

        rc = ngx_http_eiam_object_value(call, &mark[i], &id, &detail);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK && call->record) {
            ngx_http_eiam_object_record(ctx, &mark[i], &id);
        }

        if (result != NGX_OK || any
            || (rc == NGX_OK && kind && ngx_eiam_objects_permit(kind, &id)))
        {
            continue;
        }

        result = ngx_http_eiam_object_refuse(ctx, call, &mark[i], &id, detail);

        if (!call->record) {
            return result;
        }
    }

    return result;
}


/* what the application really uses, for whoever writes the file */

static void
ngx_http_eiam_object_record(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_object_mark_t *mark, const ngx_str_t *id)
{
    uint64_t                    application;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(ctx->request, ngx_eiam_module);

    application = ctx->application
                  ? ctx->application->key
                  : ngx_eiam_hash_text(&ctx->application_id);

    ngx_eiam_usage_touch(&mcf->zone->shared->usage, application, mark->hash,
                         id);
}


ngx_int_t
ngx_http_eiam_object_value(const ngx_http_eiam_object_call_t *call,
    const ngx_eiam_object_mark_t *mark, ngx_str_t *id,
    ngx_eiam_detail_e *detail)
{
    ngx_int_t  rc;

    ngx_str_null(id);
    *detail = NGX_EIAM_NO_DETAIL;

    if (mark->lowcase.len == 0) {
        rc = ngx_eiam_object_mark_in_path(mark, call->path, id);

    } else if (call->form || call->rewritten) {
        *detail = call->form ? NGX_EIAM_DETAIL_OBJECT_FORM
                             : NGX_EIAM_DETAIL_OBJECT_REWRITTEN;
        return NGX_ABORT;

    } else {
        rc = ngx_eiam_object_mark_in_query(mark, call->query, call->pool, id);
    }

    if (rc == NGX_OK || rc == NGX_ERROR) {
        return rc;
    }

    *detail = (rc == NGX_DECLINED) ? NGX_EIAM_DETAIL_OBJECT_ABSENT
                                   : NGX_EIAM_DETAIL_OBJECT_AMBIGUOUS;

    return NGX_ABORT;
}


static ngx_int_t
ngx_http_eiam_object_refuse(ngx_http_eiam_ctx_t *ctx,
    const ngx_http_eiam_object_call_t *call,
    const ngx_eiam_object_mark_t *mark, const ngx_str_t *id,
    ngx_eiam_detail_e detail)
{
    size_t      size;
    ngx_str_t  *text;

    text = &ctx->object;
    size = mark->kind.len + 1 + id->len;

    text->data = ngx_pnalloc(call->pool, size);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_sprintf(text->data, "%V ", &mark->kind) - text->data;

    if (detail == NGX_EIAM_NO_DETAIL) {
        text->len = ngx_cpymem(text->data + text->len, id->data, id->len)
                    - text->data;
    } else {
        text->len--;
    }

    return ngx_http_eiam_ctx_refuse_by(ctx, NGX_EIAM_OBJECT_FORBIDDEN, detail);
}


/*
 * Backends merge the parameters of a form with those of the query, and some
 * take a body without a type for a form.
 */

static ngx_uint_t
ngx_http_eiam_object_is_form(ngx_http_request_t *r)
{
    ngx_uint_t        i, types;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    if (r->headers_in.content_length_n <= 0 && !r->headers_in.chunked) {
        return 0;
    }

    types = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (!ngx_http_eiam_request_field_is(&h[i], "content-type")) {
                continue;
            }

            if (types++ || ngx_http_eiam_object_is_form_type(&h[i].value)) {
                return 1;
            }
        }
    }

    return types == 0;
}


/* wherever it stands in the value: not all backends read it alike */

static ngx_uint_t
ngx_http_eiam_object_is_form_type(const ngx_str_t *type)
{
    u_char  *last;

    last = type->data + type->len;

    return type->len == 0
           || ngx_strlcasestrn(type->data, last, (u_char *) "multipart", 8)
           || ngx_strlcasestrn(type->data, last, (u_char *) "urlencoded", 9)
           || ngx_strlcasestrn(type->data, last, (u_char *) "form-data", 8);
}
