
#include <ngx_eiam_redis_value.h>


/* the flags that a grant may have */

#define NGX_EIAM_REDIS_VALUE_IMPLICIT  0x01
#define NGX_EIAM_REDIS_VALUE_LEARNED   0x02
#define NGX_EIAM_REDIS_VALUE_FLAGS     0x03


/* how far a text has been written or read */

typedef struct {
    u_char      *pos;
    u_char      *last;
    ngx_uint_t   failed;
} ngx_eiam_redis_cursor_t;


static void ngx_eiam_redis_value_put_byte(ngx_eiam_redis_cursor_t *cursor,
    ngx_uint_t byte);
static ngx_uint_t ngx_eiam_redis_value_get_byte(
    ngx_eiam_redis_cursor_t *cursor);
static void ngx_eiam_redis_value_put_number(ngx_eiam_redis_cursor_t *cursor,
    uint64_t number);
static uint64_t ngx_eiam_redis_value_get_number(
    ngx_eiam_redis_cursor_t *cursor);
static void ngx_eiam_redis_value_put_bytes(ngx_eiam_redis_cursor_t *cursor,
    const u_char *bytes, size_t len);
static u_char *ngx_eiam_redis_value_get_bytes(
    ngx_eiam_redis_cursor_t *cursor, size_t len);
static void ngx_eiam_redis_value_put_text(ngx_eiam_redis_cursor_t *cursor,
    const ngx_str_t *text, size_t max);
static void ngx_eiam_redis_value_get_text(ngx_eiam_redis_cursor_t *cursor,
    ngx_str_t *text, size_t max);
static time_t ngx_eiam_redis_value_get_time(ngx_eiam_redis_cursor_t *cursor);
static void ngx_eiam_redis_value_put_position(ngx_eiam_redis_cursor_t *cursor,
    const ngx_eiam_position_t *position);
static void ngx_eiam_redis_value_get_position(ngx_eiam_redis_cursor_t *cursor,
    ngx_eiam_position_t *position);
static void ngx_eiam_redis_value_begin(ngx_eiam_redis_cursor_t *cursor,
    const ngx_str_t *text);
static void ngx_eiam_redis_value_create(ngx_eiam_redis_cursor_t *cursor,
    const ngx_str_t *text);
static ngx_int_t ngx_eiam_redis_value_created(
    const ngx_eiam_redis_cursor_t *cursor, ngx_str_t *text);
static ngx_int_t ngx_eiam_redis_value_end(
    const ngx_eiam_redis_cursor_t *cursor);


const ngx_str_t  ngx_eiam_redis_value_constant =
    ngx_string("eiam: these gateways have the same key");


ngx_int_t
ngx_eiam_redis_value_write_grant(const ngx_eiam_redis_grant_t *value,
    ngx_str_t *text)
{
    ngx_uint_t               flags;
    const ngx_eiam_grant_t  *grant;
    ngx_eiam_redis_cursor_t  cursor;

    grant = &value->grant;

    flags = (grant->implicit ? NGX_EIAM_REDIS_VALUE_IMPLICIT : 0)
            | (grant->learned ? NGX_EIAM_REDIS_VALUE_LEARNED : 0);

    ngx_eiam_redis_value_create(&cursor, text);

    ngx_eiam_redis_value_put_byte(&cursor, flags);
    ngx_eiam_redis_value_put_number(&cursor, grant->expires);
    ngx_eiam_redis_value_put_number(&cursor, grant->issued);
    ngx_eiam_redis_value_put_number(&cursor, value->checked);
    ngx_eiam_redis_value_put_position(&cursor, &value->position);
    ngx_eiam_redis_value_put_text(&cursor, &grant->application,
                                  NGX_EIAM_APPLICATION_ID_MAX);
    ngx_eiam_redis_value_put_text(&cursor, &grant->scopes,
                                  NGX_EIAM_SCOPES_TEXT_MAX);
    ngx_eiam_redis_value_put_text(&cursor, &value->gateway,
                                  NGX_EIAM_REDIS_VALUE_GATEWAY);

    return ngx_eiam_redis_value_created(&cursor, text);
}


ngx_int_t
ngx_eiam_redis_value_read_grant(const ngx_str_t *text,
    ngx_eiam_redis_grant_t *value)
{
    ngx_uint_t                flags;
    ngx_eiam_grant_t         *grant;
    ngx_eiam_redis_cursor_t   cursor;

    ngx_memzero(value, sizeof(ngx_eiam_redis_grant_t));

    grant = &value->grant;

    ngx_eiam_redis_value_begin(&cursor, text);

    flags = ngx_eiam_redis_value_get_byte(&cursor);
    grant->expires = ngx_eiam_redis_value_get_time(&cursor);
    grant->issued = ngx_eiam_redis_value_get_time(&cursor);
    value->checked = ngx_eiam_redis_value_get_time(&cursor);
    ngx_eiam_redis_value_get_position(&cursor, &value->position);
    ngx_eiam_redis_value_get_text(&cursor, &grant->application,
                                  NGX_EIAM_APPLICATION_ID_MAX);
    ngx_eiam_redis_value_get_text(&cursor, &grant->scopes,
                                  NGX_EIAM_SCOPES_TEXT_MAX);
    ngx_eiam_redis_value_get_text(&cursor, &value->gateway,
                                  NGX_EIAM_REDIS_VALUE_GATEWAY);

    grant->implicit = (flags & NGX_EIAM_REDIS_VALUE_IMPLICIT) != 0;
    grant->learned = (flags & NGX_EIAM_REDIS_VALUE_LEARNED) != 0;

    if (flags & ~NGX_EIAM_REDIS_VALUE_FLAGS) {
        return NGX_DECLINED;
    }

    return ngx_eiam_redis_value_end(&cursor);
}


ngx_int_t
ngx_eiam_redis_value_write_event(const ngx_eiam_redis_event_t *event,
    ngx_str_t *text)
{
    ngx_eiam_redis_cursor_t  cursor;

    ngx_eiam_redis_value_create(&cursor, text);

    ngx_eiam_redis_value_put_byte(&cursor, event->kind);
    ngx_eiam_redis_value_put_bytes(&cursor, event->id,
                                   NGX_EIAM_REDIS_VALUE_ID);
    ngx_eiam_redis_value_put_position(&cursor, &event->position);
    ngx_eiam_redis_value_put_number(&cursor, event->time);
    ngx_eiam_redis_value_put_number(&cursor, event->expires);
    ngx_eiam_redis_value_put_byte(&cursor, event->by);
    ngx_eiam_redis_value_put_bytes(&cursor, event->token,
                                   NGX_EIAM_REDIS_NAME_TOKEN);
    ngx_eiam_redis_value_put_text(&cursor, &event->application,
                                  NGX_EIAM_APPLICATION_ID_MAX);
    ngx_eiam_redis_value_put_text(&cursor, &event->gateway,
                                  NGX_EIAM_REDIS_VALUE_GATEWAY);
    ngx_eiam_redis_value_put_text(&cursor, &event->reason,
                                  NGX_EIAM_REDIS_VALUE_REASON);

    if (event->nundone > NGX_EIAM_REDIS_VALUE_UNDONE) {
        return NGX_DECLINED;
    }

    ngx_eiam_redis_value_put_byte(&cursor, event->nundone);
    ngx_eiam_redis_value_put_bytes(&cursor, event->undone,
                                   event->nundone * NGX_EIAM_REDIS_VALUE_ID);

    return ngx_eiam_redis_value_created(&cursor, text);
}


ngx_int_t
ngx_eiam_redis_value_read_event(const ngx_str_t *text,
    ngx_eiam_redis_event_t *event)
{
    u_char                   *id, *token;
    ngx_eiam_redis_cursor_t   cursor;

    ngx_memzero(event, sizeof(ngx_eiam_redis_event_t));

    ngx_eiam_redis_value_begin(&cursor, text);

    event->kind = ngx_eiam_redis_value_get_byte(&cursor);
    id = ngx_eiam_redis_value_get_bytes(&cursor, NGX_EIAM_REDIS_VALUE_ID);
    ngx_eiam_redis_value_get_position(&cursor, &event->position);
    event->time = ngx_eiam_redis_value_get_time(&cursor);
    event->expires = ngx_eiam_redis_value_get_time(&cursor);
    event->by = ngx_eiam_redis_value_get_byte(&cursor);
    token = ngx_eiam_redis_value_get_bytes(&cursor, NGX_EIAM_REDIS_NAME_TOKEN);
    ngx_eiam_redis_value_get_text(&cursor, &event->application,
                                  NGX_EIAM_APPLICATION_ID_MAX);
    ngx_eiam_redis_value_get_text(&cursor, &event->gateway,
                                  NGX_EIAM_REDIS_VALUE_GATEWAY);
    ngx_eiam_redis_value_get_text(&cursor, &event->reason,
                                  NGX_EIAM_REDIS_VALUE_REASON);

    event->nundone = ngx_eiam_redis_value_get_byte(&cursor);
    event->undone = ngx_eiam_redis_value_get_bytes(&cursor,
                                  event->nundone * NGX_EIAM_REDIS_VALUE_ID);

    if (ngx_eiam_redis_value_end(&cursor) != NGX_OK
        || event->kind < NGX_EIAM_REDIS_OF_TOKEN
        || event->kind > NGX_EIAM_REDIS_HELLO
        || event->by >= NGX_EIAM_REVOKERS
        || event->nundone > NGX_EIAM_REDIS_VALUE_UNDONE)
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(event->id, id, NGX_EIAM_REDIS_VALUE_ID);
    ngx_memcpy(event->token, token, NGX_EIAM_REDIS_NAME_TOKEN);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_redis_value_write_gateway(const ngx_eiam_redis_gateway_t *gateway,
    ngx_str_t *text)
{
    ngx_eiam_redis_cursor_t  cursor;

    ngx_eiam_redis_value_create(&cursor, text);

    ngx_eiam_redis_value_put_text(&cursor, &gateway->name,
                                  NGX_EIAM_REDIS_VALUE_GATEWAY);
    ngx_eiam_redis_value_put_position(&cursor, &gateway->position);
    ngx_eiam_redis_value_put_text(&cursor, &gateway->version,
                                  NGX_EIAM_REDIS_VALUE_VERSION);
    ngx_eiam_redis_value_put_number(&cursor, gateway->time);

    return ngx_eiam_redis_value_created(&cursor, text);
}


ngx_int_t
ngx_eiam_redis_value_read_gateway(const ngx_str_t *text,
    ngx_eiam_redis_gateway_t *gateway)
{
    ngx_eiam_redis_cursor_t  cursor;

    ngx_memzero(gateway, sizeof(ngx_eiam_redis_gateway_t));

    ngx_eiam_redis_value_begin(&cursor, text);

    ngx_eiam_redis_value_get_text(&cursor, &gateway->name,
                                  NGX_EIAM_REDIS_VALUE_GATEWAY);
    ngx_eiam_redis_value_get_position(&cursor, &gateway->position);
    ngx_eiam_redis_value_get_text(&cursor, &gateway->version,
                                  NGX_EIAM_REDIS_VALUE_VERSION);
    gateway->time = ngx_eiam_redis_value_get_time(&cursor);

    return ngx_eiam_redis_value_end(&cursor);
}


static void
ngx_eiam_redis_value_create(ngx_eiam_redis_cursor_t *cursor,
    const ngx_str_t *text)
{
    cursor->pos = text->data;
    cursor->last = text->data + NGX_EIAM_REDIS_VALUE_MAX;
    cursor->failed = 0;
}


static ngx_int_t
ngx_eiam_redis_value_created(const ngx_eiam_redis_cursor_t *cursor,
    ngx_str_t *text)
{
    text->len = cursor->pos - text->data;

    return cursor->failed ? NGX_DECLINED : NGX_OK;
}


static void
ngx_eiam_redis_value_begin(ngx_eiam_redis_cursor_t *cursor,
    const ngx_str_t *text)
{
    cursor->pos = text->data;
    cursor->last = text->data + text->len;
    cursor->failed = 0;
}


static ngx_int_t
ngx_eiam_redis_value_end(const ngx_eiam_redis_cursor_t *cursor)
{
    return (cursor->failed || cursor->pos != cursor->last) ? NGX_DECLINED
                                                           : NGX_OK;
}


static void
ngx_eiam_redis_value_put_byte(ngx_eiam_redis_cursor_t *cursor, ngx_uint_t byte)
{
    u_char  octet;

    octet = (u_char) byte;

    ngx_eiam_redis_value_put_bytes(cursor, &octet, 1);
}


static ngx_uint_t
ngx_eiam_redis_value_get_byte(ngx_eiam_redis_cursor_t *cursor)
{
    u_char  *p;

    p = ngx_eiam_redis_value_get_bytes(cursor, 1);

    return p ? *p : 0;
}


static void
ngx_eiam_redis_value_put_number(ngx_eiam_redis_cursor_t *cursor,
    uint64_t number)
{
    u_char  octets[10], *p;

    p = &octets[9];
    *p = (u_char) (number & 0x7f);

    while (number >>= 7) {
        *--p = (u_char) (0x80 | (number & 0x7f));
    }

    ngx_eiam_redis_value_put_bytes(cursor, p, &octets[10] - p);
}


/* a number has one spelling: it does not begin with seven zeros */

static uint64_t
ngx_eiam_redis_value_get_number(ngx_eiam_redis_cursor_t *cursor)
{
    u_char    *p;
    uint64_t   number;

    number = 0;

    do {
        p = ngx_eiam_redis_value_get_bytes(cursor, 1);

        if (p == NULL || number >> 57 || (number == 0 && *p == 0x80)) {
            cursor->failed = 1;
            return 0;
        }

        number = (number << 7) | (*p & 0x7f);

    } while (*p & 0x80);

    return number;
}


/* no time here is before the Epoch */

static time_t
ngx_eiam_redis_value_get_time(ngx_eiam_redis_cursor_t *cursor)
{
    uint64_t  number;

    number = ngx_eiam_redis_value_get_number(cursor);

    if (number > (uint64_t) NGX_MAX_TIME_T_VALUE) {
        cursor->failed = 1;
        return 0;
    }

    return (time_t) number;
}


static void
ngx_eiam_redis_value_put_position(ngx_eiam_redis_cursor_t *cursor,
    const ngx_eiam_position_t *position)
{
    ngx_eiam_redis_value_put_number(cursor, position->msec);
    ngx_eiam_redis_value_put_number(cursor, position->sequence);
}


static void
ngx_eiam_redis_value_get_position(ngx_eiam_redis_cursor_t *cursor,
    ngx_eiam_position_t *position)
{
    position->msec = ngx_eiam_redis_value_get_number(cursor);
    position->sequence = ngx_eiam_redis_value_get_number(cursor);
}


static void
ngx_eiam_redis_value_put_text(ngx_eiam_redis_cursor_t *cursor,
    const ngx_str_t *text, size_t max)
{
    if (text->len > max) {
        cursor->failed = 1;
        return;
    }

    ngx_eiam_redis_value_put_number(cursor, text->len);
    ngx_eiam_redis_value_put_bytes(cursor, text->data, text->len);
}


static void
ngx_eiam_redis_value_get_text(ngx_eiam_redis_cursor_t *cursor,
    ngx_str_t *text, size_t max)
{
    text->len = ngx_eiam_redis_value_get_number(cursor);
    text->data = ngx_eiam_redis_value_get_bytes(cursor, text->len);

    if (text->data == NULL || text->len > max) {
        cursor->failed = 1;
        text->len = 0;
    }
}


static void
ngx_eiam_redis_value_put_bytes(ngx_eiam_redis_cursor_t *cursor,
    const u_char *bytes, size_t len)
{
    if (cursor->failed || len > (size_t) (cursor->last - cursor->pos)) {
        cursor->failed = 1;
        return;
    }

    if (len) {
        cursor->pos = ngx_cpymem(cursor->pos, bytes, len);
    }
}


/* NULL: fewer bytes are left */

static u_char *
ngx_eiam_redis_value_get_bytes(ngx_eiam_redis_cursor_t *cursor, size_t len)
{
    u_char  *p;

    if (cursor->failed || len > (size_t) (cursor->last - cursor->pos)) {
        cursor->failed = 1;
        return NULL;
    }

    p = cursor->pos;
    cursor->pos += len;

    return p;
}
