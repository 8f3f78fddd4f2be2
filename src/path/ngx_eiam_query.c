
#include <ngx_eiam_bytes.h>
#include <ngx_eiam_query.h>


static size_t ngx_eiam_query_shortest(const ngx_str_t *names);
static ngx_uint_t ngx_eiam_query_may_begin(u_char *p, const ngx_str_t *names);
static ngx_int_t ngx_eiam_query_match(u_char *p, u_char *last,
    const ngx_str_t *names);
static ngx_uint_t ngx_eiam_query_goes_on(u_char *p, u_char *last,
    const ngx_str_t *name);
static ngx_uint_t ngx_eiam_query_same(u_char c, u_char letter);
static u_char ngx_eiam_query_char(u_char **p, u_char *last);
static ngx_uint_t ngx_eiam_query_digit(u_char c);
static void ngx_eiam_query_value(u_char *p, u_char *last, ngx_str_t *value);


#define ngx_eiam_query_separates(c)  ((c) == '&' || (c) == ';')
#define ngx_eiam_query_ends(c)  (ngx_eiam_query_separates(c) || (c) == '=')


ngx_int_t
ngx_eiam_query_find(const ngx_str_t *query, const ngx_str_t *name,
    ngx_str_t *value)
{
    ngx_str_t  names[2];

    names[0] = *name;
    ngx_str_null(&names[1]);

    return (ngx_eiam_query_search(query, names, value) == NGX_DECLINED)
           ? NGX_DECLINED : NGX_OK;
}


/* a name that has been found is not searched again, however often it occurs */

ngx_uint_t
ngx_eiam_query_has(const ngx_str_t *query, const ngx_str_t *names)
{
    u_char      *last;
    ngx_int_t    n;
    ngx_str_t    rest, value, left[NGX_EIAM_QUERY_NAMES + 1];
    ngx_uint_t   i, found, number[NGX_EIAM_QUERY_NAMES + 1];

    found = 0;
    rest = *query;
    last = rest.data + rest.len;

    n = ngx_eiam_query_search(&rest, names, &value);

    if (n == NGX_DECLINED) {
        return 0;
    }

    for (i = 0; names[i].len; i++) {
        left[i] = names[i];
        number[i] = i;
    }

    left[i] = names[i];
    number[i] = 0;

    do {
        found |= (ngx_uint_t) 1 << number[n];

        for (i = n; left[i].len; i++) {
            left[i] = left[i + 1];
            number[i] = number[i + 1];
        }

        rest.data = value.data + value.len;
        rest.len = last - rest.data;

        n = left[0].len ? ngx_eiam_query_search(&rest, left, &value)
                        : NGX_DECLINED;

    } while (n != NGX_DECLINED);

    return found;
}


/*
 * No encoding of a name is shorter than the name, so parameters that are
 * shorter than all names are skipped.
 */

ngx_int_t
ngx_eiam_query_search(const ngx_str_t *query, const ngx_str_t *names,
    ngx_str_t *value)
{
    u_char     *p, *last, *stop, *start;
    ssize_t     shortest;
    ngx_int_t   n;

    p = query->data;
    last = p + query->len;
    shortest = ngx_eiam_query_shortest(names);

    /* URLSearchParams of JavaScript ignores a "?" there */

    while (p < last && *p == '?') {
        p++;
    }

    start = p;

    while (p < last) {

        if (last - p > NGX_EIAM_BYTES
            && (p - start >= shortest || ngx_eiam_query_ends(*start))
            && !ngx_eiam_query_may_begin(p, names))
        {
            p += NGX_EIAM_BYTES;
            continue;
        }

        for (stop = ngx_min(p + NGX_EIAM_BYTES, last); p < stop; p++) {

            if (ngx_eiam_query_separates(*p)) {
                start = p + 1;
                continue;
            }

            if (*p == '=' && p - start < shortest) {
                start = query->data - shortest;
            }

            if (p + 1 - start != shortest) {
                continue;
            }

            n = ngx_eiam_query_match(start, last, names);

            if (n != NGX_DECLINED) {
                ngx_eiam_query_value(start, last, value);
                return n;
            }
        }
    }

    return NGX_DECLINED;
}


static size_t
ngx_eiam_query_shortest(const ngx_str_t *names)
{
    size_t  len;

    for (len = names->len; names->len; names++) {
        len = ngx_min(len, names->len);
    }

    return len;
}


/*
 * A quick check that spares most bytes the match: does a separator stand here,
 * and can a name begin with what follows?
 */

static ngx_uint_t
ngx_eiam_query_may_begin(u_char *p, const ngx_str_t *names)
{
    ngx_eiam_bytes_t  bytes, next, begin;

    bytes = ngx_eiam_bytes_load(p);
    bytes = (ngx_eiam_bytes_t) (bytes == '&')
            | (ngx_eiam_bytes_t) (bytes == ';');

    if (!ngx_eiam_bytes_any(bytes)) {
        return 0;
    }

    next = ngx_eiam_bytes_load(p + 1);

    begin = ngx_eiam_bytes_between(next, '\0', ' ')
            | (ngx_eiam_bytes_t) (next == '%')
            | (ngx_eiam_bytes_t) (next == '+')
            | (ngx_eiam_bytes_t) (next == '.')
            | (ngx_eiam_bytes_t) (next == '[');

    for ( /* void */ ; names->len; names++) {
        begin |= (ngx_eiam_bytes_t) ((next | 0x20)
                                     == (u_char) (*names->data | 0x20));
    }

    return ngx_eiam_bytes_any(bytes & begin);
}


/* the number of the name that the parameter at p has, or NGX_DECLINED */

static ngx_int_t
ngx_eiam_query_match(u_char *p, u_char *last, const ngx_str_t *names)
{
    u_char      c;
    ngx_uint_t  n;

    do {
        while (p < last && (*p == '+' || *p <= ' ')) {
            p++;
        }

        if (p == last || ngx_eiam_query_ends(*p)) {
            return NGX_DECLINED;
        }

        c = ngx_eiam_query_char(&p, last);

    } while (c == '+' || c <= ' ');

    for (n = 0; names[n].len; n++) {

        if (ngx_eiam_query_same(c, *names[n].data)
            && ngx_eiam_query_goes_on(p, last, &names[n]))
        {
            return n;
        }
    }

    return NGX_DECLINED;
}


/* whether the rest of the name follows its first character, and then ends */

static ngx_uint_t
ngx_eiam_query_goes_on(u_char *p, u_char *last, const ngx_str_t *name)
{
    u_char  c;
    size_t  i;

    for (i = 1; i < name->len; i++) {

        if (p < last && *p == name->data[i]) {
            p++;
            continue;
        }

        if (p == last || ngx_eiam_query_ends(*p)
            || !ngx_eiam_query_same(ngx_eiam_query_char(&p, last),
                                    name->data[i]))
        {
            return 0;
        }
    }

    if (p == last || ngx_eiam_query_ends(*p)) {
        return 1;
    }

    c = ngx_eiam_query_char(&p, last);

    return c == '[' || c == '\0';
}


/* PHP reads ".", "[" and a space in a name as "_" */

static ngx_uint_t
ngx_eiam_query_same(u_char c, u_char letter)
{
    return ngx_tolower(c) == letter
           || (letter == '_'
               && (c == '.' || c == '[' || c == '+' || c == ' '));
}


/* decodes as often as possible: "%255f" may finally be a "_" */

static u_char
ngx_eiam_query_char(u_char **p, u_char *last)
{
    u_char      c, *q;
    ngx_uint_t  high, low;

    q = *p;
    c = *q++;

    for (*p = q; c == '%'; *p = q) {

        /* ASP.NET has "%u005f" too */

        if (last - q > 4 && (*q | 0x20) == 'u' && q[1] == '0' && q[2] == '0')
        {
            q += 3;
        }

        if (last - q < 2) {
            break;
        }

        high = ngx_eiam_query_digit(*q++);
        low = ngx_eiam_query_digit(*q++);

        if ((high | low) > 0x0f) {
            break;
        }

        c = (u_char) (high << 4 | low);
    }

    return c;
}


/* the value of a hexadecimal digit, or more than 15 */

static ngx_uint_t
ngx_eiam_query_digit(u_char c)
{
    if (c <= '9') {
        return (u_char) (c - '0');
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : 0xff;
}


/* the value of the parameter at p */

static void
ngx_eiam_query_value(u_char *p, u_char *last, ngx_str_t *value)
{
    while (p < last && *p != '=' && !ngx_eiam_query_separates(*p)) {
        p++;
    }

    if (p < last && *p == '=') {
        p++;
    }

    value->data = p;

    while (p < last && !ngx_eiam_query_separates(*p)) {
        p++;
    }

    value->len = p - value->data;
}


ngx_int_t
ngx_eiam_query_next(ngx_str_t *rest, const ngx_str_t *name, ngx_str_t *value)
{
    return ngx_eiam_query_next_of(rest, name, name, value);
}


ngx_int_t
ngx_eiam_query_next_of(ngx_str_t *rest, const ngx_str_t *lowcase,
    const ngx_str_t *name, ngx_str_t *value)
{
    u_char  *start, *last;

    last = rest->data + rest->len;

    if (ngx_eiam_query_find(rest, lowcase, value) != NGX_OK) {
        return NGX_DECLINED;
    }

    start = value->data - name->len - 1;

    if (start < rest->data
        || ngx_memcmp(start, name->data, name->len) != 0
        || start[name->len] != '='
        || (start > rest->data && start[-1] != '&'))
    {
        return NGX_ABORT;
    }

    rest->data = value->data + value->len;
    rest->len = last - rest->data;

    return (rest->len && *rest->data == ';') ? NGX_ABORT : NGX_OK;
}


ngx_int_t
ngx_eiam_query_decode(const ngx_str_t *value, ngx_pool_t *pool,
    ngx_str_t *text)
{
    u_char      c, *p, *q, *last;
    ngx_int_t   n;

    text->data = ngx_pnalloc(pool, value->len + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    q = text->data;
    p = value->data;
    last = p + value->len;

    while (p < last) {

        c = *p++;

        if (c == '+') {
            c = ' ';

        } else if (c == '%') {

            n = (last - p >= 2) ? ngx_hextoi(p, 2) : NGX_ERROR;
            if (n == NGX_ERROR) {
                return NGX_ABORT;
            }

            c = (u_char) n;
            p += 2;
        }

        if (c < 0x20 || c == 0x7f) {
            return NGX_ABORT;
        }

        *q++ = c;
    }

    text->len = q - text->data;

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_query_has_escape(const ngx_str_t *text)
{
    u_char  *p, *last;

    last = text->data + text->len;

    for (p = text->data; last - p > 2; p++) {

        p = memchr(p, '%', last - p - 2);

        if (p == NULL) {
            return 0;
        }

        if (ngx_hextoi(p + 1, 2) != NGX_ERROR) {
            return 1;
        }
    }

    return 0;
}
