
/*
 * A set of keys, from an authorization server or a file.  Whatever is in it: no
 * key that is accepted is weak, none is used for another purpose than its own,
 * and none verifies what nobody has signed.
 */

#include "fuzz.h"
#include <ngx_eiam_jwk.h>
#include <ngx_eiam_jwk_pack.h>

#include <openssl/evp.h>


#define TRIES  4            /* keys that are tried with a signature */


typedef struct {
    ngx_uint_t    count;
    ngx_uint_t    silent;
} keys_bad_t;


static ngx_int_t keys_read(const ngx_str_t *text, ngx_pool_t *pool,
    ngx_eiam_keys_t *keys, ngx_eiam_node_t *root, keys_bad_t *bad);
static void keys_bad(const ngx_eiam_document_t *document, void *data);
static void keys_are_equal(const ngx_eiam_keys_t *one,
    const ngx_eiam_keys_t *other, const ngx_str_t *text);
static void keys_are_strong(const ngx_eiam_key_t *key, const ngx_str_t *text);
static void keys_verify_nothing(const ngx_eiam_key_t *key,
    const ngx_str_t *text);


/* by type of key: OpenSSL's name for it, and its bits */

static const struct {
    const char  *name;
    int          min;
    int          max;
} keys_kinds[] = {
    { "RSA", 2048, 8192 },
    { "EC", 256, 256 },
    { "EC", 384, 384 },
    { "EC", 521, 521 },
    { "EC", 256, 256 },
    { "ED25519", 256, 256 },
    { "ED448", 456, 456 }
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t         rc;
    ngx_str_t         packed;
    ngx_uint_t        i;
    keys_bad_t        bad, again;
    fuzz_input_t      input;
    ngx_eiam_key_t   *key;
    ngx_eiam_keys_t   keys, other;
    ngx_eiam_node_t   root, set;

    fuzz_open(&input, data, size);

    rc = keys_read(&input.text, input.pool, &keys, &root, &bad);

    fuzz_require(rc == keys_read(&input.text, input.pool, &other, &set,
                                 &again)
                 && bad.count == again.count,
                 "the same again", &input.text);

    if (rc == NGX_OK) {

        (void) ngx_eiam_node_member(&root, "keys", NGX_EIAM_ARRAY, &set);

        fuzz_require(keys.list.nelts + bad.count <= ngx_eiam_node_count(&set)
                     && keys.list.nelts <= NGX_EIAM_KEYS_MAX
                     && bad.silent == 0,
                     "each is read once, or wrong", &input.text);

        keys_are_equal(&keys, &other, &input.text);

        fuzz_require(ngx_eiam_jwk_pack(&keys, input.pool, &packed) == NGX_OK
                     && ngx_eiam_jwk_pack_read(&packed, input.pool, &other)
                        == NGX_OK
                     && other.named == keys.named,
                     "packed", &input.text);

        keys_are_equal(&keys, &other, &input.text);

        key = keys.list.elts;

        for (i = 0; i < keys.list.nelts; i++) {
            keys_are_strong(&key[i], &input.text);

            if (i < TRIES) {
                keys_verify_nothing(&key[i], &input.text);
            }
        }
    }

    fuzz_close(&input);

    return 0;
}


static ngx_int_t
keys_read(const ngx_str_t *text, ngx_pool_t *pool, ngx_eiam_keys_t *keys,
    ngx_eiam_node_t *root, keys_bad_t *bad)
{
    ngx_int_t             rc;
    ngx_eiam_document_t  *document;

    ngx_memzero(bad, sizeof(keys_bad_t));

    /* the root points to this value */

    document = ngx_pcalloc(pool, sizeof(ngx_eiam_document_t));
    if (document == NULL) {
        abort();
    }

    ngx_str_set(&document->name, "keys.json");
    document->pool = pool;

    rc = ngx_eiam_document_parse(document, text, root);

    if (rc == NGX_OK) {
        rc = ngx_eiam_jwk_read_set(root, pool, keys, keys_bad, bad);
    }

    fuzz_require(rc == NGX_OK || (rc == NGX_ERROR && document->fault.len),
                 "a set, or a fault", text);

    return rc;
}


static void
keys_bad(const ngx_eiam_document_t *document, void *data)
{
    keys_bad_t *bad = data;

    bad->count++;
    bad->silent += (document->fault.len == 0);
}


static void
keys_are_equal(const ngx_eiam_keys_t *one, const ngx_eiam_keys_t *other,
    const ngx_str_t *text)
{
    ngx_uint_t       i;
    ngx_eiam_key_t  *a, *b;

    a = one->list.elts;
    b = other->list.elts;

    fuzz_require(one->list.nelts == other->list.nelts, "as many", text);

    for (i = 0; i < one->list.nelts; i++) {

        fuzz_require(a[i].type == b[i].type
                     && a[i].algorithm == b[i].algorithm
                     && a[i].kid.len == b[i].kid.len
                     && a[i].secret.len == b[i].secret.len
                     && (a[i].pkey == NULL) == (b[i].pkey == NULL)
                     && (a[i].pkey == NULL
                         || EVP_PKEY_eq(a[i].pkey, b[i].pkey) == 1),
                     "equal keys", text);
    }
}


static void
keys_are_strong(const ngx_eiam_key_t *key, const ngx_str_t *text)
{
    int         bits;
    ngx_uint_t  i;

    if (key->pkey) {

        fuzz_require(key->type < NGX_EIAM_OCT && key->secret.len == 0,
                     "no secret", text);

        bits = EVP_PKEY_get_bits(key->pkey);

        /* OpenSSL says 253 bits of an Ed25519 key */

        if (key->type == NGX_EIAM_ED25519) {
            bits = 256;
        }

        fuzz_require(EVP_PKEY_is_a(key->pkey, keys_kinds[key->type].name)
                     && bits >= keys_kinds[key->type].min
                     && bits <= keys_kinds[key->type].max,
                     "a key of its type and size", text);

    } else {
        fuzz_require(key->type == NGX_EIAM_OCT && key->secret.len >= 32,
                     "a long secret", text);
    }

    for (i = 0; ngx_eiam_jws_algorithms[i].name.len; i++) {

        fuzz_require(!ngx_eiam_jws_key_fits(key, i)
                     || key->algorithm == NGX_EIAM_ANY_ALGORITHM
                     || key->algorithm == i
                     || key->type == NGX_EIAM_ED25519
                     || key->type == NGX_EIAM_ED448,
                     "only its own algorithm", text);
        fuzz_require(!ngx_eiam_jws_key_fits(key, i)
                     || (ngx_eiam_jws_algorithms[i].name.data[0] == 'H')
                        == (key->pkey == NULL),
                     "no public key is a secret", text);
    }
}


/* the text itself is the signing input */

static void
keys_verify_nothing(const ngx_eiam_key_t *key, const ngx_str_t *text)
{
    u_char      buf[1024];
    ngx_str_t   signature;
    ngx_uint_t  i;

    static const size_t  sizes[] = { 32, 48, 64, 96, 114, 132, 256, 0 };

    for (i = 0; ngx_eiam_jws_algorithms[i].name.len; i++) {

        if (!ngx_eiam_jws_key_fits(key, i)) {
            continue;
        }

        for (const size_t *size = sizes; *size; size++) {

            ngx_memset(buf, text->data[text->len / 2], sizeof(buf));
            signature.data = buf;
            signature.len = *size;

            fuzz_require(key->type == NGX_EIAM_ED25519
                         || key->type == NGX_EIAM_ED448
                         || ngx_eiam_jws_verify(i, key, text, &signature)
                            == NGX_DECLINED,
                         "nobody has signed it", text);
        }
    }
}
