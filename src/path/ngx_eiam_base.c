
#include <ngx_eiam_base.h>


typedef struct {
    ngx_str_t  text;
    u_char     ch;
} ngx_eiam_base_alike_t;


/*
 * Decodes the end of the text up to last, once.  Returns the length of what was
 * decoded, or 0: there is nothing to decode.
 */
typedef size_t (*ngx_eiam_base_decode_pt)(u_char *start, u_char *last,
    u_char *ch);


/*
 * Characters that some servers take for ASCII ones: Unicode compatibility
 * and case mappings.  The full-width forms are mapped by arithmetic.
 */

static const ngx_eiam_base_alike_t  ngx_eiam_base_alikes[] = {
    { ngx_string("\xc2\xa5"), '\\' },        /* U+00A5 yen, 5C in cp932 */
    { ngx_string("\xc4\xb0"), 'i' },         /* U+0130 I with dot above */
    { ngx_string("\xc4\xb1"), 'i' },         /* U+0131 dotless i */
    { ngx_string("\xc5\xbf"), 's' },         /* U+017F long s */
    { ngx_string("\xcd\xbe"), ';' },         /* U+037E Greek question mark */
    { ngx_string("\xe2\x80\xa4"), '.' },     /* U+2024 one dot leader */
    { ngx_string("\xe2\x80\xa5"), '.' },     /* U+2025 two dot leader */
    { ngx_string("\xe2\x80\xa6"), '.' },     /* U+2026 ellipsis */
    { ngx_string("\xe2\x81\x84"), '/' },     /* U+2044 fraction slash */
    { ngx_string("\xe2\x82\xa9"), '\\' },    /* U+20A9 won, 5C in cp949 */
    { ngx_string("\xe2\x83\xa5"), '\\' },    /* U+20E5 reverse solidus */
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
static ngx_uint_t ngx_eiam_base_is_above(const ngx_eiam_base_t *base,
    const ngx_str_t *text);
static ngx_uint_t ngx_eiam_base_flatten(ngx_str_t *flat,
    const ngx_str_t *target, ngx_eiam_base_decode_pt decode);
static size_t ngx_eiam_base_decode(u_char *start, u_char *last, u_char *ch);
static size_t ngx_eiam_base_unescape(u_char *start, u_char *last, u_char *ch);
static u_char ngx_eiam_base_utf16(ngx_int_t c);
static size_t ngx_eiam_base_ascii(u_char *start, u_char *last, u_char *ch);
static ngx_uint_t ngx_eiam_base_is_separator(u_char ch);
static ngx_eiam_below_e ngx_eiam_base_select(const ngx_eiam_base_t *base,
    const ngx_str_t *flat, ngx_uint_t loose);
static ngx_uint_t ngx_eiam_base_segment(const ngx_str_t *flat, u_char **p,
    ngx_str_t *name);
static ngx_uint_t ngx_eiam_base_alike(const ngx_str_t *name,
    const ngx_str_t *segment, ngx_uint_t suffix);


/* RFC 8615: no script has this name, so nothing behind it is a script's path */
static const ngx_str_t  ngx_eiam_base_well_known =
    ngx_string("/.well-known");


ngx_int_t
ngx_eiam_base_init(ngx_eiam_base_t *base, const ngx_str_t *path,
    ngx_pool_t *pool)
{
    u_char     *p, *last;
    ngx_str_t  *segment;

    ngx_memzero(base, sizeof(ngx_eiam_base_t));

    base->path = *path;

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


ngx_int_t
ngx_eiam_base_read(ngx_eiam_reading_t *reading, const ngx_str_t *target,
    ngx_pool_t *pool)
{
    reading->target = *target;
    reading->plain = ngx_eiam_base_is_plain(target);

    if (reading->plain) {
        return NGX_OK;
    }

    reading->mapped.data = ngx_pnalloc(pool, 2 * target->len);
    if (reading->mapped.data == NULL) {
        return NGX_ERROR;
    }

    reading->decoded.data = reading->mapped.data + target->len;

    reading->mapped_loose = ngx_eiam_base_flatten(&reading->mapped, target,
                                                  ngx_eiam_base_decode);

    reading->decoded_loose = ngx_eiam_base_flatten(&reading->decoded, target,
                                                   ngx_eiam_base_unescape);
    return NGX_OK;
}


ngx_eiam_below_e
ngx_eiam_base_below(const ngx_eiam_base_t *base,
    const ngx_eiam_reading_t *reading)
{
    ngx_eiam_below_e  below;

    if (reading->plain) {
        return ngx_eiam_base_is_above(base, &reading->target)
               ? NGX_EIAM_BELOW_PLAIN : NGX_EIAM_OUTSIDE;
    }

    below = ngx_eiam_base_select(base, &reading->mapped,
                                 reading->mapped_loose);

    if (below != NGX_EIAM_OUTSIDE) {
        return below;
    }

    /* without the mapping each look-alike may be read as any character */

    return ngx_eiam_base_select(base, &reading->decoded,
                                reading->decoded_loose);
}


/*
 * whether the target has only plain segments: "/", letters, digits, "-_~", dots
 * in the last segment only, and no empty segment
 */

static ngx_uint_t
ngx_eiam_base_is_plain(const ngx_str_t *target)
{
    u_char      c, prev, *p, *last;
    ngx_uint_t  dot;

    dot = 0;
    prev = '\0';
    last = target->data + target->len;

    if (target->len == 0 || *target->data != '/') {
        return 0;
    }

    p = target->data;

    if (target->len > ngx_eiam_base_well_known.len
        && ngx_memcmp(p, ngx_eiam_base_well_known.data,
                      ngx_eiam_base_well_known.len) == 0)
    {
        p += ngx_eiam_base_well_known.len;
    }

    for ( /* void */ ; p < last; p++) {

        c = *p | 0x20;

        if ((c >= 'a' && c <= 'z') || (*p >= '0' && *p <= '9')
            || *p == '-' || *p == '_' || *p == '~' || *p == '.')
        {
            dot |= (*p == '.');
            prev = *p;
            continue;
        }

        if (*p != '/' || prev == '/' || dot) {
            return 0;
        }

        prev = '/';
    }

    return prev != '.';
}


/* whether a text that has only one reading is below the base */

static ngx_uint_t
ngx_eiam_base_is_above(const ngx_eiam_base_t *base, const ngx_str_t *text)
{
    u_char      *p, *last, *slash;
    size_t       len;
    ngx_uint_t   i;

    p = text->data;
    last = p + text->len;

    if (p < last && *p == '/') {
        p++;
    }

    for (i = 0; i < base->skip; i++) {

        slash = ngx_strlchr(p, last, '/');

        if (p == last || slash == p) {
            return 0;
        }

        p = slash ? slash + 1 : last;
    }

    if (base->nsegments == 0) {
        return !base->whole || p == last;
    }

    len = base->path.len - 1;

    if ((size_t) (last - p) < len
        || ngx_strncasecmp(p, base->path.data + 1, len) != 0)
    {
        return 0;
    }

    p += len;

    if (p < last && *p == '.' && base->suffix) {
        slash = ngx_strlchr(p, last, '/');
        p = slash ? slash : last;
    }

    return p == last || base->prefix
           || (*p == '/' && (!base->whole || p + 1 == last));
}


/*
 * Decodes until nothing is left to decode, in one pass: a decoded character may
 * complete an escape with the characters before it.  Returns whether servers
 * may differ in what they read.
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

            /* some servers drop these bytes, and some end the string at NUL */

            if (ch < 0x80 && ch != '\0') {
                out--;
            }

            continue;
        }

        if (ngx_eiam_base_is_separator(ch) && (decoded || ch != '/')) {
            loose = 1;
        }

        /* ASP.NET removes segments such as "(S(x))" */

        loose |= (ch == '(' || (decoded && (ch == '.' || ch == '%')));
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

    /* %uXXXX */

    if (last - start >= 6 && last[-6] == '%' && last[-5] == 'u') {

        c = ngx_hextoi(last - 4, 4);

        if (c != NGX_ERROR) {
            *ch = (c < 0x80) ? (u_char) c : ngx_eiam_base_utf16(c);
            return 6;
        }
    }

    return 0;
}


/* the ASCII character that it looks like, or a byte without a meaning */

static u_char
ngx_eiam_base_utf16(ngx_int_t c)
{
    u_char  text[3], ch;

    text[0] = (c < 0x800) ? '\0' : 0xe0 | (c >> 12);
    text[1] = (c < 0x800) ? 0xc0 | (c >> 6) : 0x80 | ((c >> 6) & 0x3f);
    text[2] = 0x80 | (c & 0x3f);

    return ngx_eiam_base_ascii(text, text + 3, &ch) ? ch : 0xff;
}


/* overlong and full-width forms, and characters that look like ASCII */

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


/* where some server ends a segment; in NTFS ":" begins a stream's name */

static ngx_uint_t
ngx_eiam_base_is_separator(u_char ch)
{
    return ch == '/' || ch == '\\' || ch == ';' || ch == '?' || ch == '#'
           || ch == ':' || ch == '\0';
}


/*
 * Compares the base's segments with those of the flat text: with its first
 * ones, or, if servers may differ, with any selection of them.
 */

static ngx_eiam_below_e
ngx_eiam_base_select(const ngx_eiam_base_t *base, const ngx_str_t *flat,
    ngx_uint_t loose)
{
    u_char      *p;
    ngx_str_t    name;
    ngx_uint_t   selected;

    p = flat->data;
    selected = 0;

    while (p < flat->data + flat->len) {

        loose |= ngx_eiam_base_segment(flat, &p, &name);

        if (base->prefix && selected + 1 == base->nsegments) {
            name.len = ngx_min(name.len, base->segments[selected].len);
        }

        if (selected < base->nsegments
            && ngx_eiam_base_alike(&name, &base->segments[selected],
                                   base->suffix))
        {
            selected++;
        }
    }

    if (loose) {
        return (selected == base->nsegments) ? NGX_EIAM_BELOW_LOOSE
                                             : NGX_EIAM_OUTSIDE;
    }

    return ngx_eiam_base_is_above(base, flat) ? NGX_EIAM_BELOW_PLAIN
                                              : NGX_EIAM_OUTSIDE;
}


/*
 * Reads the segment at *p, without outer spaces (some servers read "+" as a
 * space) and without dots at its end.  Returns whether servers may differ.
 */

static ngx_uint_t
ngx_eiam_base_segment(const ngx_str_t *flat, u_char **p, ngx_str_t *name)
{
    u_char      *end, *last;
    ngx_uint_t   loose;

    last = flat->data + flat->len;
    name->data = *p;

    for (end = *p; end < last && !ngx_eiam_base_is_separator(*end); end++) {
        /* void */
    }

    *p = end + 1;

    /* an empty segment, except the one before the first slash */
    loose = (end == name->data && end > flat->data);

    /* the name may be that of a script, and what follows the script's path */
    loose |= (end < last && ngx_strlchr(name->data, end, '.') != NULL);

    while (end > name->data
           && (end[-1] == '.' || end[-1] == ' ' || end[-1] == '+'))
    {
        end--;
        loose = 1;
    }

    while (end > name->data && (*name->data == ' ' || *name->data == '+')) {
        name->data++;
        loose = 1;
    }

    name->len = end - name->data;

    return loose;
}


/*
 * Could the name be read as that segment?  Case is ignored, and each run of
 * bytes beyond ASCII may be read as anything, or as nothing; but a name in
 * another script is only itself.
 */

static ngx_uint_t
ngx_eiam_base_alike(const ngx_str_t *name, const ngx_str_t *segment,
    ngx_uint_t suffix)
{
    u_char  *p, *last, *s, *end, *run, *retry;

    if (suffix && name->len > segment->len && name->data[segment->len] == '.'
        && ngx_strncasecmp(name->data, segment->data, segment->len) == 0)
    {
        return 1;
    }

    p = name->data;
    last = p + name->len;
    s = segment->data;
    end = s + segment->len;
    run = NULL;
    retry = NULL;

    while (p < last && *p >= 0x80) {
        p++;
    }

    if (p == last) {
        return 0;
    }

    p = name->data;

    while (s < end) {

        if (p < last && *p >= 0x80) {
            run = ++p;
            retry = s;

        } else if (p < last && ngx_tolower(*p) == ngx_tolower(*s)) {
            p++;
            s++;

        } else if (run) {
            p = run;
            s = ++retry;

        } else {
            return 0;
        }
    }

    while (p < last && *p >= 0x80) {
        p++;
    }

    return p == last;
}
