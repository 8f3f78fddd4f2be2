
#include <ngx_eiam_random.h>
#include <ngx_eiam_redis_name.h>


#define NGX_EIAM_REDIS_NAME_BITS  24     /* bytes of 32 characters */


static ngx_int_t ngx_eiam_redis_name_mac(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const ngx_str_t *text, u_char *name);
static u_char *ngx_eiam_redis_name_begin(const ngx_eiam_redis_names_t *names,
    u_char *p);
static ngx_int_t ngx_eiam_redis_name_token(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const u_char *token, ngx_str_t *name);


ngx_int_t
ngx_eiam_redis_name_grant(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const u_char *token, const ngx_eiam_digest_t source,
    ngx_str_t *name)
{
    u_char     *p, mac[NGX_EIAM_REDIS_NAME_LEN];
    ngx_str_t   id;

    id.data = (u_char *) source;
    id.len = NGX_EIAM_DIGEST_LEN;

    if (ngx_eiam_redis_name_token(names, line, token, name) != NGX_OK
        || ngx_eiam_redis_name_mac(names, line, &id, mac) != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = ngx_cpymem(name->data + name->len, ":g:", sizeof(":g:") - 1);
    p = ngx_cpymem(p, mac, NGX_EIAM_REDIS_NAME_SOURCE);

    name->len = p - name->data;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_redis_name_tombstone(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const u_char *token, ngx_str_t *name)
{
    if (ngx_eiam_redis_name_token(names, line, token, name) != NGX_OK) {
        return NGX_ERROR;
    }

    name->data[name->len++] = ':';
    name->data[name->len++] = 'r';

    return NGX_OK;
}


/* PREFIX{h} */

static ngx_int_t
ngx_eiam_redis_name_token(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const u_char *token, ngx_str_t *name)
{
    u_char     *p;
    ngx_str_t   text;

    p = ngx_eiam_redis_name_begin(names, name->data);

    text.data = (u_char *) token;
    text.len = NGX_EIAM_REDIS_NAME_TOKEN;

    if (ngx_eiam_redis_name_mac(names, line, &text, p) != NGX_OK) {
        return NGX_ERROR;
    }

    p += NGX_EIAM_REDIS_NAME_LEN;
    *p++ = '}';

    name->len = p - name->data;

    return NGX_OK;
}


static u_char *
ngx_eiam_redis_name_begin(const ngx_eiam_redis_names_t *names, u_char *p)
{
    p = ngx_cpymem(p, names->prefix.data, names->prefix.len);
    *p++ = '{';

    return p;
}


void
ngx_eiam_redis_name_stream(const ngx_eiam_redis_names_t *names,
    const char *beside, ngx_str_t *name)
{
    u_char  *p;

    p = ngx_eiam_redis_name_begin(names, name->data);
    p = ngx_cpymem(p, "rev}", sizeof("rev}") - 1);

    if (*beside) {
        *p++ = ':';
        p = ngx_cpymem(p, beside, ngx_strlen(beside));
    }

    name->len = p - name->data;
}


/* with "app" before it no id equals "*", which stands for all applications */

ngx_int_t
ngx_eiam_redis_name_cut(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const ngx_str_t *application,
    u_char name[NGX_EIAM_REDIS_NAME_LEN])
{
    u_char     *p, buffer[sizeof("app") + NGX_EIAM_APPLICATION_ID_MAX];
    ngx_str_t   text;

    p = buffer;

    if (application == NULL) {
        *p++ = '*';

    } else {

        if (application->len > NGX_EIAM_APPLICATION_ID_MAX) {
            return NGX_ERROR;
        }

        p = ngx_cpymem(p, "app", sizeof("app") - 1);
        p = ngx_cpymem(p, application->data, application->len);
    }

    text.data = buffer;
    text.len = p - buffer;

    return ngx_eiam_redis_name_mac(names, line, &text, name);
}


static ngx_int_t
ngx_eiam_redis_name_mac(const ngx_eiam_redis_names_t *names,
    ngx_uint_t line, const ngx_str_t *text, u_char *name)
{
    u_char     mac[NGX_EIAM_REDIS_SEAL_MAC];
    ngx_str_t  bits, encoded;

    if (ngx_eiam_redis_seal_mac(names->seal, line, text, mac) != NGX_OK) {
        return NGX_ERROR;
    }

    bits.data = mac;
    bits.len = NGX_EIAM_REDIS_NAME_BITS;
    encoded.data = name;

    ngx_encode_base64url(&encoded, &bits);

    return NGX_OK;
}


ngx_int_t
ngx_eiam_redis_name_random(u_char *p, ngx_uint_t n)
{
    u_char     random[NGX_EIAM_REDIS_NAME_BITS];
    u_char     characters[NGX_EIAM_REDIS_NAME_LEN];
    ngx_str_t  bits, encoded;

    if (ngx_eiam_random(random, sizeof(random)) != NGX_OK) {
        return NGX_ERROR;
    }

    bits.data = random;
    bits.len = sizeof(random);
    encoded.data = characters;

    ngx_encode_base64url(&encoded, &bits);
    ngx_memcpy(p, characters, n);

    return NGX_OK;
}
