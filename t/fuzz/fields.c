
/*
 * Parts of a request other than its path: the Authorization field, the query
 * and Accept-Language, each a line of the input.  The fourth line is a time.
 */

#include "fuzz.h"
#include <ngx_eiam_bearer.h>
#include <ngx_eiam_language.h>
#include <ngx_eiam_query.h>
#include <ngx_eiam_time.h>


static void fields_bearer(const ngx_str_t *value);
static void fields_query(const ngx_str_t *query);
static void fields_names(const ngx_str_t *query);
static void fields_inside(const ngx_str_t *part, const ngx_str_t *whole);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    time_t               time;
    ngx_str_t            rest, line;
    fuzz_input_t         input;
    ngx_eiam_language_t  preferred;

    fuzz_open(&input, data, size);

    rest = input.text;

    line = fuzz_take(&rest, '\n');
    fields_bearer(&line);

    line = fuzz_take(&rest, '\n');
    fields_query(&line);

    line = fuzz_take(&rest, '\n');
    ngx_memzero(&preferred, sizeof(ngx_eiam_language_t));
    ngx_eiam_language(&line, &preferred);
    fuzz_require(preferred.language < NGX_EIAM_LANGUAGES,
                 "a language that there is", &line);

    line = fuzz_take(&rest, '\n');
    time = ngx_eiam_time_parse(&line);
    fuzz_require(time >= NGX_ERROR && time < 253402387200LL,
                 "a time of four digits of a year", &line);

    fuzz_close(&input);

    return 0;
}


/* a token is the rest of the field, and has only characters of tokens */

static void
fields_bearer(const ngx_str_t *value)
{
    size_t     i;
    ngx_str_t  token;

    if (ngx_eiam_bearer_find(value, &token) != NGX_OK
        || !ngx_eiam_bearer_is_token(&token))
    {
        return;
    }

    fields_inside(&token, value);
    fuzz_require(token.len > 0
                 && token.data + token.len == value->data + value->len
                 && strncasecmp((char *) value->data, "Bearer ", 7) == 0,
                 "a token behind its scheme", value);

    for (i = 0; i < token.len; i++) {
        fuzz_require(isalnum(token.data[i])
                     || (token.data[i]
                         && strchr("-._~+/=", token.data[i])),
                     "a character of a token", value);
    }
}


/* a parameter without escapes is found, and each found one is in the query */

static void
fields_query(const ngx_str_t *query)
{
    ngx_int_t   rc;
    ngx_str_t   value, rest, pair;
    ngx_uint_t  plain;

    static const ngx_str_t  name = ngx_string("_method");

    rc = ngx_eiam_query_find(query, &name, &value);

    if (rc == NGX_OK) {
        fields_inside(&value, query);
    }

    fields_names(query);

    plain = 0;

    for (rest = *query; rest.len; /* void */ ) {
        pair = fuzz_take(&rest, '&');
        plain |= (pair.len >= name.len
                  && memcmp(pair.data, name.data, name.len) == 0
                  && (pair.len == name.len || pair.data[name.len] == '='));
    }

    fuzz_require(!plain || rc == NGX_OK, "a plain name is found", query);
}


/* a search for several names finds the first of what searches for one find */

static void
fields_names(const ngx_str_t *query)
{
    ngx_int_t   first, expected;
    ngx_str_t   value, found;
    ngx_uint_t  i, all, alone;

    static const ngx_str_t  names[] = {
        ngx_string("_method"),
        ngx_string("access_token"),
        ngx_string("client_secret"),
        ngx_null_string
    };

    all = ngx_eiam_query_has(query, names);
    first = ngx_eiam_query_search(query, names, &found);
    expected = NGX_DECLINED;

    for (i = 0; names[i].len; i++) {
        alone = (ngx_eiam_query_find(query, &names[i], &value) == NGX_OK);

        fuzz_require(alone == ((all >> i) & 1), "all names at once", query);

        if (alone && value.data == found.data) {
            expected = i;
        }

        fuzz_require(!alone || found.data <= value.data, "the first", query);
    }

    fuzz_require(first == expected, "its number", query);
}


static void
fields_inside(const ngx_str_t *part, const ngx_str_t *whole)
{
    fuzz_require(part->data >= whole->data
                 && part->data + part->len <= whole->data + whole->len,
                 "a part of the whole", whole);
}
