
/*
 * Which client asks for a token, and for which scope?  The first line of the
 * input is the field Authorization, the second is the query, the rest the form.
 */

#include "fuzz.h"
#include <ngx_eiam_token_request.h>
#include <ngx_eiam_grant.h>


static void client_id(const ngx_eiam_credentials_t *credentials,
    ngx_pool_t *pool);
static void client_again(const ngx_eiam_credentials_t *credentials,
    ngx_pool_t *pool, ngx_int_t rc, const ngx_str_t *id);
static void client_other(const ngx_eiam_credentials_t *credentials,
    ngx_pool_t *pool, const ngx_str_t *id);
static void client_exact(ngx_str_t text, const ngx_str_t *id,
    ngx_pool_t *pool);
static void client_scope(const ngx_eiam_credentials_t *credentials,
    ngx_pool_t *pool);
static ngx_str_t client_join(const ngx_str_t *one, const ngx_str_t *other,
    ngx_pool_t *pool);
static ngx_uint_t client_same(const ngx_str_t *one, const ngx_str_t *other);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t               rest;
    fuzz_input_t            input;
    ngx_eiam_credentials_t  credentials;

    fuzz_open(&input, data, size);

    rest = input.text;
    credentials.authorization = fuzz_take(&rest, '\n');
    credentials.query = fuzz_take(&rest, '\n');
    credentials.form = rest;

    client_id(&credentials, input.pool);
    client_scope(&credentials, input.pool);

    fuzz_close(&input);

    return 0;
}


static void
client_id(const ngx_eiam_credentials_t *credentials, ngx_pool_t *pool)
{
    size_t     i;
    ngx_int_t  rc;
    ngx_str_t  id;

    rc = ngx_eiam_token_request_client(credentials, pool, &id);

    fuzz_require(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ABORT,
                 "somebody, nobody or a doubt", &credentials->form);

    client_again(credentials, pool, rc, &id);

    if (rc != NGX_OK) {
        return;
    }

    fuzz_require(id.len > 0 && id.len <= NGX_EIAM_APPLICATION_ID_MAX,
                 "the id has a length", &id);

    for (i = 0; i < id.len; i++) {
        fuzz_require(id.data[i] >= 0x20 && id.data[i] != 0x7f,
                     "no control characters", &id);
        fuzz_require(id.data[i] != '%' || id.len - i < 3
                     || ngx_hextoi(&id.data[i + 1], 2) == NGX_ERROR,
                     "it is the same if it is decoded again", &id);
    }

    fuzz_require(credentials->authorization.len == 0
                 || ngx_strncasecmp(credentials->authorization.data,
                                    (u_char *) "Basic ", 6) == 0,
                 "no scheme but Basic", &credentials->authorization);

    client_exact(credentials->query, &id, pool);
    client_exact(credentials->form, &id, pool);
    client_other(credentials, pool, &id);
}


/* parameters may be moved between query and form, or merged */

static void
client_again(const ngx_eiam_credentials_t *credentials, ngx_pool_t *pool,
    ngx_int_t rc, const ngx_str_t *id)
{
    ngx_str_t               again;
    ngx_eiam_credentials_t  other;

    other.authorization = credentials->authorization;
    other.query = credentials->form;
    other.form = credentials->query;

    fuzz_require(ngx_eiam_token_request_client(&other, pool, &again) == rc
                 && (rc != NGX_OK || client_same(id, &again)),
                 "the same, query and form exchanged", &other.form);

    other.form = client_join(&credentials->query, &credentials->form, pool);
    ngx_str_null(&other.query);

    fuzz_require(ngx_eiam_token_request_client(&other, pool, &again) == rc
                 && (rc != NGX_OK || client_same(id, &again)),
                 "the same, all in a form", &other.form);
}


/* another client id beside it makes the client uncertain */

static void
client_other(const ngx_eiam_credentials_t *credentials, ngx_pool_t *pool,
    const ngx_str_t *id)
{
    ngx_str_t               again;
    ngx_uint_t              i;
    ngx_eiam_credentials_t  other;

    static const ngx_str_t  more[] = {
        ngx_string("client_id=another"),
        ngx_string("client_id"),
        ngx_string("Client_id=x"),
        ngx_string("client%5fid=x"),
        ngx_string("client_assertion=x"),
        ngx_null_string
    };

    for (i = 0; more[i].len; i++) {

        if (i == 0 && id->len == 7 && memcmp(id->data, "another", 7) == 0) {
            continue;
        }

        other = *credentials;
        other.form = client_join(&credentials->form, &more[i], pool);

        fuzz_require(ngx_eiam_token_request_client(&other, pool, &again)
                     == NGX_ABORT,
                     "another one is a doubt", &other.form);

        other = *credentials;
        other.query = client_join(&more[i], &credentials->query, pool);

        fuzz_require(ngx_eiam_token_request_client(&other, pool, &again)
                     == NGX_ABORT,
                     "another one before it is a doubt", &other.query);
    }
}


/* each parameter of exactly this name has the id as its value */

static void
client_exact(ngx_str_t text, const ngx_str_t *id, ngx_pool_t *pool)
{
    int         c;
    size_t      i;
    u_char     *p;
    unsigned    byte;
    ngx_str_t   part, name, value;

    while (text.len) {

        part = fuzz_take(&text, '&');
        name = fuzz_take(&part, '=');

        if (name.len != 9 || memcmp(name.data, "client_id", 9) != 0) {
            continue;
        }

        value.data = p = ngx_pnalloc(pool, part.len + 1);

        for (i = 0; i < part.len; i++) {
            c = part.data[i];

            if (c == '%' && i + 2 < part.len
                && sscanf((char[]) { part.data[i + 1], part.data[i + 2], 0 },
                          "%2x", &byte)
                   == 1)
            {
                c = (int) byte;
                i += 2;

            } else if (c == '+') {
                c = ' ';
            }

            *p++ = (u_char) c;
        }

        value.len = p - value.data;

        fuzz_require(client_same(&value, id), "all are the same", &value);
    }
}


static void
client_scope(const ngx_eiam_credentials_t *credentials, ngx_pool_t *pool)
{
    ngx_int_t               rc;
    ngx_str_t               scope, again;
    ngx_eiam_credentials_t  other;

    rc = ngx_eiam_token_request_scope(credentials, pool, &scope);

    other = *credentials;
    other.query = credentials->form;
    other.form = credentials->query;

    fuzz_require(ngx_eiam_token_request_scope(&other, pool, &again) == rc
                 && (rc != NGX_OK || client_same(&scope, &again)),
                 "the same scope, query and form exchanged", &other.form);

    other.form = client_join(&credentials->query, &credentials->form, pool);
    ngx_str_null(&other.query);

    fuzz_require(ngx_eiam_token_request_scope(&other, pool, &again) == rc
                 && (rc != NGX_OK || client_same(&scope, &again)),
                 "the same scope, all in a form", &other.form);

    if (rc == NGX_OK) {
        other.query = other.form;

        fuzz_require(ngx_eiam_token_request_scope(&other, pool, &again)
                     == NGX_ABORT,
                     "a scope that is given twice is a doubt", &other.form);
    }
}


static ngx_str_t
client_join(const ngx_str_t *one, const ngx_str_t *other, ngx_pool_t *pool)
{
    u_char     *p;
    ngx_str_t   text;

    text.data = ngx_pnalloc(pool, one->len + 1 + other->len);
    p = ngx_cpymem(text.data, one->data, one->len);

    if (one->len && other->len) {
        *p++ = '&';
    }

    p = ngx_cpymem(p, other->data, other->len);
    text.len = p - text.data;

    return text;
}


static ngx_uint_t
client_same(const ngx_str_t *one, const ngx_str_t *other)
{
    return one->len == other->len
           && memcmp(one->data, other->data, one->len) == 0;
}
