
#include "ngx_eiam_unit.h"


typedef struct {
    const char  *title;
    ngx_str_t    text;
    const char  *fault;         /* NULL: none */
} ngx_eiam_unit_document_t;


static void ngx_eiam_unit_document_pointers(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_document_pointer(ngx_eiam_unit_t *unit,
    const char *title, const ngx_eiam_node_t *node, const char *pointer);
static void ngx_eiam_unit_document_resolve(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_document_deep(ngx_eiam_unit_t *unit);


static const ngx_eiam_unit_document_t  ngx_eiam_unit_documents[] = {

    { "an object", ngx_string("{\"a\": [1, 2.5, null, true]}"), NULL },
    { "an array", ngx_string("[]"), NULL },

    { "no text", ngx_string(""), "line 1 column 0: " },
    { "a scalar", ngx_string("1"), "line 1 column 1: " },
    { "half a document", ngx_string("{\"a\":\n["), "line 2 column 1: " },
    { "something behind it", ngx_string("{} x"), "line 1 column 4: " },
    { "a duplicate member", ngx_string("{\"a\": 1, \"a\": 2}"),
      "duplicate object key" },
    { "a member of two spellings", ngx_string("{\"a\": 1, \"\\u0061\": 2}"),
      "duplicate object key" },
    { "an escaped NUL in a string", ngx_string("[\"a\\u0000b\"]"),
      "\\u0000 is not allowed" },
    { "an escaped NUL in a name", ngx_string("{\"a\\u0000b\": 1}"),
      "NUL byte in object key" },
    { "a raw NUL", ngx_string("[\"a\0b\"]"), "line 1 column " },
    { "a string that is no UTF-8", ngx_string("[\"\xff\"]"),
      "unable to decode byte" },
    { "a comment", ngx_string("{} // x"), "line 1 column " },
    { "a comma too many", ngx_string("[1,]"), "line 1 column " },

    { NULL, ngx_null_string, NULL }
};


void
ngx_eiam_unit_document(ngx_eiam_unit_t *unit)
{
    ngx_int_t                        rc;
    ngx_str_t                        text;
    ngx_uint_t                       ok, side;
    ngx_eiam_node_t                  root;
    ngx_eiam_document_t              document;
    const ngx_eiam_unit_document_t  *row;

    for (row = ngx_eiam_unit_documents; row->title; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            text = ngx_eiam_unit_place(0, side, &row->text);
            rc = ngx_eiam_unit_parse(&document, unit->pool, &text, &root);

            ok &= row->fault
                  ? (rc == NGX_ERROR
                     && ngx_strlcasestrn(document.fault.data,
                                         document.fault.data
                                         + document.fault.len,
                                         (u_char *) row->fault,
                                         ngx_strlen(row->fault) - 1)
                        != NULL)
                  : (rc == NGX_OK && document.fault.len == 0);
        }

        ngx_eiam_unit_ok(unit, ok, "%s: %V", row->title, &document.fault);
    }

    ngx_eiam_unit_document_pointers(unit);
    ngx_eiam_unit_document_resolve(unit);
    ngx_eiam_unit_document_deep(unit);
}


static void
ngx_eiam_unit_document_pointers(ngx_eiam_unit_t *unit)
{
    ngx_eiam_node_t      root, list, element, member;
    ngx_eiam_document_t  document;

    static const ngx_str_t  text = ngx_string(
        "{\"a~/b\": [false, {\"\": \"x\"}], \"t\": true}");
    static const ngx_str_t  name = ngx_string("a~/b");
    static const ngx_str_t  other = ngx_string("a");

    if (ngx_eiam_unit_parse(&document, unit->pool, &text, &root) != NGX_OK) {
        ngx_eiam_unit_ok(unit, 0, "a text with odd names is read");
        return;
    }

    ngx_eiam_unit_document_pointer(unit, "the root", &root, "#: told");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_node_has(&root, &name, &list) == NGX_OK
                     && ngx_eiam_node_expect(&list, NGX_EIAM_ARRAY) == NGX_OK
                     && ngx_eiam_node_count(&list) == 2,
                     "a member is found by its whole name");
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_node_has(&root, &other, &member)
                     == NGX_DECLINED,
                     "and not by a part of it");
    ngx_eiam_unit_document_pointer(unit, "\"~\" and \"/\" are escaped",
                                   &list, "#/a~0~1b: told");

    element.parent = NULL;

    ngx_eiam_unit_ok(unit, ngx_eiam_node_next(&list, &element) == NGX_OK
                           && !ngx_eiam_node_true(&element)
                           && ngx_eiam_node_next(&list, &element) == NGX_OK,
                     "an array is walked in order");
    ngx_eiam_unit_document_pointer(unit, "an element has its number",
                                   &element, "#/a~0~1b/1: told");

    member.parent = NULL;

    ngx_eiam_unit_ok(unit, ngx_eiam_node_next(&element, &member) == NGX_OK,
                     "an object is walked");
    ngx_eiam_unit_document_pointer(unit, "an empty name is a name", &member,
                                   "#/a~0~1b/1/: told");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_node_next(&element, &member) == NGX_DECLINED
                     && ngx_eiam_node_next(&list, &element) == NGX_DECLINED,
                     "a walk has an end");
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_node_member(&root, "t", NGX_EIAM_STRING,
                                          &member)
                     == NGX_ERROR,
                     "a member of another type is an error");
    ngx_eiam_unit_document_pointer(unit, "that has its place", &member,
                                   "#/t: told");
}


static void
ngx_eiam_unit_document_pointer(ngx_eiam_unit_t *unit, const char *title,
    const ngx_eiam_node_t *node, const char *pointer)
{
    u_char     text[128];
    ngx_str_t  expected;

    expected.data = text;
    expected.len = ngx_sprintf(text, "\"unit.json\": %s", pointer) - text;

    ngx_eiam_unit_ok(unit, ngx_eiam_fault(node, "%s", "told") == NGX_ERROR
                           && ngx_eiam_unit_equal(&node->document->fault,
                                                  &expected),
                     "%s: %V", title, &node->document->fault);
}


static void
ngx_eiam_unit_document_resolve(ngx_eiam_unit_t *unit)
{
    ngx_str_t            text;
    ngx_uint_t           i, found;
    ngx_eiam_node_t      root, reference, target;
    ngx_eiam_document_t  document;

    static const struct {
        const char  *title;
        const char  *text;
        ngx_uint_t   found;
    } rows[] = {
        { "a reference to a member",
          "{\"r\": \"#/a/b\", \"a\": {\"b\": true}}", 1 },
        { "a reference with escapes",
          "{\"r\": \"#/a~1b~0c\", \"a/b~c\": true}", 1 },
        { "a reference to an empty name",
          "{\"r\": \"#//x\", \"\": {\"x\": true}}", 1 },
        { "a reference to nothing",
          "{\"r\": \"#/a/c\", \"a\": {\"b\": true}}", 0 },
        { "a reference through a scalar",
          "{\"r\": \"#/a/b\", \"a\": \"b\"}", 0 },
        { "a reference to another file",
          "{\"r\": \"x.json#/a\", \"a\": true}", 0 },
        { "a reference by name", "{\"r\": \"#a\", \"a\": true}", 0 },
        { "an empty reference", "{\"r\": \"\", \"a\": true}", 0 },
        { NULL, NULL, 0 }
    };

    for (i = 0; rows[i].title; i++) {

        text.data = (u_char *) rows[i].text;
        text.len = ngx_strlen(text.data);
        found = 0;

        if (ngx_eiam_unit_parse(&document, unit->pool, &text, &root) == NGX_OK
            && ngx_eiam_node_member(&root, "r", NGX_EIAM_STRING, &reference)
               == NGX_OK)
        {
            found = ngx_eiam_node_resolve(&reference, &target) == NGX_OK
                    && ngx_eiam_node_true(&target);
        }

        ngx_eiam_unit_ok(unit, found == rows[i].found
                               && (found || document.fault.len),
                         "%s: %V", rows[i].title, &document.fault);
    }
}


static void
ngx_eiam_unit_document_deep(ngx_eiam_unit_t *unit)
{
    size_t               n;
    ngx_str_t            text;
    ngx_eiam_node_t      root;
    ngx_eiam_document_t  document;

    n = 1000 * 1000;

    text.len = 2 * n;
    text.data = ngx_palloc(unit->pool, text.len);

    if (text.data == NULL) {
        ngx_eiam_unit_ok(unit, 0, "there is memory for a deep document");
        return;
    }

    ngx_memset(text.data, '[', n);
    ngx_memset(text.data + n, ']', n);

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_parse(&document, unit->pool, &text, &root)
                     == NGX_ERROR,
                     "a document of a million levels is refused: %V",
                     &document.fault);
}
