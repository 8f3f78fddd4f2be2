
/* Keys and key sets: RFC 7517, RFC 7518, section 6, and RFC 8037. */


#ifndef _NGX_EIAM_JWK_H_INCLUDED_
#define _NGX_EIAM_JWK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_jws.h>


#define NGX_EIAM_KEYS_MAX  128
#define NGX_EIAM_JWKS_MAX  (256 * 1024)       /* bytes of the JSON of a set */


typedef struct {
    ngx_array_t    list;           /* of ngx_eiam_key_t, by cost */
    ngx_uint_t     named;          /* flag: some keys have a "kid" */
} ngx_eiam_keys_t;


/* an empty list of keys: NGX_OK, or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_jwk_init(ngx_eiam_keys_t *keys, ngx_pool_t *pool);


/*
 * Reads the keys of a set that can verify signatures; they live in pool.  Keys
 * for other purposes and of unknown types are ignored.  So is a faulty key, but
 * document->fault is set and bad is called.  NGX_OK, also if no key is left;
 * NGX_ERROR and document->fault: this is no key set.
 */
typedef void (*ngx_eiam_bad_key_pt)(const ngx_eiam_document_t *document,
    void *data);

ngx_int_t ngx_eiam_jwk_read_set(const ngx_eiam_node_t *root, ngx_pool_t *pool,
    ngx_eiam_keys_t *keys, ngx_eiam_bad_key_pt bad, void *data);


#endif /* _NGX_EIAM_JWK_H_INCLUDED_ */
