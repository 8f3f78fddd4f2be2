
#include <ngx_eiam_nh.h>


#if (NGX_EIAM_HAVE_NH)

void
ngx_eiam_nh(const uint64_t *key, const ngx_str_t *text, ngx_eiam_nh_t hash)
{
    u_char    *p, *last;
    uint64_t   word[2];

    hash[0] = (unsigned __int128) (text->len + key[0]) * key[1];
    hash[1] = (unsigned __int128) (text->len + key[2]) * key[3];

    p = text->data;
    last = p + text->len - sizeof(word);

    /* the last two words may overlap those before them */

    for ( ;; ) {

        key += 2;

        ngx_memcpy(word, p, sizeof(word));

        hash[0] += (unsigned __int128) (word[0] + key[0]) * (word[1] + key[1]);
        hash[1] += (unsigned __int128) (word[0] + key[2]) * (word[1] + key[3]);

        if (p == last) {
            return;
        }

        p = ngx_min(p + sizeof(word), last);
    }
}

#endif
