
#include <ngx_eiam_base.h>


typedef struct {
    ngx_str_t  text;
    u_char     ch;
} ngx_eiam_base_alike_t;


/* what the text up to last ends in, decoded once; the length it took, or 0 */
typedef size_t (*ngx_eiam_base_decode_pt)(u_char *start, u_char *last,
    u_char *ch);


/*
 * Characters that some servers take for ASCII ones: Unicode compatibility
 * and case mappings.  The full-width forms are mapped by arithmetic.
 */

static const ngx_eiam_base_alike_t  ngx_eiam_base_alikes[] = {
    { ngx_string("\xc4\xb0"), 'i' },         /* U+0130 I with dot above */
    { ngx_string("\xc4\xb1"), 'i' },         /* U+0131 dotless i */
    { ngx_string("\xc5\xbf"), 's' },         /* U+017F long s */
    { ngx_string("\xcd\xbe"), ';' },         /* U+037E Greek question mark */
    { ngx_string("\xe2\x80\xa4"), '.' },     /* U+2024 one dot leader */
    { ngx_string("\xe2\x80\xa5"), '.' },     /* U+2025 two dot leader */
    { ngx_string("\xe2\x80\xa6"), '.' },     /* U+2026 ellipsis */
    { ngx_string("\xe2\x81\x84"), '/' },     /* U+2044 fraction slash */
    { ngx_string("\xe2\x84\xaa"), 'k' },     /* U+212A Kelvin sign */
    { ngx_string("\xe2\x88\x95"), '/' },     /* U+2215 division slash */
    { ngx_string("\xe2\x88\x96"), '\\' },    /* U+2216 set minus */
    { ngx_string("\xe2\xa7\xb5"), '\\' },    /* U+29F5 reverse solidus op. */
    { ngx_string("\xe2\xa7\xb8"), '/' },     /* U+29F8 big solidus */
    { ngx_string("\xe3\x80\x82"), '.' },     /* U+3002 ideographic stop */
    { ngx_string("\xef\xb9\x92"), '.' },     /* U+FE52 small full stop */
    { ngx_string("\xef\xb9\x94"), ';' },     /* U+FE54 small semicolon */
    { ngx_string("\xef\xb9\xa8"), '\\' },    /* U+FE68 small rev. solidus */
    { ngx_string("\xef\xbd\xa1"), '.' },     /* U+FF61 half-width stop */
    { ngx_null_string, 0 }
};


static ngx_uint_t ngx_eiam_base_is_plain(const ngx_str_t *target);
static ngx_uint_t ngx_eiam_base_flatten(ngx_str_t *flat,
    const ngx_str_t *target, ngx_eiam_base_decode_pt decode);
static size_t ngx_eiam_base_decode(u_char *start, u_char *last, u_char *ch);
static size_t ngx_eiam_base_unescape(u_char *start, u_char *last, u_char *ch);
static size_t ngx_eiam_base_ascii(u_char *start, u_char *last, u_char *ch);
static ngx_uint_t ngx_eiam_base_is_separator(u_char ch);
static ngx_eiam_below_e ngx_eiam_base_select(const ngx_eiam_base_t *base,
    const ngx_str_t *flat, ngx_uint_t loose);
static ngx_uint_t ngx_eiam_base_segment(const ngx_str_t *flat, u_char **p,
    ngx_str_t *name);


ngx_int_t
ngx_eiam_base_init(ngx_eiam_base_t *base, const ngx_str_t *path,
    ngx_pool_t *pool)
{
    u_char     *p, *last;
    ngx_str_t  *segment;

    base->path = *path;
    base->nsegments = 0;

    p = path->data;
    last = p + path->len;

    while (p < last) {
        base->nsegments += (*p++ == '/');
    }

    base->segments = ngx_palloc(pool, base->nsegments * sizeof(ngx_str_t) + 1);
    if (base->segments == NULL) {
        return NGX_ERROR;
    }

    segment = base->segments - 1;

    for (p = path->data; p < last; p++) {

        if (*p == '/') {
            segment++;
            segment->data = p + 1;
            segment->len = 0;
            continue;
        }

        segment->len++;
    }

    return NGX_OK;
}


ngx_eiam_below_e
ngx_eiam_base_below(const ngx_eiam_base_t *base, const ngx_str_t *target,
    ngx_pool_t *pool)
{
    size_t             len;
    ngx_str_t          flat;
    ngx_uint_t         loose;
    ngx_eiam_below_e   below;

    if (ngx_eiam_base_is_plain(target)) {

        len = base->path.len;

        if (target->len < len
            || ngx_strncasecmp(target->data, base->path.data, len) != 0
            || (target->len > len && target->data[len] != '/'))
        {
            return NGX_EIAM_OUTSIDE;
        }

        return NGX_EIAM_BELOW_PLAIN;
    }

    flat.data = ngx_pnalloc(pool, target->len);
    if (flat.data == NULL) {
        return NGX_EIAM_BELOW_LOOSE;
    }

    loose = ngx_eiam_base_flatten(&flat, target, ngx_eiam_base_decode);
    below = ngx_eiam_base_select(base, &flat, loose);

    if (below != NGX_EIAM_OUTSIDE) {
        return below;
    }

    /* where no look-alike counts as ASCII, it does not count at all */

    loose = ngx_eiam_base_flatten(&flat, target, ngx_eiam_base_unescape);

    return ngx_eiam_base_select(base, &flat, loose);
}


/* letters, digits and "-_~/.", and no segment that is empty or ends in "." */

static ngx_uint_t
ngx_eiam_base_is_plain(const ngx_str_t *target)
{
    u_char  c, prev, *p, *last;

    prev = '\0';
    last = target->data + target->len;

    for (p = target->data; p < last; p++) {

        c = *p | 0x20;

        if ((c >= 'a' && c <= 'z') || (*p >= '0' && *p <= '9')
            || *p == '-' || *p == '_' || *p == '~' || *p == '.')
        {
            prev = *p;
            continue;
        }

        if (*p != '/' || prev == '/' || prev == '.') {
            return 0;
        }

        prev = '/';
    }

    return prev != '.';
}


/*
 * Decodes until nothing is left to decode, in one pass: what an escape gives
 * may complete another one before it.  Returns whether servers may differ.
 */

static ngx_uint_t
ngx_eiam_base_flatten(ngx_str_t *flat, const ngx_str_t *target,
    ngx_eiam_base_decode_pt decode)
{
    u_char      ch, *p, *last, *out;
    size_t      n;
    ngx_uint_t  loose, decoded;

    loose = 0;
    out = flat->data;
    last = target->data + target->len;

    for (p = target->data; p < last; p++) {

        *out++ = ngx_tolower(*p);
        decoded = 0;

        for ( ;; ) {

            n = decode(flat->data, out, &ch);

            if (n == 0) {
                break;
            }

            out -= n;
            *out++ = ngx_tolower(ch);
            decoded = 1;
        }

        ch = out[-1];

        if (ch >= 0x80 || ch == 0x7f || ch < 0x20) {
            loose = 1;

            /* some drop these, and some end the string at NUL */

            if (ch < 0x80 && ch != '\0') {
                out--;
            }

            continue;
        }

        if (ngx_eiam_base_is_separator(ch) && (decoded || ch != '/')) {
            loose = 1;
        }

        loose |= (decoded && (ch == '.' || ch == '%'));
    }

    flat->len = out - flat->data;

    return loose;
}


static size_t
ngx_eiam_base_decode(u_char *start, u_char *last, u_char *ch)
{
    size_t  n;

    n = ngx_eiam_base_unescape(start, last, ch);

    return n ? n : ngx_eiam_base_ascii(start, last, ch);
}


static size_t
ngx_eiam_base_unescape(u_char *start, u_char *last, u_char *ch)
{
    ngx_int_t  c;

    if (last - start >= 3 && last[-3] == '%') {

        c = ngx_hextoi(last - 2, 2);

        if (c != NGX_ERROR) {
            *ch = (u_char) c;
            return 3;
        }
    }

    /* %uXXXX; what lies beyond ASCII decides nothing by itself */

    if (last - start >= 6 && last[-6] == '%' && last[-5] == 'u') {

        c = ngx_hextoi(last - 4, 4);

        if (c != NGX_ERROR) {
            *ch = (c >= 0xff01 && c <= 0xff5e) ? c - 0xfee0
                : (c < 0x80) ? c : 0xff;
            return 6;
        }
    }

    return 0;
}


/* overlong and full-width forms, and characters that look like ASCII ones */

static size_t
ngx_eiam_base_ascii(u_char *start, u_char *last, u_char *ch)
{
    size_t                        n;
    const ngx_eiam_base_alike_t  *alike;

    n = last - start;

    if (last[-1] < 0x80) {
        return 0;
    }

    if (n >= 2 && (last[-2] == 0xc0 || last[-2] == 0xc1)) {
        *ch = ((last[-2] & 0x01) << 6) | (last[-1] & 0x3f);
        return 2;
    }

    if (n >= 3 && (last[-2] == 0x80 || last[-2] == 0x81)) {
        *ch = ((last[-2] & 0x01) << 6) | (last[-1] & 0x3f);

        if (last[-3] == 0xe0) {
            return 3;
        }

        if (n >= 4 && last[-3] == 0x80 && last[-4] == 0xf0) {
            return 4;
        }
    }

    if (n >= 3 && last[-3] == 0xef
        && ((last[-2] == 0xbc && last[-1] >= 0x81)
            || (last[-2] == 0xbd && last[-1] <= 0x9e)))
    {
        *ch = (last[-1] & 0x3f) + ((last[-2] == 0xbc) ? 0x20 : 0x60);
        return 3;
    }

    for (alike = ngx_eiam_base_alikes; alike->text.len; alike++) {

        if (n >= alike->text.len
            && ngx_memcmp(last - alike->text.len, alike->text.data,
                          alike->text.len) == 0)
        {
            *ch = alike->ch;
            return alike->text.len;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_eiam_base_is_separator(u_char ch)
{
    return ch == '/' || ch == '\\' || ch == ';' || ch == '?' || ch == '#'
           || ch == '\0';
}


/*
 * Compares the base with the flat text's segments: with the first ones, or,
 * if servers may differ, with any selection of them.
 */

static ngx_eiam_below_e
ngx_eiam_base_select(const ngx_eiam_base_t *base, const ngx_str_t *flat,
    ngx_uint_t loose)
{
    u_char      *p;
    ngx_str_t    name;
    ngx_uint_t   i, prefix, selected;

    p = flat->data;
    prefix = 0;
    selected = 0;

    for (i = 0; p < flat->data + flat->len; i += (name.len != 0)) {

        loose |= ngx_eiam_base_segment(flat, &p, &name);

        if (selected < base->nsegments
            && base->segments[selected].len == name.len
            && ngx_strncasecmp(base->segments[selected].data, name.data,
                               name.len)
               == 0)
        {
            prefix += (selected == i);
            selected++;
        }
    }

    if (prefix == base->nsegments && !loose) {
        return NGX_EIAM_BELOW_PLAIN;
    }

    if (selected == base->nsegments && loose) {
        return NGX_EIAM_BELOW_LOOSE;
    }

    return NGX_EIAM_OUTSIDE;
}


/*
 * Takes the segment at *p, without its bytes beyond ASCII and without dots
 * and spaces at its end.  Returns whether servers may differ about it.
 */

static ngx_uint_t
ngx_eiam_base_segment(const ngx_str_t *flat, u_char **p, ngx_str_t *name)
{
    u_char      *out, *last;
    ngx_uint_t   loose;

    last = flat->data + flat->len;
    name->data = *p;

    for (out = *p; *p < last && !ngx_eiam_base_is_separator(**p); (*p)++) {

        if (**p < 0x80) {
            *out++ = **p;
        }
    }

    /* an empty segment, but for the one before the first slash */
    loose = (*p == name->data && *p > flat->data);

    while (out > name->data && (out[-1] == '.' || out[-1] == ' ')) {
        out--;
        loose = 1;
    }

    name->len = out - name->data;
    (*p)++;

    return loose;
}
