
#include <ngx_eiam_document.h>
#include <ngx_eiam_mark.h>
#include <ngx_eiam_scalar.h>
#include <ngx_eiam_yaml.h>


static ngx_int_t ngx_eiam_document_read(ngx_eiam_document_t *document,
    ngx_fd_t fd);
static ngx_str_t ngx_eiam_document_body(const ngx_str_t *text);
static ngx_int_t ngx_eiam_document_either(ngx_eiam_document_t *document,
    const ngx_str_t *text, ngx_eiam_node_t *root);
static ngx_int_t ngx_eiam_document_yaml(ngx_eiam_document_t *document,
    const ngx_str_t *text, ngx_eiam_node_t *root);
static ngx_uint_t ngx_eiam_document_ends(const ngx_str_t *name,
    const char *end);


ngx_int_t
ngx_eiam_document_open(ngx_eiam_document_t *document, ngx_eiam_node_t *root)
{
    ngx_int_t  rc;
    ngx_str_t  body;

    if (document->text.data == NULL
        && ngx_eiam_document_load(document) != NGX_OK)
    {
        return NGX_ERROR;
    }

    body = ngx_eiam_document_body(&document->text);
    rc = document->yaml ? ngx_eiam_document_either(document, &body, root)
                        : ngx_eiam_document_parse(document, &body, root);

    (void) ngx_pfree(document->pool, document->text.data);
    ngx_str_null(&document->text);

    return rc;
}


ngx_int_t
ngx_eiam_document_load(ngx_eiam_document_t *document)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    /* a FIFO would block without this */
    fd = ngx_open_file(document->name.data,
                       NGX_FILE_RDONLY|NGX_FILE_NONBLOCK, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        return ngx_eiam_document_fault(document, "cannot be opened (%d: %s)",
                                       ngx_errno, strerror(ngx_errno));
    }

    rc = ngx_eiam_document_read(document, fd);

    (void) ngx_close_file(fd);

    return (rc == NGX_OK) ? ngx_eiam_digest(&document->text, document->digest)
                          : NGX_ERROR;
}


/* skips a byte order mark, which some editors write: RFC 8259, section 8.1 */

static ngx_str_t
ngx_eiam_document_body(const ngx_str_t *text)
{
    ngx_str_t  body;

    body = *text;

    if (body.len >= 3 && ngx_memcmp(body.data, "\xef\xbb\xbf", 3) == 0) {
        body.data += 3;
        body.len -= 3;
    }

    return body;
}


static ngx_int_t
ngx_eiam_document_read(ngx_eiam_document_t *document, ngx_fd_t fd)
{
    ssize_t           n;
    ngx_str_t        *text;
    ngx_file_info_t   fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        return ngx_eiam_document_fault(document, "is not a regular file");
    }

    if (ngx_file_size(&fi) > NGX_EIAM_DOCUMENT_MAX) {
        return ngx_eiam_document_fault(document, "is larger than %d bytes",
                                       NGX_EIAM_DOCUMENT_MAX);
    }

    text = &document->text;

    text->len = 0;
    text->data = ngx_pnalloc(document->pool, ngx_file_size(&fi) + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    do {
        n = ngx_read_fd(fd, text->data + text->len,
                        ngx_file_size(&fi) - text->len);
        text->len += ngx_max(n, 0);

    } while (n > 0);

    if (n == 0 && (off_t) text->len == ngx_file_size(&fi)) {
        return NGX_OK;
    }

    return ngx_eiam_document_fault(document, "cannot be read");
}


/*
 * A text that begins with "{" or "[" is JSON, any other one is YAML.  A file
 * whose name has the suffix of the other format may also be in that format.
 */

static ngx_int_t
ngx_eiam_document_either(ngx_eiam_document_t *document,
    const ngx_str_t *text, ngx_eiam_node_t *root)
{
    size_t      i;
    ngx_int_t   rc;
    ngx_str_t   fault;
    ngx_uint_t  begins, json, yaml;

    for (i = 0; i < text->len && ngx_strchr(" \t\r\n", text->data[i]); i++) {
        /* void */
    }

    begins = (i < text->len && ngx_strchr("{[", text->data[i]));

    json = ngx_eiam_document_ends(&document->name, ".json");
    yaml = ngx_eiam_document_ends(&document->name, ".yaml")
           || ngx_eiam_document_ends(&document->name, ".yml");

    if (begins || json) {

        rc = ngx_eiam_document_parse(document, text, root);

        if (rc == NGX_OK || (begins && !yaml)) {
            return rc;
        }
    }

    fault = document->fault;
    rc = ngx_eiam_document_yaml(document, text, root);

    if (json && (rc != NGX_OK || !ngx_eiam_node_is(root, NGX_EIAM_OBJECT))) {
        document->fault = fault;
        rc = NGX_ERROR;
    }

    return rc;
}


/*
 * Refuses separators of lines that only some readers of YAML know: one reader
 * could take for a member what is a comment for another.
 */

static ngx_int_t
ngx_eiam_document_yaml(ngx_eiam_document_t *document, const ngx_str_t *text,
    ngx_eiam_node_t *root)
{
    u_char           *separator;
    ngx_eiam_mark_t   at;

    separator = ngx_eiam_scalar_separator(text);

    if (separator == NULL) {
        return ngx_eiam_yaml_parse(document, text, root);
    }

    at = ngx_eiam_mark_at(text, separator - text->data);

    return ngx_eiam_document_fault(document, "line %uD column %uD: #: has a "
                                   "line separator that not all readers of "
                                   "YAML know", at.line, at.column);
}


static ngx_uint_t
ngx_eiam_document_ends(const ngx_str_t *name, const char *end)
{
    size_t  len;

    len = ngx_strlen(end);

    return name->len > len
           && ngx_strncasecmp(name->data + name->len - len, (u_char *) end,
                              len)
              == 0;
}


ngx_int_t
ngx_eiam_document_parse(ngx_eiam_document_t *document, const ngx_str_t *text,
    ngx_eiam_node_t *root)
{
    void                    *value;
    const char              *reason;
    ngx_eiam_value_error_t   error;

    value = ngx_eiam_value_parse(document->pool, text, document->reals,
                                 &error);
    if (value == NULL) {
        reason = document->secret ? "bad JSON" : (char *) error.reason;

        return ngx_eiam_document_fault(document, "line %ui column %ui: %s",
                                       error.line, error.column, reason);
    }

    ngx_eiam_node_root(document, value, root);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_document_fault(ngx_eiam_document_t *document, const char *fmt, ...)
{
    u_char     buf[NGX_EIAM_FAULT_MAX];
    va_list    args;
    ngx_str_t  text;

    va_start(args, fmt);
    text.data = buf;
    text.len = ngx_vslprintf(buf, buf + NGX_EIAM_FAULT_MAX, fmt, args) - buf;
    va_end(args);

    return ngx_eiam_fault_line(document, &text);
}
