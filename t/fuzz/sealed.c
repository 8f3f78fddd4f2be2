
/*
 * The values that gateways share.  Any bytes are a value or are refused; a
 * value has exactly one encoding; nothing is opened that was not sealed; a file
 * of keys is read, or refused with a reason.  The first byte says which of the
 * readers gets the rest.
 */

#include "fuzz.h"
#include <ngx_eiam_redis_seal.h>
#include <ngx_eiam_redis_value.h>


static void sealed_grant(const ngx_str_t *text);
static void sealed_event(const ngx_str_t *text);
static void sealed_gateway(const ngx_str_t *text);
static void sealed_keys(const ngx_str_t *text, ngx_pool_t *pool);
static void sealed_open(const ngx_str_t *text);
static void sealed_close(const ngx_str_t *text);
static void sealed_same(const ngx_str_t *one, const ngx_str_t *other);


static ngx_eiam_redis_seal_t         sealed_seal;
static ngx_eiam_redis_seal_place_t   sealed_place = {
    NGX_EIAM_REDIS_SEAL_GRANT, ngx_string("eiam:{h}:g:S"),
    ngx_string("source")
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                *text;
    ngx_str_t              keys, rest;
    ngx_uint_t             line;
    const char            *reason;
    fuzz_input_t           input;
    static ngx_log_t       log;
    static ngx_pool_t     *pool;

    if (pool == NULL) {
        pool = ngx_create_pool(4096, &log);
        text = ngx_pnalloc(pool, 44);
        ngx_memset(text, 'A', 43);
        text[43] = '=';

        keys.data = text;
        keys.len = 44;

        if (ngx_eiam_redis_seal_read(&sealed_seal, &keys, pool, &reason, &line)
            != NGX_OK)
        {
            abort();
        }
    }

    if (size == 0 || size > NGX_EIAM_REDIS_VALUE_MAX) {
        return 0;
    }

    fuzz_open(&input, data + 1, size - 1);
    rest = input.text;

    switch (data[0]) {

    case 'g':
        sealed_grant(&rest);
        break;

    case 'e':
        sealed_event(&rest);
        break;

    case 'w':
        sealed_gateway(&rest);
        break;

    case 'k':
        sealed_keys(&rest, input.pool);
        break;

    case 's':
        sealed_close(&rest);
        break;

    default:
        sealed_open(&rest);
    }

    fuzz_close(&input);

    return 0;
}


static void
sealed_same(const ngx_str_t *one, const ngx_str_t *other)
{
    fuzz_require(one->len == other->len
                 && ngx_memcmp(one->data, other->data, one->len) == 0,
                 "a value has one spelling", one);
}


static void
sealed_grant(const ngx_str_t *text)
{
    u_char                  bytes[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t               again;
    ngx_eiam_redis_grant_t  grant;

    again.data = bytes;

    if (ngx_eiam_redis_value_read_grant(text, &grant) == NGX_OK) {
        fuzz_require(grant.grant.scopes.len <= NGX_EIAM_SCOPES_TEXT_MAX
                     && grant.grant.application.len
                        <= NGX_EIAM_APPLICATION_ID_MAX
                     && grant.grant.expires >= 0, "a grant is in its bounds",
                     text);
        fuzz_require(ngx_eiam_redis_value_write_grant(&grant, &again)
                     == NGX_OK, "a grant is written", text);
        sealed_same(text, &again);
    }
}


static void
sealed_event(const ngx_str_t *text)
{
    u_char                  bytes[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t               again;
    ngx_eiam_redis_event_t  event;

    again.data = bytes;

    if (ngx_eiam_redis_value_read_event(text, &event) == NGX_OK) {
        fuzz_require(ngx_eiam_redis_value_write_event(&event, &again)
                     == NGX_OK, "an event is written", text);
        sealed_same(text, &again);
    }
}


static void
sealed_gateway(const ngx_str_t *text)
{
    u_char                    bytes[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t                 again;
    ngx_eiam_redis_gateway_t  gateway;

    again.data = bytes;

    if (ngx_eiam_redis_value_read_gateway(text, &gateway) == NGX_OK) {
        fuzz_require(ngx_eiam_redis_value_write_gateway(&gateway, &again)
                     == NGX_OK, "a gateway is written", text);
        sealed_same(text, &again);
    }
}


static void
sealed_keys(const ngx_str_t *text, ngx_pool_t *pool)
{
    ngx_int_t               rc;
    ngx_str_t               file;
    ngx_uint_t              line;
    const char             *reason;
    ngx_eiam_redis_seal_t   seal;

    if (text->len > NGX_EIAM_REDIS_SEAL_FILE) {
        return;
    }

    file = *text;
    reason = NULL;

    rc = ngx_eiam_redis_seal_read(&seal, &file, pool, &reason, &line);

    fuzz_require(rc == NGX_OK ? seal.n == 1 || seal.n == 2 : reason != NULL,
                 "there are keys, or a reason why not", text);
}


static void
sealed_open(const ngx_str_t *text)
{
    u_char     bytes[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t  plain;

    plain.data = bytes;

    fuzz_require(ngx_eiam_redis_seal_open(&sealed_seal, 0, &sealed_place, text,
                                          &plain)
                 != NGX_OK, "nothing is opened that was not sealed", text);
}


static void
sealed_close(const ngx_str_t *text)
{
    u_char     bytes[NGX_EIAM_REDIS_VALUE_MAX + NGX_EIAM_REDIS_SEAL_EXTRA];
    u_char     opened[NGX_EIAM_REDIS_VALUE_MAX + NGX_EIAM_REDIS_SEAL_EXTRA];
    ngx_str_t  sealed, plain;

    sealed.data = bytes;
    plain.data = opened;

    fuzz_require(ngx_eiam_redis_seal_close(&sealed_seal, &sealed_place, text,
                                           &sealed)
                 == NGX_OK
                 && ngx_eiam_redis_seal_open(&sealed_seal, 0, &sealed_place,
                                             &sealed, &plain)
                    == NGX_OK, "what is sealed is opened", text);
    sealed_same(text, &plain);

    sealed.data[sealed.len / 2] ^= 1;

    fuzz_require(ngx_eiam_redis_seal_open(&sealed_seal, 0, &sealed_place,
                                          &sealed, &plain)
                 == NGX_ABORT, "a bit counts", text);
}
