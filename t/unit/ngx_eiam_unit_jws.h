
/* Published keys and signed texts, and some that the tests make. */


#ifndef _NGX_EIAM_UNIT_JWS_H_INCLUDED_
#define _NGX_EIAM_UNIT_JWS_H_INCLUDED_


#include "ngx_eiam_unit.h"
#include <ngx_eiam_jwk.h>


/* the keys of RFC 7515, A.1 to A.4, and RFC 8037, A.2 */

#define NGX_EIAM_UNIT_RSA_N                                                   \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qP"\
    "CJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47s"\
    "oMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2"\
    "R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoud"\
    "F8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"

#define NGX_EIAM_UNIT_P256_X                                                  \
    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"

#define NGX_EIAM_UNIT_P256_Y                                                  \
    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

#define NGX_EIAM_UNIT_P521_X                                                  \
    "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9"\
    "tsz4qUxcWceqwQGk"

#define NGX_EIAM_UNIT_P521_Y                                                  \
    "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZ"\
    "mh9ubmf63e3kyMj2"

#define NGX_EIAM_UNIT_ED25519_X                                               \
    "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

#define NGX_EIAM_UNIT_OCT_K                                                   \
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUu"\
    "TwjAzZr1Z9CAow"


typedef struct {
    const char  *name;
    const char  *algorithm;
    const char  *key;            /* JWK */
    const char  *text;           /* the signed text */
    const char  *signature;      /* base64url */
} ngx_eiam_unit_vector_t;


/* the last one has no name */
extern const ngx_eiam_unit_vector_t  ngx_eiam_unit_vectors[];


#define ngx_eiam_unit_text(text, string)                                      \
    (text)->data = (u_char *) (string);                                       \
    (text)->len = ngx_strlen(string)


/* read a key set from its JSON, or from that of its keys; abort if they fail */
void ngx_eiam_unit_key_set_read(ngx_eiam_unit_t *unit, const ngx_str_t *text,
    ngx_eiam_keys_t *keys);
void ngx_eiam_unit_keys_read(ngx_eiam_unit_t *unit, const char *text,
    ngx_eiam_keys_t *keys);

/* abort if there is no memory, or the text is not base64url */
ngx_str_t ngx_eiam_unit_encode(ngx_eiam_unit_t *unit, const ngx_str_t *bytes);
ngx_str_t ngx_eiam_unit_decode(ngx_eiam_unit_t *unit, const char *text);

/* joins the texts, with a dot between them if there is one */
ngx_str_t ngx_eiam_unit_join(ngx_eiam_unit_t *unit, const ngx_str_t *one,
    const char *dot, const ngx_str_t *other);


#endif /* _NGX_EIAM_UNIT_JWS_H_INCLUDED_ */
