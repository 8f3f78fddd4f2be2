
#include "ngx_eiam_unit.h"
#include <ngx_eiam_pointer.h>


typedef struct {
    ngx_str_t     pointer;
    ngx_int_t     rc;           /* of the look-up */
    ngx_str_t     value;        /* the string that is found */
    const char   *fault;        /* its end, or NULL: none */
} ngx_eiam_unit_pointer_t;


static void ngx_eiam_unit_pointer_find(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_pointer_t *row);
static ngx_uint_t ngx_eiam_unit_pointer_says(const ngx_str_t *fault,
    const char *end);


static const ngx_str_t  ngx_eiam_unit_pointer_document = ngx_string(
    "{\"azp\": \"a\", \"none\": null, \"\": \"empty\", \"a/b\": \"slash\","
    " \"m~n\": \"tilde\", \"text\": \"t\","
    " \"act\": {\"client_id\": \"nested\", \"none\": null},"
    " \"list\": [\"first\", \"second\", null, {\"id\": \"deep\"}]}");


/* RFC 6901 */

static const ngx_eiam_unit_pointer_t  ngx_eiam_unit_pointers[] = {

    { ngx_string("azp"), NGX_OK, ngx_string("a"), NULL },
    { ngx_string("/azp"), NGX_OK, ngx_string("a"), NULL },
    { ngx_string("/"), NGX_OK, ngx_string("empty"), NULL },
    { ngx_string("/a~1b"), NGX_OK, ngx_string("slash"), NULL },
    { ngx_string("a/b"), NGX_OK, ngx_string("slash"), NULL },
    { ngx_string("/m~0n"), NGX_OK, ngx_string("tilde"), NULL },
    { ngx_string("m~n"), NGX_OK, ngx_string("tilde"), NULL },
    { ngx_string("/act/client_id"), NGX_OK, ngx_string("nested"), NULL },
    { ngx_string("/list/0"), NGX_OK, ngx_string("first"), NULL },
    { ngx_string("/list/3/id"), NGX_OK, ngx_string("deep"), NULL },

    { ngx_string("Azp"), NGX_DECLINED, ngx_null_string, NULL },
    { ngx_string("none"), NGX_DECLINED, ngx_null_string, NULL },
    { ngx_string("/none/x"), NGX_DECLINED, ngx_null_string, NULL },
    { ngx_string("/act/none"), NGX_DECLINED, ngx_null_string, NULL },
    { ngx_string("/act/azp"), NGX_DECLINED, ngx_null_string, NULL },
    { ngx_string("/list/2"), NGX_DECLINED, ngx_null_string, NULL },
    { ngx_string("/list/4"), NGX_DECLINED, ngx_null_string, NULL },

    { ngx_string("/text/0"), NGX_ERROR, ngx_null_string,
      "must be an object or an array" },
    { ngx_string("/list/00"), NGX_ERROR, ngx_null_string,
      "has no element \"00\"" },
    { ngx_string("/list/-"), NGX_ERROR, ngx_null_string,
      "has no element \"-\"" },
    { ngx_string("/list/"), NGX_ERROR, ngx_null_string,
      "has no element \"\"" },

    { ngx_null_string, NGX_OK, ngx_null_string, NULL }
};


/* texts that are no pointers */

static const ngx_str_t  ngx_eiam_unit_no_pointers[] = {
    ngx_string(""), ngx_string("/a~"), ngx_string("/a~2"), ngx_string("/~/a"),
    ngx_null_string
};


void
ngx_eiam_unit_pointer(ngx_eiam_unit_t *unit)
{
    const ngx_str_t                *text;
    ngx_eiam_pointer_t              pointer;
    const ngx_eiam_unit_pointer_t  *row;

    for (row = ngx_eiam_unit_pointers; row->pointer.len; row++) {
        ngx_eiam_unit_pointer_find(unit, row);
    }

    for (text = ngx_eiam_unit_no_pointers; text->data; text++) {
        ngx_eiam_unit_ok(unit,
                         ngx_eiam_pointer_read(text, unit->pool, &pointer)
                         == NGX_DECLINED,
                         "\"%V\" is no pointer", text);
    }
}


static void
ngx_eiam_unit_pointer_find(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_pointer_t *row)
{
    ngx_int_t            rc;
    ngx_str_t            value;
    ngx_uint_t           ok;
    ngx_eiam_node_t      root, node;
    ngx_eiam_pointer_t   pointer;
    ngx_eiam_document_t  document;

    ok = ngx_eiam_unit_parse(&document, unit->pool,
                             &ngx_eiam_unit_pointer_document, &root) == NGX_OK
         && ngx_eiam_pointer_read(&row->pointer, unit->pool, &pointer)
            == NGX_OK;

    if (!ok) {
        ngx_eiam_unit_ok(unit, 0, "\"%V\" is a pointer", &row->pointer);
        return;
    }

    rc = ngx_eiam_pointer_find(&pointer, &root, &node);
    ok = (rc == row->rc)
         && ngx_eiam_unit_pointer_says(&document.fault, row->fault);

    if (ok && rc == NGX_OK) {
        value = ngx_eiam_node_string(&node);
        ok = ngx_eiam_unit_equal(&value, &row->value);
    }

    ngx_eiam_unit_ok(unit, ok, "\"%V\" leads to \"%V\"%V", &row->pointer,
                     &row->value, &document.fault);
}


static ngx_uint_t
ngx_eiam_unit_pointer_says(const ngx_str_t *fault, const char *end)
{
    size_t  len;

    if (end == NULL) {
        return fault->len == 0;
    }

    len = ngx_strlen(end);

    return fault->len >= len
           && ngx_strncmp(fault->data + fault->len - len, end, len) == 0;
}
