
#include <ngx_eiam_bytes.h>
#include <ngx_eiam_target.h>


/* RFC 3986, section 2.3, unreserved: ALPHA / DIGIT / "-._~" */

static const uint32_t  ngx_eiam_target_unreserved[] = {
    0x00000000, /* 0000 0000 0000 0000  0000 0000 0000 0000 */

                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0x03ff6000, /* 0000 0011 1111 1111  0110 0000 0000 0000 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0x87fffffe, /* 1000 0111 1111 1111  1111 1111 1111 1110 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x47fffffe, /* 0100 0111 1111 1111  1111 1111 1111 1110 */

    0x00000000, 0x00000000, 0x00000000, 0x00000000
};


/*
 * For eiam_path utf8: section 3.3, pchar, that is also "!$&'()*+,=", ":" and
 * "@", but without pct-encoded and without ";", behind which some servers read
 * parameters.
 */

static const uint32_t  ngx_eiam_target_pchar[] = {
    0x00000000, /* 0000 0000 0000 0000  0000 0000 0000 0000 */

                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0x27ff7fd2, /* 0010 0111 1111 1111  0111 1111 1101 0010 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0x87ffffff, /* 1000 0111 1111 1111  1111 1111 1111 1111 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x47fffffe, /* 0100 0111 1111 1111  1111 1111 1111 1110 */

    0x00000000, 0x00000000, 0x00000000, 0x00000000
};


/* which of these clients may encode; and " " and "|", which must be encoded */

static const uint32_t  ngx_eiam_target_encodable[] = {
    0x00000000, /* 0000 0000 0000 0000  0000 0000 0000 0000 */

                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0x24001fd3, /* 0010 0100 0000 0000  0001 1111 1101 0011 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0x00000001, /* 0000 0000 0000 0000  0000 0000 0000 0001 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x10000000, /* 0001 0000 0000 0000  0000 0000 0000 0000 */

    0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff
};


#define ngx_eiam_target_is(table, c)                                          \
    ((table)[(c) >> 5] & (1U << ((c) & 0x1f)))


/*
 * A regex for what does not occur in names beyond ASCII: everything that is
 * neither a letter nor a mark nor a digit, except for a middle dot between two
 * of them; a mark that stands alone; marks that strike a character through,
 * which some software maps to "/" or "\"; and invisible characters.
 */

#define NGX_EIAM_TARGET_STRUCK   "\\x{334}-\\x{338}\\x{20d0}-\\x{20ff}"

#define NGX_EIAM_TARGET_UNSEEN                                                \
    "\\x{34f}\\x{115f}\\x{1160}\\x{17b4}\\x{17b5}\\x{180b}-\\x{180f}"         \
    "\\x{3164}\\x{fe00}-\\x{fe0f}\\x{ffa0}\\x{16fe4}\\x{e0100}-\\x{e01ef}"

#define NGX_EIAM_TARGET_FOREIGN                                               \
    "(*UTF)[^\\x00-\\x7f\\p{L}\\p{M}\\p{Nd}\\x{b7}\\x{30fb}]"                 \
    "|[" NGX_EIAM_TARGET_STRUCK NGX_EIAM_TARGET_UNSEEN "]"                    \
    "|(?<![\\p{L}\\p{M}\\p{Nd}])[\\p{M}\\x{b7}\\x{30fb}]"                     \
    "|[\\x{b7}\\x{30fb}](?![\\p{L}\\p{Nd}])"


static ngx_uint_t ngx_eiam_target_is_plain(const ngx_str_t *path);
static ngx_eiam_detail_e ngx_eiam_target_segments(const ngx_str_t *path,
    const uint32_t *plain, ngx_uint_t utf8);
static ngx_eiam_detail_e ngx_eiam_target_character(u_char ch);
static ngx_eiam_detail_e ngx_eiam_target_same(const ngx_str_t *raw,
    const ngx_str_t *decoded);
static ngx_eiam_detail_e ngx_eiam_target_beyond_ascii(ngx_str_t *path,
    void *charset);


void *
ngx_eiam_target_charset(ngx_conf_t *cf)
{
#if (NGX_PCRE)
    ngx_regex_compile_t  rc;
    u_char               errstr[NGX_MAX_CONF_ERRSTR];

    ngx_memzero(&rc, sizeof(ngx_regex_compile_t));

    ngx_str_set(&rc.pattern, NGX_EIAM_TARGET_FOREIGN);
    rc.pool = cf->pool;
    rc.err.len = NGX_MAX_CONF_ERRSTR;
    rc.err.data = errstr;

    if (ngx_regex_compile(&rc) == NGX_OK) {
        return rc.regex;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V", &rc.err);
#endif

    return NULL;
}


ngx_eiam_detail_e
ngx_eiam_target_check(const ngx_str_t *raw, ngx_str_t *decoded, void *charset)
{
    ngx_eiam_detail_e  detail;

    if (decoded->len > NGX_EIAM_PATH_MAX) {
        return NGX_EIAM_DETAIL_PATH_TOO_LONG;
    }

    if (charset == NULL) {

        if (raw != NULL
            && (raw->len != decoded->len
                || (raw->data != decoded->data
                    && ngx_memcmp(raw->data, decoded->data, raw->len) != 0)))
        {
            detail = ngx_eiam_target_same(raw, decoded);

            return detail ? detail : NGX_EIAM_DETAIL_ENCODING;
        }

        return ngx_eiam_target_is_plain(decoded)
               ? NGX_EIAM_NO_DETAIL
               : ngx_eiam_target_segments(decoded, ngx_eiam_target_unreserved,
                                          0);
    }

    if (raw != NULL) {
        detail = ngx_eiam_target_same(raw, decoded);

        if (detail != NGX_EIAM_NO_DETAIL) {
            return detail;
        }
    }

    detail = ngx_eiam_target_segments(decoded, ngx_eiam_target_pchar, 1);

    return detail ? detail : ngx_eiam_target_beyond_ascii(decoded, charset);
}


/*
 * A quick check: the path has only plain characters, no segment that begins
 * with a dot, and is so short that no segment is too long.  Most paths pass;
 * the others are examined more closely.
 */

static ngx_uint_t
ngx_eiam_target_is_plain(const ngx_str_t *path)
{
    u_char            *p, *last;
    ngx_eiam_bytes_t   bytes, next, bad;

    if (path->len <= NGX_EIAM_BYTES || path->len > NGX_EIAM_SEGMENT_MAX) {
        return 0;
    }

    p = path->data;
    last = p + path->len - NGX_EIAM_BYTES - 1;
    bad = (ngx_eiam_bytes_t) { 0 };

    for ( ;; ) {

        bytes = ngx_eiam_bytes_load(p);
        next = ngx_eiam_bytes_load(p + 1);

        bad |= ~ngx_eiam_bytes_plain(next)
               | ((ngx_eiam_bytes_t) (bytes == '/')
                  & ngx_eiam_bytes_between(next, '.', '/'));

        if (p == last) {
            break;
        }

        p = ngx_min(p + NGX_EIAM_BYTES, last);
    }

    return !ngx_eiam_bytes_any(bad) && *path->data == '/'
           && path->data[path->len - 1] != '/';
}


/*
 * Every segment has 1 to NGX_EIAM_SEGMENT_MAX characters, is not made of dots
 * alone, and has no blanks at its ends; only the last segment may be empty.
 * With utf8 the escapes have been checked before, unless nginx writes the path
 * anew.
 */

static ngx_eiam_detail_e
ngx_eiam_target_segments(const ngx_str_t *path, const uint32_t *plain,
    ngx_uint_t utf8)
{
    u_char      *p, *last;
    ngx_uint_t   length, dots;

    p = path->data;
    last = p + path->len;

    if (p == last || *p != '/') {
        return NGX_EIAM_DETAIL_CHARACTER;
    }

    while (p < last) {

        length = 0;
        dots = 0;

        for (p++; p < last && *p != '/'; p++) {

            if (ngx_eiam_target_is(plain, *p)) {
                dots += (*p == '.');
                length++;
                continue;
            }

            if (!utf8 || !ngx_eiam_target_is(ngx_eiam_target_encodable, *p)) {
                return ngx_eiam_target_character(*p);
            }

            if (*p == ' ') {

                if (p[-1] == '/' || p + 1 == last || p[1] == '/') {
                    return NGX_EIAM_DETAIL_CHARACTER;
                }

                dots++;
            }

            /* a character of UTF-8 is counted at its first byte */
            length += (*p < 0x80 || *p >= 0xc0);
        }

        /* an API may have paths that end in "/" */

        if (length == 0 && p == last) {
            break;
        }

        if (length == dots) {
            return length ? NGX_EIAM_DETAIL_DOT_SEGMENT
                          : NGX_EIAM_DETAIL_EMPTY_SEGMENT;
        }

        if (length > NGX_EIAM_SEGMENT_MAX) {
            return NGX_EIAM_DETAIL_SEGMENT_TOO_LONG;
        }
    }

    return NGX_EIAM_NO_DETAIL;
}


static ngx_eiam_detail_e
ngx_eiam_target_character(u_char ch)
{
    if (ch == '%') {
        return NGX_EIAM_DETAIL_ENCODING;
    }

    return (ch == ';') ? NGX_EIAM_DETAIL_PARAMETER : NGX_EIAM_DETAIL_CHARACTER;
}


/*
 * Checks that the raw path is the decoded one, with only those characters
 * encoded that may be; ngx_eiam_route_check() checks where they may be.
 */

static ngx_eiam_detail_e
ngx_eiam_target_same(const ngx_str_t *raw, const ngx_str_t *decoded)
{
    u_char     *p, *last, *d, *end;
    ngx_int_t   c;

    p = raw->data;
    last = p + raw->len;
    d = decoded->data;
    end = d + decoded->len;

    for ( /* void */ ; p < last && d < end; d++) {

        if (*p == '%') {
            c = (last - p > 2) ? ngx_hextoi(p + 1, 2) : NGX_ERROR;

            if (c == NGX_ERROR || c != *d
                || !ngx_eiam_target_is(ngx_eiam_target_encodable, c))
            {
                return NGX_EIAM_DETAIL_ENCODING;
            }

            p += 3;
            continue;
        }

        if (*p != *d) {
            break;
        }

        if (*p >= 0x80 || *p == ' ' || *p == '|') {
            return NGX_EIAM_DETAIL_CHARACTER;
        }

        p++;
    }

    if (p == last && d == end) {
        return NGX_EIAM_NO_DETAIL;
    }

    /* nginx has merged slashes, or resolved dot segments */

    return (p < last && *p == '/') ? NGX_EIAM_DETAIL_EMPTY_SEGMENT
                                   : NGX_EIAM_DETAIL_DOT_SEGMENT;
}


/* Checks that the path is well-formed UTF-8, with characters of names only. */

static ngx_eiam_detail_e
ngx_eiam_target_beyond_ascii(ngx_str_t *path, void *charset)
{
    u_char  *p, *last;

    last = path->data + path->len;

    for (p = path->data; p < last && *p < 0x80; p++) { /* void */ }

    if (p == last) {
        return NGX_EIAM_NO_DETAIL;
    }

#if (NGX_PCRE)
    /* any error, such as bytes that are not UTF-8, is another number */

    if (ngx_regex_exec((ngx_regex_t *) charset, path, NULL, 0)
        == NGX_REGEX_NO_MATCHED)
    {
        return NGX_EIAM_NO_DETAIL;
    }
#endif

    return NGX_EIAM_DETAIL_CHARACTER;
}
