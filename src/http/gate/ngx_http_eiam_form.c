
#include <ngx_http_eiam_form.h>
#include <ngx_http_eiam_request.h>
#include <ngx_eiam_media.h>


static ngx_int_t ngx_http_eiam_form_copy(ngx_chain_t *cl, ngx_str_t *form);


ngx_int_t
ngx_http_eiam_form_read(ngx_http_request_t *r, ngx_str_t *form)
{
    off_t         size;
    ngx_chain_t  *cl, *bufs;

    bufs = r->request_body ? r->request_body->bufs : NULL;
    size = 0;

    for (cl = bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size == 0) {
        return NGX_OK;
    }

    if (size > NGX_HTTP_EIAM_FORM_MAX || !ngx_http_eiam_form_is(r)) {
        return NGX_DECLINED;
    }

    form->data = ngx_pnalloc(r->pool, size);
    if (form->data == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_eiam_form_copy(bufs, form);
}


ngx_uint_t
ngx_http_eiam_form_is(ngx_http_request_t *r)
{
    ngx_uint_t        i, types;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    static const ngx_str_t  form =
        ngx_string("application/x-www-form-urlencoded");

    types = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_eiam_request_field_is(&h[i], "content-encoding")) {
                return 0;
            }

            if (ngx_http_eiam_request_field_is(&h[i], "content-type")) {

                if (types++ || !ngx_eiam_media_is_ascii(&h[i].value, &form)) {
                    return 0;
                }
            }
        }
    }

    return types == 1;
}


static ngx_int_t
ngx_http_eiam_form_copy(ngx_chain_t *cl, ngx_str_t *form)
{
    u_char     *p;
    size_t      size;
    ngx_buf_t  *b;

    p = form->data;

    for ( /* void */ ; cl; cl = cl->next) {

        b = cl->buf;
        size = ngx_buf_size(b);

        if (!b->in_file) {
            p = ngx_cpymem(p, b->pos, size);
            continue;
        }

        if (ngx_read_file(b->file, p, size, b->file_pos) != (ssize_t) size) {
            return NGX_ERROR;
        }

        p += size;
    }

    form->len = p - form->data;

    return NGX_OK;
}
