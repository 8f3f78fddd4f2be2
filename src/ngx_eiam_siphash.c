
#include <ngx_eiam_siphash.h>


#define ngx_eiam_rotate(x, n)  (((x) << (n)) | ((x) >> (64 - (n))))


static void ngx_eiam_siphash_rounds(uint64_t v[4], ngx_uint_t n);
static uint64_t ngx_eiam_siphash_word(const u_char *p, size_t len);


void
ngx_eiam_siphash(const u_char *key, const ngx_str_t *text, uint64_t hash[2])
{
    u_char    *p, *last;
    uint64_t   v[4], k0, k1, m;

    k0 = ngx_eiam_siphash_word(key, 8);
    k1 = ngx_eiam_siphash_word(key + 8, 8);

    v[0] = k0 ^ 0x736f6d6570736575ULL;
    v[1] = k1 ^ 0x646f72616e646f6dULL ^ 0xee;
    v[2] = k0 ^ 0x6c7967656e657261ULL;
    v[3] = k1 ^ 0x7465646279746573ULL;

    p = text->data;
    last = p + (text->len & ~(size_t) 7);

    for ( /* void */ ; p < last; p += 8) {
        m = ngx_eiam_siphash_word(p, 8);
        v[3] ^= m;
        ngx_eiam_siphash_rounds(v, 2);
        v[0] ^= m;
    }

    m = (uint64_t) text->len << 56
        | ngx_eiam_siphash_word(p, text->len & 7);

    v[3] ^= m;
    ngx_eiam_siphash_rounds(v, 2);
    v[0] ^= m;

    v[2] ^= 0xee;
    ngx_eiam_siphash_rounds(v, 4);
    hash[0] = v[0] ^ v[1] ^ v[2] ^ v[3];

    v[1] ^= 0xdd;
    ngx_eiam_siphash_rounds(v, 4);
    hash[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
}


static void
ngx_eiam_siphash_rounds(uint64_t v[4], ngx_uint_t n)
{
    while (n--) {
        v[0] += v[1];
        v[1] = ngx_eiam_rotate(v[1], 13) ^ v[0];
        v[0] = ngx_eiam_rotate(v[0], 32);

        v[2] += v[3];
        v[3] = ngx_eiam_rotate(v[3], 16) ^ v[2];

        v[0] += v[3];
        v[3] = ngx_eiam_rotate(v[3], 21) ^ v[0];

        v[2] += v[1];
        v[1] = ngx_eiam_rotate(v[1], 17) ^ v[2];
        v[2] = ngx_eiam_rotate(v[2], 32);
    }
}


/* little-endian, of up to 8 bytes */

static uint64_t
ngx_eiam_siphash_word(const u_char *p, size_t len)
{
    size_t    i;
    uint64_t  word;

#if (NGX_HAVE_LITTLE_ENDIAN)

    if (len == 8) {
        ngx_memcpy(&word, p, 8);
        return word;
    }

#endif

    word = 0;

    for (i = 0; i < len; i++) {
        word |= (uint64_t) p[i] << (8 * i);
    }

    return word;
}
