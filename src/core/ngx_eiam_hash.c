
#include <ngx_eiam_hash.h>


static uint64_t ngx_eiam_hash_mix(uint64_t hash);
static uint64_t ngx_eiam_hash_word(const u_char *p, size_t len);


uint32_t
ngx_eiam_hash(const u_char *p, size_t len, uint32_t seed)
{
    uint64_t       hash;
    const u_char  *last;

    hash = (uint64_t) seed + len;

    for (last = p + len; last - p > 8; p += 8) {
        hash = ngx_eiam_hash_mix(hash ^ ngx_eiam_hash_word(p, 8));
    }

    hash = ngx_eiam_hash_mix(hash ^ ngx_eiam_hash_word(p, last - p));

    /* one more round, as the last bytes have reached too few of the low bits */

    return ngx_eiam_hash_mix(hash);
}


uint64_t
ngx_eiam_hash_text(const ngx_str_t *text)
{
    uint64_t  hash;

    hash = (uint64_t) ngx_crc32_long(text->data, text->len) << 32
           | ngx_murmur_hash2(text->data, text->len);

    return hash ? hash : 1;
}


static uint64_t
ngx_eiam_hash_mix(uint64_t hash)
{
    hash *= NGX_EIAM_HASH_FACTOR;

    return hash ^ (hash >> 32);
}


/*
 * reads up to 8 bytes, some possibly twice, with bit 5, the case of a letter,
 * set
 */

static uint64_t
ngx_eiam_hash_word(const u_char *p, size_t len)
{
    uint32_t  half[2];
    uint64_t  word;

    if (len == 8) {
        ngx_memcpy(&word, p, 8);

    } else if (len >= 4) {
        ngx_memcpy(&half[0], p, 4);
        ngx_memcpy(&half[1], p + len - 4, 4);
        word = (uint64_t) half[1] << 32 | half[0];

    } else if (len) {
        word = (uint64_t) p[len - 1] << 16 | (uint64_t) p[len / 2] << 8 | p[0];

    } else {
        word = 0;
    }

    return word | 0x2020202020202020ULL;
}
