
/*
 * Published vectors: RFC 7515, A.1 to A.4, RFC 8037, A.4, and RFC 7520, 4.1 to
 * 4.4.  One file includes them.
 */


#ifndef _NGX_EIAM_UNIT_VECTORS_H_INCLUDED_
#define _NGX_EIAM_UNIT_VECTORS_H_INCLUDED_


#include "ngx_eiam_unit_jws.h"


const ngx_eiam_unit_vector_t  ngx_eiam_unit_vectors[] = {

    { "RFC 7515, A.1", "HS256",
      "{\"kty\": \"oct\", \"k\": \"" NGX_EIAM_UNIT_OCT_K "\"}",
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJle"
      "HAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnV"
      "lfQ",
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" },

    { "RFC 7515, A.2", "RS256",
      "{\"kty\": \"RSA\", \"n\": \"" NGX_EIAM_UNIT_RSA_N
      "\", \"e\": \"AQAB\"}",
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsD"
      "QogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AA"
      "uHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAyn"
      "RFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZR"
      "mB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv"
      "Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_Ioy"
      "pGlUPQGe77Rw" },

    { "RFC 7515, A.3", "ES256",
      "{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"" NGX_EIAM_UNIT_P256_X
      "\", \"y\": \"" NGX_EIAM_UNIT_P256_Y "\"}",
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsD"
      "QogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApm"
      "WQxfKTUJqPP3-Kg6NU1Q" },

    { "RFC 7515, A.4", "ES512",
      "{\"kty\": \"EC\", \"crv\": \"P-521\", \"x\": \"" NGX_EIAM_UNIT_P521_X
      "\", \"y\": \"" NGX_EIAM_UNIT_P521_Y "\"}",
      "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
      "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwq"
      "T2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJ"
      "jyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn" },

    { "RFC 8037, A.4", "EdDSA",
      "{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \""
      NGX_EIAM_UNIT_ED25519_X "\"}",
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhV"
      "sPt9g7sVvpAr_MuM0KAg" },

    { "RFC 7520, 4.1", "RS256",
      "{\"kty\": \"RSA\", \"kid\": \"bilbo.baggins@hobbiton.example\""
      ", \"use\": \"sig\", \"n\": \""
      "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jR"
      "ojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-Qti"
      "WN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVf"
      "Hd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS"
      "0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3"
      "__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw" "\", \"e\": \"AQAB\"}",
      "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbX"
      "BsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V"
      "0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb"
      "24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW9"
      "1IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4",
      "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopd"
      "HM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3"
      "lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPo"
      "cSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12"
      "podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vj"
      "bU5y18kDquDg" },

    { "RFC 7520, 4.2", "PS384",
      "{\"kty\": \"RSA\", \"kid\": \"bilbo.baggins@hobbiton.example\""
      ", \"use\": \"sig\", \"n\": \""
      "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jR"
      "ojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-Qti"
      "WN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVf"
      "Hd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS"
      "0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3"
      "__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw" "\", \"e\": \"AQAB\"}",
      "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbX"
      "BsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V"
      "0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb"
      "24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW9"
      "1IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4",
      "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-"
      "tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-"
      "UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vd"
      "z0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_"
      "jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifK"
      "o8DYM-X72Eaw" },

    { "RFC 7520, 4.3", "ES512",
      "{\"kty\": \"EC\", \"kid\": \"bilbo.baggins@hobbiton.example\""
      ", \"use\": \"sig\", \"crv\": \"P-521\", \"x\": \""
      "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqj"
      "qvjyekWF-7ytDyRXYgCF5cj0Kt" "\", \"y\": \""
      "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkA"
      "gDPrwQrJmbnX9cwlGfP-HqHZR1" "\"}",
      "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbX"
      "BsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V"
      "0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb"
      "24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW9"
      "1IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4",
      "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Pl"
      "on7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8"
      "e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2" },

    { "RFC 7520, 4.4", "HS256",
      "{\"kty\": \"oct\""
      ", \"kid\": \"018c0ae5-4d9b-471b-bfd6-eef314bc7037\""
      ", \"use\": \"sig\", \"alg\": \"HS256\""
      ", \"k\": \"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\"}",
      "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZj"
      "MxNGJjNzAzNyJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29"
      "pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmI"
      "HlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2h"
      "lcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4",
      "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0" },

    { NULL, NULL, NULL, NULL, NULL }
};


#endif /* _NGX_EIAM_UNIT_VECTORS_H_INCLUDED_ */
