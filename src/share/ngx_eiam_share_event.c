
#include <ngx_eiam_share_event.h>


static void ngx_eiam_share_event_write(
    const ngx_eiam_revocation_event_t *revocation,
    ngx_eiam_redis_event_t *value, u_char *kind);
static ngx_int_t ngx_eiam_share_event_read(const ngx_eiam_redis_event_t *value,
    const ngx_eiam_position_t *position, ngx_eiam_share_event_t *event);
static ngx_int_t ngx_eiam_share_event_read_undo(
    const ngx_eiam_redis_event_t *value,
    ngx_eiam_revocation_event_t *revocation);


/* what an undo event undoes, written in place of its application */

static const u_char  ngx_eiam_share_event_kinds[NGX_EIAM_REVOKED] = {
    't', 'a', '*'
};


void
ngx_eiam_share_event_place(const ngx_eiam_share_t *share,
    ngx_eiam_redis_seal_kind_e kind, const char *beside, u_char *name,
    ngx_eiam_redis_seal_place_t *place)
{
    place->kind = kind;
    place->key.data = name;
    ngx_str_null(&place->part);

    ngx_eiam_redis_name_stream(&share->names, beside, &place->key);
}


ngx_int_t
ngx_eiam_share_event_seal(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_seal_place_t *place,
    const ngx_eiam_revocation_event_t *revocation, ngx_str_t *sealed)
{
    u_char                  text[NGX_EIAM_REDIS_VALUE_MAX], kind;
    ngx_str_t               plain;
    ngx_eiam_redis_event_t  value;

    ngx_memzero(&value, sizeof(ngx_eiam_redis_event_t));

    value.kind = NGX_EIAM_REDIS_HELLO;
    value.gateway = share->gateway;
    value.time = ngx_time();

    if (revocation) {
        ngx_eiam_share_event_write(revocation, &value, &kind);
    }

    plain.data = text;

    if (ngx_eiam_redis_value_write_event(&value, &plain) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_eiam_redis_seal_close(share->seal, place, &plain, sealed);
}


static void
ngx_eiam_share_event_write(const ngx_eiam_revocation_event_t *revocation,
    ngx_eiam_redis_event_t *value, u_char *kind)
{
    value->by = revocation->by;
    value->time = revocation->time;
    value->expires = revocation->expires;

    if (revocation->resent || revocation->undo) {
        value->position = revocation->position;
    }

    ngx_memcpy(value->id, revocation->id, NGX_EIAM_EVENT_ID);

    if (revocation->undo) {
        value->kind = NGX_EIAM_REDIS_UNDO;
        value->undone = value->id;
        value->nundone = 1;
        *kind = ngx_eiam_share_event_kinds[revocation->kind];
        value->application.data = kind;
        value->application.len = 1;
        ngx_memcpy(value->token, revocation->subject,
                   NGX_EIAM_REVOCATION_TOKEN);
        return;
    }

    switch (revocation->kind) {

    case NGX_EIAM_REVOKED_TOKEN:
        value->kind = NGX_EIAM_REDIS_OF_TOKEN;
        ngx_memcpy(value->token, revocation->subject,
                   NGX_EIAM_REVOCATION_TOKEN);

        if (revocation->has_application) {
            value->application.data = (u_char *) revocation->application;
            value->application.len = NGX_EIAM_REVOCATION_ID;
        }

        break;

    case NGX_EIAM_REVOKED_APPLICATION:
        value->kind = NGX_EIAM_REDIS_OF_APPLICATION;
        value->application.data = (u_char *) revocation->subject;
        value->application.len = NGX_EIAM_REVOCATION_ID;
        break;

    default: /* NGX_EIAM_REVOKED_ALL */
        value->kind = NGX_EIAM_REDIS_OF_ALL;
    }
}


ngx_int_t
ngx_eiam_share_event_open(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed,
    const ngx_eiam_position_t *position, ngx_eiam_share_event_t *event)
{
    u_char                  buffer[NGX_EIAM_SHARE_EVENT_MAX];
    ngx_str_t               text;
    ngx_uint_t              line;
    ngx_eiam_redis_event_t  value;

    ngx_memzero(event, sizeof(ngx_eiam_share_event_t));

    if (sealed->len > sizeof(buffer)
        || sealed->len < 1 + NGX_EIAM_REDIS_SEAL_NONCE)
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(event->nonce, sealed->data + 1, NGX_EIAM_READER_NONCE);

    text.data = buffer;

    if (ngx_eiam_share_event_text(share, place, sealed, &text, &line) != NGX_OK
        || ngx_eiam_redis_value_read_event(&text, &value) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_eiam_share_event_read(&value, position, event);
}


ngx_int_t
ngx_eiam_share_event_text(const ngx_eiam_share_t *share,
    const ngx_eiam_redis_seal_place_t *place, const ngx_str_t *sealed,
    ngx_str_t *text, ngx_uint_t *line)
{
    for (*line = 0; *line < share->seal->n; (*line)++) {

        if (ngx_eiam_redis_seal_open(share->seal, *line, place, sealed, text)
            == NGX_OK)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_eiam_share_event_read(const ngx_eiam_redis_event_t *value,
    const ngx_eiam_position_t *position, ngx_eiam_share_event_t *event)
{
    ngx_eiam_revocation_event_t  *revocation;

    revocation = &event->revocation;

    revocation->by = value->by;
    revocation->time = value->time;
    revocation->expires = value->expires;
    revocation->resent = !ngx_eiam_position_is_zero(&value->position);
    revocation->position = revocation->resent ? value->position : *position;

    ngx_memcpy(revocation->id, value->id, NGX_EIAM_EVENT_ID);
    ngx_memcpy(revocation->subject, value->token, NGX_EIAM_REVOCATION_TOKEN);

    switch (value->kind) {

    case NGX_EIAM_REDIS_OF_TOKEN:
        revocation->kind = NGX_EIAM_REVOKED_TOKEN;

        if (value->application.len == NGX_EIAM_REVOCATION_ID) {
            revocation->has_application = 1;
            ngx_memcpy(revocation->application, value->application.data,
                       NGX_EIAM_REVOCATION_ID);
        }

        return NGX_OK;

    case NGX_EIAM_REDIS_OF_APPLICATION:
        revocation->kind = NGX_EIAM_REVOKED_APPLICATION;

        if (value->application.len != NGX_EIAM_REVOCATION_ID) {
            return NGX_DECLINED;
        }

        ngx_memzero(revocation->subject, NGX_EIAM_REVOCATION_TOKEN);
        ngx_memcpy(revocation->subject, value->application.data,
                   NGX_EIAM_REVOCATION_ID);
        return NGX_OK;

    case NGX_EIAM_REDIS_OF_ALL:
        revocation->kind = NGX_EIAM_REVOKED_ALL;
        ngx_memzero(revocation->subject, NGX_EIAM_REVOCATION_TOKEN);
        return NGX_OK;

    case NGX_EIAM_REDIS_UNDO:
        return ngx_eiam_share_event_read_undo(value, revocation);

    default: /* NGX_EIAM_REDIS_HELLO */
        event->hello = 1;
        return NGX_OK;
    }
}


static ngx_int_t
ngx_eiam_share_event_read_undo(const ngx_eiam_redis_event_t *value,
    ngx_eiam_revocation_event_t *revocation)
{
    ngx_uint_t  kind;

    revocation->undo = 1;

    if (value->application.len != 1 || value->nundone != 1) {
        return NGX_DECLINED;
    }

    ngx_memcpy(revocation->id, value->undone, NGX_EIAM_EVENT_ID);

    for (kind = 0; kind < NGX_EIAM_REVOKED; kind++) {

        if (ngx_eiam_share_event_kinds[kind] == value->application.data[0]) {
            revocation->kind = kind;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_uint_t
ngx_eiam_share_event_is_cut(const ngx_eiam_share_t *share,
    const ngx_eiam_revocation_event_t *revocation, const ngx_str_t *field)
{
    u_char      name[NGX_EIAM_REDIS_NAME_LEN];
    ngx_str_t   id, *application;
    ngx_uint_t  line;

    id.data = (u_char *) revocation->subject;
    id.len = NGX_EIAM_REVOCATION_ID;

    application = (revocation->kind == NGX_EIAM_REVOKED_ALL) ? NULL : &id;

    for (line = 0; line < share->seal->n; line++) {

        if (field->len == NGX_EIAM_REDIS_NAME_FIELD
            && ngx_eiam_redis_name_cut(&share->names, line, application, name)
               == NGX_OK
            && ngx_memcmp(field->data, name, NGX_EIAM_REDIS_NAME_LEN) == 0)
        {
            return 1;
        }
    }

    return 0;
}
