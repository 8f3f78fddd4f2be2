
/* Keys and sets of keys: RFC 7517, RFC 7518, section 6, and RFC 8037. */


#ifndef _NGX_EIAM_JWK_H_INCLUDED_
#define _NGX_EIAM_JWK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_jws.h>


#define NGX_EIAM_KEYS_MAX  128
#define NGX_EIAM_JWKS_MAX  (256 * 1024)       /* bytes of a set's JSON */


typedef struct {
    ngx_array_t    list;           /* of ngx_eiam_key_t, by their cost */
    ngx_uint_t     named;          /* flag: some of them have a "kid" */
} ngx_eiam_keys_t;


/* no keys yet: NGX_OK, or NGX_ERROR (no memory) */
ngx_int_t ngx_eiam_jwk_init(ngx_eiam_keys_t *keys, ngx_pool_t *pool);


/*
 * Reads the keys of a set that signatures can be verified with.  They live
 * in pool.  Those for other uses and of unknown types are left out, and so is
 * one that is wrong: then document->fault is set and bad is called.
 *
 * NGX_OK, also if there is no such key, or NGX_ERROR with document->fault: it
 * is no set.
 */
typedef void (*ngx_eiam_bad_key_pt)(const ngx_eiam_document_t *document,
    void *data);

ngx_int_t ngx_eiam_jwk_read_set(const ngx_eiam_node_t *root, ngx_pool_t *pool,
    ngx_eiam_keys_t *keys, ngx_eiam_bad_key_pt bad, void *data);


#endif /* _NGX_EIAM_JWK_H_INCLUDED_ */
