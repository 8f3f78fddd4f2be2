
#include <ngx_eiam_hash.h>
#include <ngx_eiam_pattern.h>
#include <ngx_eiam_target.h>
#include <ngx_eiam_template.h>


static ngx_int_t ngx_eiam_pattern_table(ngx_eiam_patterns_t *compiled,
    const ngx_array_t *patterns, ngx_pool_t *pool);
static ngx_uint_t ngx_eiam_pattern_several(
    const ngx_eiam_patterns_t *patterns, u_char *segment, size_t len);
static ngx_int_t ngx_eiam_pattern_try(const ngx_eiam_patterns_t *patterns,
    const ngx_eiam_shape_t *shape, u_char *segment, size_t len,
    const ngx_eiam_pattern_t **found);
static ngx_int_t ngx_eiam_pattern_find(const ngx_eiam_patterns_t *patterns,
    const ngx_str_t *text, const ngx_eiam_pattern_t **found);
static ngx_uint_t ngx_eiam_pattern_has_suffix(
    const ngx_eiam_patterns_t *patterns, const ngx_eiam_shape_t *shape,
    u_char *segment, size_t len);


ngx_eiam_shape_t
ngx_eiam_pattern_shape(const ngx_str_t *text)
{
    u_char            *p;
    ngx_eiam_shape_t   shape;

    p = memchr(text->data, NGX_EIAM_PARAMETER, text->len);

    shape.prefix = p - text->data;
    shape.suffix = text->len - shape.prefix - 1;

    return shape;
}


ngx_int_t
ngx_eiam_pattern_add_shape(ngx_array_t *shapes, const ngx_eiam_shape_t *shape)
{
    ngx_uint_t         i;
    ngx_eiam_shape_t  *known;

    known = shapes->elts;

    for (i = 0; i < shapes->nelts; i++) {

        if (known[i].prefix == shape->prefix
            && known[i].suffix == shape->suffix)
        {
            return NGX_OK;
        }
    }

    if (ngx_array_push(shapes) == NULL) {
        return NGX_ERROR;
    }

    known = shapes->elts;

    for ( /* void */ ; i > 0; i--) {

        if (known[i - 1].prefix + known[i - 1].suffix
            >= shape->prefix + shape->suffix)
        {
            break;
        }

        known[i] = known[i - 1];
    }

    known[i] = *shape;

    return NGX_OK;
}


size_t
ngx_eiam_pattern_cut(u_char *buf, const ngx_eiam_shape_t *shape,
    const ngx_str_t *name, const ngx_str_t *pattern)
{
    u_char            *p;
    const ngx_str_t   *text;
    ngx_eiam_shape_t   most;

    if (name) {

        if (name->len <= shape->prefix + shape->suffix) {
            return 0;
        }

        text = name;

    } else {

        if (pattern == NULL) {
            return 0;
        }

        most = ngx_eiam_pattern_shape(pattern);

        if (shape->prefix > most.prefix || shape->suffix > most.suffix) {
            return 0;
        }

        text = pattern;
    }

    p = ngx_cpymem(buf, text->data, shape->prefix);
    *p++ = NGX_EIAM_PARAMETER;
    p = ngx_cpymem(p, text->data + text->len - shape->suffix, shape->suffix);

    return p - buf;
}


ngx_eiam_patterns_t *
ngx_eiam_pattern_compile(const ngx_array_t *patterns,
    const ngx_array_t *several, ngx_pool_t *pool)
{
    ngx_str_t            *text, *copy;
    ngx_uint_t            i;
    ngx_eiam_patterns_t  *compiled;

    compiled = ngx_pcalloc(pool, sizeof(ngx_eiam_patterns_t));

    if (compiled == NULL
        || ngx_array_init(&compiled->shapes, pool, 1,
                          sizeof(ngx_eiam_shape_t))
           != NGX_OK
        || ngx_array_init(&compiled->several, pool, 1, sizeof(ngx_str_t))
           != NGX_OK
        || ngx_eiam_pattern_table(compiled, patterns, pool) != NGX_OK)
    {
        return NULL;
    }

    text = several->elts;

    for (i = 0; i < several->nelts; i++) {

        copy = ngx_array_push(&compiled->several);
        if (copy == NULL) {
            return NULL;
        }

        copy->len = text[i].len;
        copy->data = ngx_pstrdup(pool, &text[i]);
        if (copy->data == NULL) {
            return NULL;
        }
    }

    return compiled;
}


static ngx_int_t
ngx_eiam_pattern_table(ngx_eiam_patterns_t *compiled,
    const ngx_array_t *patterns, ngx_pool_t *pool)
{
    ngx_uint_t           i, k, size;
    ngx_eiam_pattern_t  *pattern, *slot;

    for (size = 4; size < 2 * patterns->nelts; size *= 2) { /* void */ }

    compiled->mask = size - 1;
    compiled->table = ngx_pcalloc(pool, size * sizeof(ngx_eiam_pattern_t));
    if (compiled->table == NULL) {
        return NGX_ERROR;
    }

    pattern = patterns->elts;

    for (i = 0; i < patterns->nelts; i++) {

        k = ngx_eiam_hash(pattern[i].text.data, pattern[i].text.len, 0);

        while (compiled->table[k & compiled->mask].text.data) {
            k++;
        }

        slot = &compiled->table[k & compiled->mask];
        *slot = pattern[i];

        slot->text.data = ngx_pstrdup(pool, &pattern[i].text);
        if (slot->text.data == NULL) {
            return NGX_ERROR;
        }

        if (pattern[i].whole) {
            compiled->wholes = 1;
            continue;
        }

        if (ngx_eiam_pattern_add_shape(&compiled->shapes, &pattern[i].shape)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_eiam_pattern_has_pieces(const ngx_str_t *text, u_char *segment,
    size_t len)
{
    u_char  *p, *last, *piece, *end, *found, *stop;

    p = segment;
    stop = segment + len;
    last = text->data + text->len;

    for (piece = text->data; piece < last; piece = end + 1) {

        end = memchr(piece, NGX_EIAM_PARAMETER, last - piece);
        if (end == NULL) {
            end = last;
        }

        if (end == piece) {
            continue;
        }

        if (stop - p < end - piece) {
            return 0;
        }

        found = ngx_strlcasestrn(p, stop, piece, end - piece - 1);

        /*
         * the text before the first parameter must be at the segment's
         * beginning
         */

        if (found == NULL || (piece == text->data && found != p)) {
            return 0;
        }

        p = found + (end - piece);
    }

    return 1;
}


/*
 * Tries the shapes in the order of their precedence.  A segment that fits a
 * pattern is taken for that one, and a segment that some backend would take for
 * such a one is ambiguous.
 */

ngx_eiam_state_t *
ngx_eiam_pattern_step(const ngx_eiam_state_t *state, u_char *segment,
    size_t len)
{
    ngx_int_t                   rc;
    ngx_str_t                   text;
    ngx_uint_t                  i, several;
    ngx_eiam_shape_t           *shape;
    ngx_eiam_patterns_t        *patterns;
    const ngx_eiam_pattern_t   *found, *whole;

    whole = NULL;
    patterns = state->patterns;
    several = ngx_eiam_pattern_several(patterns, segment, len);

    text.data = segment;
    text.len = len;

    if (patterns->wholes
        && ngx_eiam_pattern_find(patterns, &text, &found) == NGX_OK
        && found->whole)
    {
        whole = found;
    }

    shape = patterns->shapes.elts;

    for (i = 0; i < patterns->shapes.nelts; i++) {

        rc = ngx_eiam_pattern_try(patterns, &shape[i], segment, len, &found);

        if (rc == NGX_OK) {
            return whole ? whole->to[0] : found->to[several];
        }

        if (rc == NGX_ABORT) {
            return &ngx_eiam_policy_ambiguous;
        }

        if (shape[i].suffix
            && ngx_eiam_pattern_has_suffix(patterns, &shape[i], segment, len))
        {
            return NULL;
        }
    }

    return patterns->any[several];
}


/* which of the texts with several parameters fit, as bits */

static ngx_uint_t
ngx_eiam_pattern_several(const ngx_eiam_patterns_t *patterns, u_char *segment,
    size_t len)
{
    ngx_str_t   *text;
    ngx_uint_t   i, fits;

    fits = 0;
    text = patterns->several.elts;

    for (i = 0; i < patterns->several.nelts; i++) {

        if (!ngx_eiam_pattern_has_pieces(&text[i], segment, len)) {
            continue;
        }

        if (patterns->several.nelts > NGX_EIAM_PATTERN_SEVERAL) {
            return 1;
        }

        fits |= 1U << i;
    }

    return fits;
}


ngx_uint_t
ngx_eiam_pattern_combinations(ngx_uint_t n)
{
    return (n > NGX_EIAM_PATTERN_SEVERAL) ? 2 : (ngx_uint_t) 1 << n;
}


/*
 * NGX_OK; NGX_ABORT: the segment is another spelling of one that fits, or its
 * parameter is empty; NGX_DECLINED: no pattern of that shape fits.
 */

static ngx_int_t
ngx_eiam_pattern_try(const ngx_eiam_patterns_t *patterns,
    const ngx_eiam_shape_t *shape, u_char *segment, size_t len,
    const ngx_eiam_pattern_t **found)
{
    u_char     buf[NGX_EIAM_PATH_MAX + 1], *p;
    ngx_int_t  rc;
    ngx_str_t  text;

    if (len < shape->prefix + shape->suffix) {
        return NGX_DECLINED;
    }

    p = ngx_cpymem(buf, segment, shape->prefix);
    *p++ = NGX_EIAM_PARAMETER;
    p = ngx_cpymem(p, segment + len - shape->suffix, shape->suffix);

    text.data = buf;
    text.len = p - buf;

    rc = ngx_eiam_pattern_find(patterns, &text, found);

    if (rc == NGX_DECLINED || len > shape->prefix + shape->suffix) {
        return rc;
    }

    return (*found)->joined ? NGX_DECLINED : NGX_ABORT;
}


/* NGX_OK; NGX_ABORT: the text in another case; or NGX_DECLINED */

static ngx_int_t
ngx_eiam_pattern_find(const ngx_eiam_patterns_t *patterns,
    const ngx_str_t *text, const ngx_eiam_pattern_t **found)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    const ngx_eiam_pattern_t  *pattern;

    rc = NGX_DECLINED;
    i = ngx_eiam_hash(text->data, text->len, 0);

    for (pattern = &patterns->table[i & patterns->mask];
         pattern->text.data;
         pattern = &patterns->table[++i & patterns->mask])
    {
        if (pattern->text.len != text->len
            || ngx_strncasecmp(pattern->text.data, text->data, text->len) != 0)
        {
            continue;
        }

        if (ngx_memcmp(pattern->text.data, text->data, text->len) == 0) {
            *found = pattern;
            return NGX_OK;
        }

        if (!pattern->whole) {
            *found = pattern;
            rc = NGX_ABORT;
        }
    }

    return rc;
}


/* whether the segment fits that shape but for a suffix (".json") behind it */

static ngx_uint_t
ngx_eiam_pattern_has_suffix(const ngx_eiam_patterns_t *patterns,
    const ngx_eiam_shape_t *shape, u_char *segment, size_t len)
{
    u_char                    *dot, *last;
    const ngx_eiam_pattern_t  *found;

    last = segment + len;

    for (dot = memchr(segment, '.', len);
         dot;
         dot = memchr(dot + 1, '.', last - (dot + 1)))
    {
        if (ngx_eiam_pattern_try(patterns, shape, segment, dot - segment,
                                 &found)
            != NGX_DECLINED)
        {
            return 1;
        }
    }

    return 0;
}
