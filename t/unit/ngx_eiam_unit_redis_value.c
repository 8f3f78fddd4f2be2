
#include "ngx_eiam_unit.h"
#include <ngx_eiam_redis_value.h>


static void ngx_eiam_unit_redis_value_grant(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_redis_value_numbers(ngx_eiam_unit_t *unit,
    const ngx_str_t *grant);
static void ngx_eiam_unit_redis_value_event(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_redis_value_gateway(ngx_eiam_unit_t *unit);
static ngx_uint_t ngx_eiam_unit_redis_value_whole(const ngx_str_t *text,
    ngx_int_t (*read)(const ngx_str_t *text));
static ngx_int_t ngx_eiam_unit_redis_value_read_grant(const ngx_str_t *text);
static ngx_int_t ngx_eiam_unit_redis_value_read_event(const ngx_str_t *text);
static ngx_int_t ngx_eiam_unit_redis_value_read_gateway(
    const ngx_str_t *text);


void
ngx_eiam_unit_redis_value(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_redis_value_grant(unit);
    ngx_eiam_unit_redis_value_event(unit);
    ngx_eiam_unit_redis_value_gateway(unit);
}


static void
ngx_eiam_unit_redis_value_grant(ngx_eiam_unit_t *unit)
{
    u_char                  bytes[NGX_EIAM_REDIS_VALUE_MAX];
    u_char                  scopes[NGX_EIAM_SCOPES_TEXT_MAX + 1];
    ngx_str_t               text;
    ngx_uint_t              ok;
    ngx_eiam_redis_grant_t  value, back;

    ngx_memzero(&value, sizeof(ngx_eiam_redis_grant_t));
    ngx_memset(scopes, 's', sizeof(scopes));
    text.data = bytes;

    ngx_str_set(&value.grant.application, "crm");
    value.grant.scopes.data = scopes;
    value.grant.scopes.len = NGX_EIAM_SCOPES_TEXT_MAX;
    value.grant.expires = NGX_EIAM_NEVER;
    value.grant.issued = 1700000000;
    value.grant.learned = 1;
    value.checked = 1700000001;
    value.position.msec = 0xfedcba9876543210;
    value.position.sequence = 0x0123456789abcdef;
    ngx_str_set(&value.gateway, "gw-1");

    ok = ngx_eiam_redis_value_write_grant(&value, &text) == NGX_OK
         && ngx_eiam_redis_value_read_grant(&text, &back) == NGX_OK
         && ngx_eiam_unit_equal(&back.grant.application,
                                &value.grant.application)
         && ngx_eiam_unit_equal(&back.grant.scopes, &value.grant.scopes)
         && ngx_eiam_unit_equal(&back.gateway, &value.gateway)
         && back.grant.expires == NGX_EIAM_NEVER
         && back.grant.issued == 1700000000
         && back.grant.learned && !back.grant.implicit
         && back.checked == 1700000001
         && ngx_eiam_position_compare(&back.position, &value.position) == 0;

    ngx_eiam_unit_ok(unit, ok, "a grant is the same again");

    bytes[0] |= 0x04;
    ngx_eiam_unit_ok(unit, ngx_eiam_redis_value_read_grant(&text, &back)
                           == NGX_DECLINED,
                     "a grant with an unknown flag is not read");

    value.grant.scopes.len++;
    ngx_eiam_unit_ok(unit, ngx_eiam_redis_value_write_grant(&value, &text)
                           == NGX_DECLINED,
                     "a grant with more scopes than fit is not written");

    value.grant.scopes.len = 5;
    value.grant.implicit = 1;
    ok = ngx_eiam_redis_value_write_grant(&value, &text) == NGX_OK
         && ngx_eiam_unit_redis_value_whole(&text,
                                   ngx_eiam_unit_redis_value_read_grant);
    ngx_eiam_unit_ok(unit, ok, "only a whole grant is read");

    ngx_eiam_unit_redis_value_numbers(unit, &text);
}


/* the first number of a grant is when it expires */

static void
ngx_eiam_unit_redis_value_numbers(ngx_eiam_unit_t *unit,
    const ngx_str_t *grant)
{
    size_t                  rest;
    u_char                  bytes[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_int_t               rc;
    ngx_str_t               text;
    ngx_uint_t              i;
    ngx_eiam_redis_grant_t  value;

    static const struct {
        const char          *bytes;
        time_t               time;       /* -1: it is not read */
    } numbers[] = {
        { "\x7f", 127 },
        { "\x81\x7f", 255 },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", NGX_MAX_TIME_T_VALUE },
        { "\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f", -1 },
        { "\x83\xff\xff\xff\xff\xff\xff\xff\xff\x7f", -1 },
        { "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", -1 },
        { "\x80\x7f", -1 }
    };

    for (rest = 1; grant->data[rest] & 0x80; rest++) { /* void */ }

    rest++;
    bytes[0] = grant->data[0];
    text.data = bytes;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        text.len = ngx_cpymem(ngx_cpymem(&bytes[1], numbers[i].bytes,
                                         ngx_strlen(numbers[i].bytes)),
                              grant->data + rest, grant->len - rest)
                   - bytes;

        rc = ngx_eiam_redis_value_read_grant(&text, &value);

        ngx_eiam_unit_ok(unit,
                         numbers[i].time == -1
                         ? rc == NGX_DECLINED
                         : rc == NGX_OK
                           && value.grant.expires == numbers[i].time,
                         "a number %ui is read, or is none and is not", i);
    }
}


static void
ngx_eiam_unit_redis_value_event(ngx_eiam_unit_t *unit)
{
    u_char                  bytes[NGX_EIAM_REDIS_VALUE_MAX];
    u_char                  undone[2 * NGX_EIAM_REDIS_VALUE_ID];
    ngx_str_t               text;
    ngx_uint_t              ok;
    ngx_eiam_redis_event_t  event, back;

    ngx_memzero(&event, sizeof(ngx_eiam_redis_event_t));
    ngx_memset(undone, 'u', sizeof(undone));
    ngx_memset(event.token, 't', sizeof(event.token));
    ngx_memset(event.id, 'i', sizeof(event.id));
    text.data = bytes;

    event.kind = NGX_EIAM_REDIS_UNDO;
    event.position.msec = 1700000000123;
    event.time = 1700000000;
    event.expires = 1700003600;
    event.by = NGX_EIAM_BY_CLIENT;
    ngx_str_set(&event.application, "crm");
    ngx_str_set(&event.gateway, "gw-1");
    ngx_str_set(&event.reason, "lost");
    event.undone = undone;
    event.nundone = 2;

    ok = ngx_eiam_redis_value_write_event(&event, &text) == NGX_OK
         && ngx_eiam_redis_value_read_event(&text, &back) == NGX_OK
         && back.kind == event.kind
         && ngx_memcmp(back.id, event.id, sizeof(event.id)) == 0
         && ngx_memcmp(back.token, event.token, sizeof(event.token)) == 0
         && back.time == event.time && back.expires == event.expires
         && back.by == event.by
         && ngx_eiam_unit_equal(&back.application, &event.application)
         && ngx_eiam_unit_equal(&back.gateway, &event.gateway)
         && ngx_eiam_unit_equal(&back.reason, &event.reason)
         && back.nundone == 2
         && ngx_memcmp(back.undone, undone, sizeof(undone)) == 0;

    ngx_eiam_unit_ok(unit, ok, "an event is the same again");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_redis_value_whole(&text,
                                        ngx_eiam_unit_redis_value_read_event),
                     "only a whole event is read");

    bytes[0] = NGX_EIAM_REDIS_HELLO + 1;
    ok = ngx_eiam_redis_value_read_event(&text, &back) == NGX_DECLINED;
    bytes[0] = 0;
    ok &= ngx_eiam_redis_value_read_event(&text, &back) == NGX_DECLINED;
    ngx_eiam_unit_ok(unit, ok, "an event of an unknown kind is not read");

    event.nundone = NGX_EIAM_REDIS_VALUE_UNDONE + 1;
    ngx_eiam_unit_ok(unit, ngx_eiam_redis_value_write_event(&event, &text)
                           == NGX_DECLINED,
                     "an event that undoes more than fit is not written");
}


static void
ngx_eiam_unit_redis_value_gateway(ngx_eiam_unit_t *unit)
{
    u_char                    bytes[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t                 text;
    ngx_uint_t                ok;
    ngx_eiam_redis_gateway_t  gateway, back;

    ngx_memzero(&gateway, sizeof(ngx_eiam_redis_gateway_t));
    text.data = bytes;

    ngx_str_set(&gateway.name, "gw-1");
    ngx_str_set(&gateway.version, "0.2.0");
    gateway.position.sequence = 7;
    gateway.time = 1700000000;

    ok = ngx_eiam_redis_value_write_gateway(&gateway, &text) == NGX_OK
         && ngx_eiam_redis_value_read_gateway(&text, &back) == NGX_OK
         && ngx_eiam_unit_equal(&back.name, &gateway.name)
         && ngx_eiam_unit_equal(&back.version, &gateway.version)
         && back.position.sequence == 7 && back.time == gateway.time;

    ngx_eiam_unit_ok(unit, ok, "a gateway is the same again");

    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_redis_value_whole(&text,
                                     ngx_eiam_unit_redis_value_read_gateway),
                     "only a whole gateway is read");
}


/* neither the beginnings of the text nor what is longer are read */

static ngx_uint_t
ngx_eiam_unit_redis_value_whole(const ngx_str_t *text,
    ngx_int_t (*read)(const ngx_str_t *text))
{
    ngx_str_t   cut, placed;
    ngx_uint_t  ok, side;

    cut = *text;
    ok = 1;

    for (cut.len = 0; cut.len < text->len + 2; cut.len++) {

        for (ngx_eiam_unit_sides(side)) {
            placed = ngx_eiam_unit_place(0, side, &cut);
            ok &= ((read(&placed) == NGX_OK) == (cut.len == text->len));
        }
    }

    return ok;
}


static ngx_int_t
ngx_eiam_unit_redis_value_read_grant(const ngx_str_t *text)
{
    ngx_eiam_redis_grant_t  value;

    return ngx_eiam_redis_value_read_grant(text, &value);
}


static ngx_int_t
ngx_eiam_unit_redis_value_read_event(const ngx_str_t *text)
{
    ngx_eiam_redis_event_t  event;

    return ngx_eiam_redis_value_read_event(text, &event);
}


static ngx_int_t
ngx_eiam_unit_redis_value_read_gateway(const ngx_str_t *text)
{
    ngx_eiam_redis_gateway_t  gateway;

    return ngx_eiam_redis_value_read_gateway(text, &gateway);
}
