
#include "ngx_eiam_unit.h"
#include <ngx_eiam_json.h>
#include <ngx_eiam_text.h>


#define NGX_EIAM_UNIT_JSON_MAX  512      /* bytes of a text */


static ngx_uint_t ngx_eiam_unit_json_is(ngx_eiam_unit_t *unit,
    const ngx_str_t *text, ngx_uint_t *read);
static ngx_uint_t ngx_eiam_unit_json_equal(const void *one, const void *other);
static ngx_uint_t ngx_eiam_unit_json_members(const void *one,
    const void *other);
static ngx_uint_t ngx_eiam_unit_json_changed(ngx_eiam_unit_t *unit,
    const ngx_str_t *text);
static void ngx_eiam_unit_json_deep(ngx_eiam_unit_t *unit);


/* texts that the quick reader reads; jansson finds the same in them */

static ngx_str_t  ngx_eiam_unit_jsons[] = {
    ngx_string("{}"),
    ngx_string(" [ ] "),
    ngx_string("\t{\r\n\"a\" : [true, false,null] , \"\":{\"b\":\"\"}}\n"),
    ngx_string("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"x\\u0041\\u00e9\\u4f60y\"]"),
    ngx_string("{\"\\u0061\": \"\\ud83d\\ude00\", \"b\\\\\": [[[\"\x7f\"]]]}"),
    ngx_string("[\"\xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x98\x80\"]"),
    ngx_string("{\"applications\":[{\"id\":\"crm\",\"enabled\":true,"
               "\"permissions\":[\"org_read\"],\"tokens\":[]}]}"),
    ngx_null_string
};


/* texts that are left to jansson, whether or not they are JSON */

static ngx_str_t  ngx_eiam_unit_json_others[] = {
    ngx_string(""), ngx_string(" "), ngx_string("true"), ngx_string("\"a\""),
    ngx_string("[1]"), ngx_string("{\"a\":-0.5}"), ngx_string("[1,]"),
    ngx_string("[,]"), ngx_string("[\"a\" \"b\"]"), ngx_string("[]]"),
    ngx_string("[] x"), ngx_string("{\"a\"}"), ngx_string("{\"a\":}"),
    ngx_string("{\"a\":{},}"), ngx_string("{a:{}}"), ngx_string("{'a':{}}"),
    ngx_string("{\"a\":{},\"a\":{}}"), ngx_string("{\"a\":[],\"\\u0061\":[]}"),
    ngx_string("[tru]"), ngx_string("[True]"), ngx_string("[nul"),
    ngx_string("[\"a]"), ngx_string("[\"\\\"]"), ngx_string("[\"\\"),
    ngx_string("[\"\\x41\"]"), ngx_string("[\"\\u004\"]"),
    ngx_string("[\"\\u00g0\"]"), ngx_string("[\"\\u0000\"]"),
    ngx_string("[\"\\ud83d\"]"), ngx_string("[\"\\ude00\"]"),
    ngx_string("[\"\\ud83d\\u0041\"]"), ngx_string("[\"\\ud83d\\ud83d\"]"),
    ngx_string("[\"\\ud83dx\"]"), ngx_string("[\"\\ud83d\\ude0\"]"),
    ngx_string("[\"a\nb\"]"), ngx_string("[\"a\0b\"]"),
    ngx_string("[\"\xff\"]"), ngx_string("[\"\xc0\x80\"]"),
    ngx_string("[\"\xed\xa0\x80\"]"), ngx_string("[\"\xe4\xbd\"]"),
    ngx_string("[\x0c]"), ngx_string("// x\n[]"), ngx_string("\xef\xbb\xbf[]"),
    ngx_null_string
};


void
ngx_eiam_unit_json(ngx_eiam_unit_t *unit)
{
    ngx_str_t   *text, shown;
    ngx_uint_t   ok, read;

    for (text = ngx_eiam_unit_jsons; text->data; text++) {
        ok = ngx_eiam_unit_json_is(unit, text, &read);
        shown = ngx_eiam_text_shown(text, unit->pool);
        ngx_eiam_unit_ok(unit, ok && read, "the quick reader reads %V", &shown);
    }

    for (text = ngx_eiam_unit_json_others; text->data; text++) {
        ok = ngx_eiam_unit_json_is(unit, text, &read);
        shown = ngx_eiam_text_shown(text, unit->pool);
        ngx_eiam_unit_ok(unit, ok && !read, "and leaves to jansson: %V",
                         &shown);
    }

    for (text = ngx_eiam_unit_jsons; text->data; text++) {
        shown = ngx_eiam_text_shown(text, unit->pool);
        ngx_eiam_unit_ok(unit, ngx_eiam_unit_json_changed(unit, text),
                         "with any byte changed or cut off, it reads what "
                         "jansson reads, or nothing: %V", &shown);
    }

    ngx_eiam_unit_json_deep(unit);
}


/* no text is read otherwise than jansson does; read: it is read at all */

static ngx_uint_t
ngx_eiam_unit_json_is(ngx_eiam_unit_t *unit, const ngx_str_t *text,
    ngx_uint_t *read)
{
    void                    *quick, *value;
    ngx_str_t                copy;
    ngx_uint_t               ok, side;
    ngx_pool_t              *pool;
    ngx_eiam_value_error_t   error;

    ok = 1;
    *read = 1;

    pool = ngx_create_pool(4096, unit->cf->log);
    if (pool == NULL) {
        return 0;
    }

    value = ngx_eiam_value_parse(pool, text, 0, &error);

    for (ngx_eiam_unit_sides(side)) {
        copy = ngx_eiam_unit_place(0, side, text);
        quick = ngx_eiam_json_read(pool, &copy);

        *read &= (quick != NULL);
        ok &= (quick == NULL
               || (value && ngx_eiam_unit_json_equal(quick, value)));
    }

    ngx_destroy_pool(pool);

    return ok;
}


static ngx_uint_t
ngx_eiam_unit_json_equal(const void *one, const void *other)
{
    ngx_str_t        text, other_text;
    ngx_uint_t       type;

    for (type = NGX_EIAM_OBJECT; type < NGX_EIAM_ANY; type++) {

        if (ngx_eiam_value_is(one, type) != ngx_eiam_value_is(other, type)) {
            return 0;
        }
    }

    if (ngx_eiam_value_is(one, NGX_EIAM_STRING)) {
        text = ngx_eiam_value_text(one);
        other_text = ngx_eiam_value_text(other);
        return ngx_eiam_unit_equal(&text, &other_text);
    }

    if (ngx_eiam_value_is(one, NGX_EIAM_BOOLEAN)) {
        return ngx_eiam_value_is_true(one) == ngx_eiam_value_is_true(other);
    }

    return ngx_eiam_value_is(one, NGX_EIAM_NULL)
           || ngx_eiam_unit_json_members(one, other);
}


/* in the same order, too */

static ngx_uint_t
ngx_eiam_unit_json_members(const void *one, const void *other)
{
    void        *member, *another;
    ngx_str_t    key, other_key;
    ngx_uint_t   i;

    if (ngx_eiam_value_count(one) != ngx_eiam_value_count(other)) {
        return 0;
    }

    if (ngx_eiam_value_is(one, NGX_EIAM_ARRAY)) {

        for (i = 0; i < ngx_eiam_value_count(one); i++) {

            if (!ngx_eiam_unit_json_equal(ngx_eiam_value_element(one, i),
                                          ngx_eiam_value_element(other, i)))
            {
                return 0;
            }
        }

        return 1;
    }

    member = ngx_eiam_value_first((void *) one);
    another = ngx_eiam_value_first((void *) other);

    while (member && another) {

        if (!ngx_eiam_unit_json_equal(ngx_eiam_value_at(member, &key),
                                      ngx_eiam_value_at(another, &other_key))
            || !ngx_eiam_unit_equal(&key, &other_key))
        {
            return 0;
        }

        member = ngx_eiam_value_next((void *) one, member);
        another = ngx_eiam_value_next((void *) other, another);
    }

    return member == another;
}


static ngx_uint_t
ngx_eiam_unit_json_changed(ngx_eiam_unit_t *unit, const ngx_str_t *text)
{
    u_char       buf[NGX_EIAM_UNIT_JSON_MAX], *c;
    size_t       i;
    ngx_str_t    changed;
    ngx_uint_t   ok, read;

    static u_char  bytes[] =
        "\"\\/{}[]:, \n\t\r\b\x1f\x7f\x80\xbf\xc0\xc3\xe4\xed\xf0\xff"
        "tfnu0aAdD1-'#";

    ok = 1;
    changed.data = buf;

    for (i = 0; i < text->len; i++) {

        changed.len = i;
        ngx_memcpy(buf, text->data, text->len);
        ok &= ngx_eiam_unit_json_is(unit, &changed, &read);

        changed.len = text->len;

        /* the last one is NUL */

        for (c = bytes; c < bytes + sizeof(bytes); c++) {
            buf[i] = *c;
            ok &= ngx_eiam_unit_json_is(unit, &changed, &read);
        }
    }

    return ok;
}


static void
ngx_eiam_unit_json_deep(ngx_eiam_unit_t *unit)
{
    u_char      buf[NGX_EIAM_UNIT_JSON_MAX];
    ngx_str_t   text;
    ngx_uint_t  n, read, ok, levels;

    ok = 1;
    levels = 0;

    for (n = 1; n <= NGX_EIAM_UNIT_JSON_MAX / 2; n++) {

        ngx_memset(buf, '[', n);
        ngx_memset(buf + n, ']', n);

        text.data = buf;
        text.len = 2 * n;

        ok &= ngx_eiam_unit_json_is(unit, &text, &read);
        levels += read;
    }

    ngx_eiam_unit_ok(unit, ok && levels >= 8 && levels < n - 1,
                     "a deep text is left to jansson: from %ui levels on",
                     levels + 1);
}
