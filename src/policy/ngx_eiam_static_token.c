
#include <ngx_eiam_members.h>
#include <ngx_eiam_static_token.h>
#include <ngx_eiam_text.h>
#include <ngx_eiam_time.h>


static ngx_int_t ngx_eiam_static_token_sha256(void *data,
    const ngx_eiam_node_t *node, ngx_uint_t number);
static ngx_int_t ngx_eiam_static_token_expires(void *data,
    const ngx_eiam_node_t *node, ngx_uint_t number);


static const ngx_eiam_member_t  ngx_eiam_static_token_members[] = {
    ngx_eiam_member_required("sha256", NGX_EIAM_STRING,
                             ngx_eiam_static_token_sha256),
    ngx_eiam_member_read("expires", NGX_EIAM_STRING,
                         ngx_eiam_static_token_expires, 0),
    ngx_eiam_members_end
};


static const ngx_eiam_members_t  ngx_eiam_static_token = {
    ngx_eiam_static_token_members, "is an unknown member", 0
};


/* digests of tokens from a published example, which everybody knows */

static const char *const  ngx_eiam_static_token_known[] = {
    "ccf7846a7f344312316bf3ca30f7e27a3fc5e3014e8a83260ff8301acd423cd6",
    "6fcaae5e1e6ad17afe66d5daf3b073864a4fa563f0a66d1c9460b02140ce6677",
    "466f237d8309e95a41545f05fd681e6f5edf6f383a38a484b6336a2c2181a8c6",
    "c63cbb79418c7c86102fd7668fc4016dfdf0e8b980ef5ee4c833baed933876b0",
    NULL
};


ngx_int_t
ngx_eiam_static_token_read(const ngx_eiam_node_t *node,
    ngx_eiam_token_t *token)
{
    token->expires = NGX_EIAM_NEVER;

    return ngx_eiam_members_read(&ngx_eiam_static_token, node, 0, token);
}


static ngx_int_t
ngx_eiam_static_token_sha256(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t number)
{
    ngx_eiam_token_t *token = data;

    ngx_str_t   text;
    ngx_uint_t  i;

    text = ngx_eiam_node_string(node);

    if (ngx_eiam_digest_read_hex(&text, token->digest) != NGX_OK) {
        return ngx_eiam_fault(node, "must be 64 hexadecimal digits");
    }

    for (i = 0; ngx_eiam_static_token_known[i]; i++) {

        if (ngx_strncasecmp(text.data,
                            (u_char *) ngx_eiam_static_token_known[i],
                            2 * NGX_EIAM_DIGEST_LEN)
            == 0)
        {
            return ngx_eiam_fault(node, "is the digest of a token of a "
                                  "published example, make a new token");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_static_token_expires(void *data, const ngx_eiam_node_t *node,
    ngx_uint_t number)
{
    ngx_eiam_token_t *token = data;

    ngx_str_t  text;

    text = ngx_eiam_node_string(node);

    token->expires = ngx_eiam_time_parse(&text);

    if (token->expires == NGX_ERROR) {
        text = ngx_eiam_text_shown(&text, node->document->pool);
        return ngx_eiam_fault(node, "\"%V\" is not a time as in "
                              "\"2027-01-01T00:00:00Z\"", &text);
    }

    return NGX_OK;
}
