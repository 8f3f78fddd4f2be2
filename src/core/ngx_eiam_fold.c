
#include <ngx_eiam_fold.h>


#define NGX_EIAM_FOLD_NOTHING  0             /* the character is invisible */
#define NGX_EIAM_FOLD_ITSELF   ((u_char) '?')

#define NGX_EIAM_FOLD_LATIN_FIRST  0xc0
#define NGX_EIAM_FOLD_LATIN_LAST   0x17f


typedef struct {
    uint32_t   first;
    uint32_t   last;
    u_char     letter;
} ngx_eiam_fold_range_t;


static u_char ngx_eiam_fold_letter(uint32_t c);


/* Latin-1 Supplement from U+00C0, and Latin Extended-A */

static const char  ngx_eiam_fold_latin[] =
    "aaaaaa?ceeeeiiiidnooooo?ouuuuy?s"
    "aaaaaa?ceeeeiiiidnooooo?ouuuuy?y"
    "aaaaaaccccccccddddeeeeeeeeeegggg"
    "gggghhhhiiiiiiiiii??jjkk?lllllll"
    "lllnnnnnnn??oooooo??rrrrrrssssss"
    "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";


static const ngx_eiam_fold_range_t  ngx_eiam_fold_ranges[] = {
    { 0x00a0, 0x00a0, ' ' },
    { 0x00ad, 0x00ad, NGX_EIAM_FOLD_NOTHING },
    { 0x0300, 0x036f, NGX_EIAM_FOLD_NOTHING },     /* combining marks */
    { 0x1680, 0x1680, ' ' },
    { 0x180e, 0x180e, NGX_EIAM_FOLD_NOTHING },
    { 0x2000, 0x200a, ' ' },
    { 0x200b, 0x200f, NGX_EIAM_FOLD_NOTHING },     /* zero width characters and
                                                      marks of direction */
    { 0x2028, 0x2029, ' ' },
    { 0x202a, 0x202e, NGX_EIAM_FOLD_NOTHING },
    { 0x202f, 0x202f, ' ' },
    { 0x205f, 0x205f, ' ' },
    { 0x2060, 0x206f, NGX_EIAM_FOLD_NOTHING },
    { 0x212a, 0x212a, 'k' },                       /* Kelvin sign */
    { 0x212b, 0x212b, 'a' },                       /* Angstrom sign */
    { 0x3000, 0x3000, ' ' },
    { 0xfe00, 0xfe0f, NGX_EIAM_FOLD_NOTHING },
    { 0xfeff, 0xfeff, NGX_EIAM_FOLD_NOTHING },
    { 0, 0, 0 }
};


ngx_uint_t
ngx_eiam_fold_is_plain(const ngx_str_t *id)
{
    size_t  i;

    for (i = 0; i < id->len; i++) {

        if (id->data[i] < 0x20 || id->data[i] >= 0x7f) {
            return 0;
        }
    }

    return 1;
}


size_t
ngx_eiam_fold(u_char *p, const ngx_str_t *text)
{
    u_char    *src, *last, *next, *start, *end, letter;
    uint32_t   c;

    start = p;
    end = p;

    src = text->data;
    last = src + text->len;

    for ( /* void */ ; src < last; src = next) {

        next = src;
        c = (*src < 0x80) ? *next++ : ngx_utf8_decode(&next, last - src);

        if (next == src) {
            next++;
        }

        letter = ngx_eiam_fold_letter(c);

        if (letter == NGX_EIAM_FOLD_NOTHING
            || (letter == ' ' && p == start))
        {
            continue;
        }

        if (letter == NGX_EIAM_FOLD_ITSELF) {
            p = ngx_cpymem(p, src, next - src);

        } else {
            *p++ = letter;
        }

        if (letter != ' ') {
            end = p;
        }
    }

    return end - start;
}


static u_char
ngx_eiam_fold_letter(uint32_t c)
{
    const ngx_eiam_fold_range_t  *range;

    if (c < 0x80) {
        return ngx_tolower(c);
    }

    if (c >= NGX_EIAM_FOLD_LATIN_FIRST && c <= NGX_EIAM_FOLD_LATIN_LAST) {
        return ngx_eiam_fold_latin[c - NGX_EIAM_FOLD_LATIN_FIRST];
    }

    /* full width */

    if (c >= 0xff01 && c <= 0xff5e) {
        c -= 0xff01 - '!';
        return ngx_tolower(c);
    }

    for (range = ngx_eiam_fold_ranges; range->last; range++) {

        if (c >= range->first && c <= range->last) {
            return range->letter;
        }
    }

    return NGX_EIAM_FOLD_ITSELF;
}
