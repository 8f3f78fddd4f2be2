
#include <ngx_http_eiam_control_list.h>
#include <ngx_eiam_revoke.h>


#define NGX_HTTP_EIAM_CONTROL_ROWS  64     /* rows in a step */


/* an application of the configuration, and its id in the revocation table */

typedef struct {
    ngx_eiam_revocation_id_t         id;
    ngx_str_t                        name;
} ngx_http_eiam_control_name_t;


static ngx_int_t ngx_http_eiam_control_list_begin(
    ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_control_list_add(ngx_array_t *names,
    const ngx_str_t *id);
static void ngx_http_eiam_control_list_row(ngx_http_eiam_status_t *status,
    const ngx_eiam_revoke_row_t *row);
static const ngx_str_t *ngx_http_eiam_control_list_name(
    const ngx_array_t *names, const ngx_eiam_revocation_id_t id);


ngx_int_t
ngx_http_eiam_control_list(ngx_http_eiam_status_t *status)
{
    ngx_uint_t              i, n;
    ngx_eiam_revoke_row_t   rows[NGX_HTTP_EIAM_CONTROL_ROWS];

    if (status->data == NULL
        && ngx_http_eiam_control_list_begin(status) != NGX_OK)
    {
        status->failed = 1;
        return NGX_OK;
    }

    n = ngx_eiam_revoke_list(status->mcf->zone, &status->i, rows,
                             NGX_HTTP_EIAM_CONTROL_ROWS);

    for (i = 0; i < n; i++) {
        ngx_http_eiam_write_text(status, "%s\n", status->comma ? "," : "");
        ngx_http_eiam_control_list_row(status, &rows[i]);
        status->comma = 1;
    }

    if (n) {
        return NGX_AGAIN;
    }

    ngx_http_eiam_puts(status, "]}\n");

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_control_list_begin(ngx_http_eiam_status_t *status)
{
    ngx_uint_t                      i, k;
    ngx_array_t                    *names;
    ngx_array_t                    *list;
    ngx_eiam_application_t        **application;
    ngx_http_eiam_applications_t  **file;

    names = ngx_array_create(status->request->pool, 16,
                             sizeof(ngx_http_eiam_control_name_t));
    if (names == NULL) {
        return NGX_ERROR;
    }

    file = status->mcf->files.elts;

    for (i = 0; i < status->mcf->files.nelts; i++) {

        list = &file[i]->generation->applications.list;
        application = list->elts;

        for (k = 0; k < list->nelts; k++) {

            if (ngx_http_eiam_control_list_add(names, &application[k]->id)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    status->data = names;
    ngx_http_eiam_puts(status, "{\"revocations\":[");

    return NGX_OK;
}


/* a copy: the file may change before the list is written */

static ngx_int_t
ngx_http_eiam_control_list_add(ngx_array_t *names, const ngx_str_t *id)
{
    ngx_http_eiam_control_name_t  *name;

    name = ngx_array_push(names);

    if (name == NULL || ngx_eiam_revocation_id(id, name->id) != NGX_OK) {
        return NGX_ERROR;
    }

    name->name.len = id->len;
    name->name.data = ngx_pstrdup(names->pool, (ngx_str_t *) id);

    return name->name.data ? NGX_OK : NGX_ERROR;
}


/*
 * The zone has no names of applications, so an application that is in no file
 * is listed by a part of its digest.
 */

static void
ngx_http_eiam_control_list_row(ngx_http_eiam_status_t *status,
    const ngx_eiam_revoke_row_t *row)
{
    const ngx_str_t  *name;

    ngx_http_eiam_write_text(status, "{\"revoked\":\"%V\",\"by\":\"%V\"",
                             &ngx_eiam_metrics_revoked[row->kind],
                             &ngx_eiam_metrics_revokers[row->by]);

    if (row->kind == NGX_EIAM_REVOKED_TOKEN) {
        ngx_http_eiam_write_text(status,
                                 ",\"token_id\":\"%*xs\",\"expires\":%T",
                                 NGX_EIAM_TOKEN_ID_LEN, row->token,
                                 row->expires);
    } else {
        ngx_http_eiam_write_text(status, ",\"not_before\":%T",
                                 row->not_before);
    }

    if (row->has_id) {
        name = ngx_http_eiam_control_list_name(status->data, row->id);

        if (name) {
            ngx_http_eiam_puts(status, ",\"application\":");
            ngx_http_eiam_write_quoted(status, name);

        } else {
            ngx_http_eiam_write_text(status,
                                     ",\"application_sha256\":\"%*xs\"",
                                     (size_t) NGX_EIAM_REVOCATION_ID, row->id);
        }
    }

    ngx_http_eiam_puts(status, "}");
}


/* NULL: the application is in no applications file */

static const ngx_str_t *
ngx_http_eiam_control_list_name(const ngx_array_t *names,
    const ngx_eiam_revocation_id_t id)
{
    ngx_uint_t                     i;
    ngx_http_eiam_control_name_t  *name;

    name = names->elts;

    for (i = 0; i < names->nelts; i++) {

        if (ngx_memcmp(name[i].id, id, NGX_EIAM_REVOCATION_ID) == 0) {
            return &name[i].name;
        }
    }

    return NULL;
}
