
#include <ngx_http_eiam_status.h>
#include <ngx_eiam_utf8.h>


#define NGX_HTTP_EIAM_BLOCK  (16 * 1024)     /* bytes of a buffer */
#define NGX_HTTP_EIAM_LINE   512             /* bytes of one print */


static ngx_buf_t *ngx_http_eiam_next_block(ngx_http_eiam_status_t *status);


void
ngx_http_eiam_write(ngx_http_eiam_status_t *status, const u_char *text,
    size_t len)
{
    size_t      n;
    ngx_buf_t  *b;

    status->size += len;

    while (len) {

        b = status->buf;

        if (b == NULL || b->last == b->end) {

            b = ngx_http_eiam_next_block(status);
            if (b == NULL) {
                status->failed = 1;
                return;
            }
        }

        n = ngx_min(len, (size_t) (b->end - b->last));

        b->last = ngx_cpymem(b->last, text, n);
        text += n;
        len -= n;
    }
}


static ngx_buf_t *
ngx_http_eiam_next_block(ngx_http_eiam_status_t *status)
{
    ngx_buf_t    *b;
    ngx_pool_t   *pool;
    ngx_chain_t  *cl;

    pool = status->request->pool;

    b = ngx_create_temp_buf(pool, NGX_HTTP_EIAM_BLOCK);
    cl = ngx_alloc_chain_link(pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;

    *status->last = cl;
    status->last = &cl->next;
    status->buf = b;

    return b;
}


void
ngx_http_eiam_write_text(ngx_http_eiam_status_t *status, const char *fmt, ...)
{
    u_char   line[NGX_HTTP_EIAM_LINE], *p;
    va_list  args;

    va_start(args, fmt);
    p = ngx_vslprintf(line, line + NGX_HTTP_EIAM_LINE, fmt, args);
    va_end(args);

    ngx_http_eiam_write(status, line, p - line);
}


void
ngx_http_eiam_write_quoted(ngx_http_eiam_status_t *status,
    const ngx_str_t *text)
{
    u_char  *p, *last;
    size_t   len;

    p = text->data;
    last = p + text->len;

    ngx_http_eiam_puts(status, "\"");

    while (p < last) {

        len = ngx_eiam_utf8_character(p, last);

        if (len == 0) {
            ngx_http_eiam_puts(status, "?");
            p++;
            continue;
        }

        if (*p == '"' || *p == '\\') {
            ngx_http_eiam_puts(status, "\\");
        }

        ngx_http_eiam_write(status, p, len);
        p += len;
    }

    ngx_http_eiam_puts(status, "\"");
}
