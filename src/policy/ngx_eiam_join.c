
#include <ngx_eiam_join.h>
#include <ngx_eiam_string.h>


static ngx_int_t ngx_eiam_join_mixed(ngx_array_t *patterns,
    const ngx_array_t *texts, ngx_uint_t *visits);
static ngx_int_t ngx_eiam_join_several(ngx_array_t *several,
    const ngx_array_t *nodes);
static ngx_int_t ngx_eiam_join_all(ngx_array_t *patterns, ngx_uint_t *visits);
static ngx_int_t ngx_eiam_join_two(ngx_array_t *patterns,
    const ngx_eiam_pattern_t *one, const ngx_eiam_pattern_t *other);
static ngx_int_t ngx_eiam_join_overlaps(ngx_array_t *patterns,
    const ngx_str_t *prefix, const ngx_str_t *suffix, size_t least,
    ngx_uint_t apart);
static ngx_eiam_pattern_t *ngx_eiam_join_add(ngx_array_t *patterns,
    const ngx_str_t *prefix, const char *between, const ngx_str_t *suffix);
static ngx_str_t ngx_eiam_join_prefix(const ngx_eiam_pattern_t *pattern);
static ngx_str_t ngx_eiam_join_suffix(const ngx_eiam_pattern_t *pattern);


ngx_int_t
ngx_eiam_join_patterns(const ngx_array_t *nodes, ngx_array_t *patterns,
    ngx_array_t *several, ngx_uint_t *visits)
{
    ngx_uint_t              i;
    ngx_eiam_tree_node_t  **node;

    node = nodes->elts;

    for (i = 0; i < nodes->nelts; i++) {

        if (node[i]->several
            && ngx_eiam_join_several(several, node[i]->several) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (node[i]->mixed
            && ngx_eiam_join_mixed(patterns, &node[i]->mixed->texts, visits)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (*visits > NGX_EIAM_COMPILE_MAX) {
            return NGX_DECLINED;
        }
    }

    return ngx_eiam_join_all(patterns, visits);
}


static ngx_int_t
ngx_eiam_join_mixed(ngx_array_t *patterns, const ngx_array_t *texts,
    ngx_uint_t *visits)
{
    ngx_str_t           *text;
    ngx_uint_t           i, k, n;
    ngx_eiam_pattern_t  *pattern;

    text = texts->elts;
    n = patterns->nelts;

    *visits += n * texts->nelts;

    for (i = 0; i < texts->nelts && *visits <= NGX_EIAM_COMPILE_MAX; i++) {

        /* the texts of one node differ from one another */

        pattern = patterns->elts;

        for (k = 0; k < n; k++) {

            if (ngx_eiam_str_equal(&pattern[k].text, &text[i])) {
                break;
            }
        }

        if (k < n) {
            continue;
        }

        pattern = ngx_array_push(patterns);
        if (pattern == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(pattern, sizeof(ngx_eiam_pattern_t));

        pattern->text = text[i];
        pattern->shape = ngx_eiam_pattern_shape(&text[i]);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_join_several(ngx_array_t *several, const ngx_array_t *nodes)
{
    ngx_str_t              *text;
    ngx_uint_t              i, k;
    ngx_eiam_tree_node_t  **node;

    node = nodes->elts;

    for (i = 0; i < nodes->nelts; i++) {

        text = several->elts;

        for (k = 0; k < several->nelts; k++) {

            if (ngx_eiam_str_equal(&text[k], &node[i]->sn.str)) {
                break;
            }
        }

        if (k < several->nelts) {
            continue;
        }

        text = ngx_array_push(several);
        if (text == NULL) {
            return NGX_ERROR;
        }

        *text = node[i]->sn.str;
    }

    return NGX_OK;
}


/* joins each pattern with all patterns before it, joined ones included */

static ngx_int_t
ngx_eiam_join_all(ngx_array_t *patterns, ngx_uint_t *visits)
{
    ngx_uint_t           i, k, before, behind;
    ngx_eiam_pattern_t  *pattern, one, other;

    before = 0;
    behind = 0;
    pattern = patterns->elts;

    for (i = 0; i < patterns->nelts; i++) {
        before |= (pattern[i].shape.prefix != 0);
        behind |= (pattern[i].shape.suffix != 0);
    }

    if (!before || !behind) {
        return NGX_OK;
    }

    for (i = 0; i < patterns->nelts; i++) {

        *visits += i;

        if (*visits > NGX_EIAM_COMPILE_MAX) {
            return NGX_DECLINED;
        }

        for (k = 0; k < i; k++) {

            /* adding a pattern may move the array */

            pattern = patterns->elts;
            one = pattern[i];
            other = pattern[k];

            if (one.whole || other.whole) {
                continue;
            }

            if (ngx_eiam_join_two(patterns, &one, &other)
                != NGX_OK
                || ngx_eiam_join_two(patterns, &other, &one)
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


/* joins the longer beginning of one pattern with the longer end of the other */

static ngx_int_t
ngx_eiam_join_two(ngx_array_t *patterns,
    const ngx_eiam_pattern_t *one, const ngx_eiam_pattern_t *other)
{
    size_t               least;
    ngx_str_t            prefix, suffix;
    ngx_eiam_pattern_t  *joined;

    if (one->shape.prefix <= other->shape.prefix
        || one->shape.suffix >= other->shape.suffix)
    {
        return NGX_OK;
    }

    prefix = ngx_eiam_join_prefix(one);
    suffix = ngx_eiam_join_suffix(other);

    if (ngx_memcmp(prefix.data, other->text.data, other->shape.prefix) != 0
        || ngx_memcmp(suffix.data + suffix.len - one->shape.suffix,
                      one->text.data + one->text.len - one->shape.suffix,
                      one->shape.suffix)
           != 0)
    {
        return NGX_OK;
    }

    joined = ngx_eiam_join_add(patterns, &prefix, "{", &suffix);
    if (joined == NULL) {
        return NGX_ERROR;
    }

    least = ngx_max(one->text.len, other->text.len);

    return ngx_eiam_join_overlaps(patterns, &prefix, &suffix, least,
                                     joined->joined);
}


/*
 * A segment of at least that many bytes may have both the prefix and the suffix
 * though these touch or overlap, which the joined pattern does not fit. Each
 * such segment is added as a pattern without a parameter.  Where prefix and
 * suffix only touch, this is done for new patterns only ("apart").
 */

static ngx_int_t
ngx_eiam_join_overlaps(ngx_array_t *patterns, const ngx_str_t *prefix,
    const ngx_str_t *suffix, size_t least, ngx_uint_t apart)
{
    size_t               shared;
    ngx_str_t            rest;
    ngx_eiam_pattern_t  *pattern;

    for (shared = apart ? 0 : 1;
         shared <= ngx_min(prefix->len, suffix->len)
         && prefix->len + suffix->len - shared >= least;
         shared++)
    {
        if (ngx_memcmp(prefix->data + prefix->len - shared, suffix->data,
                       shared)
            != 0)
        {
            continue;
        }

        rest.data = suffix->data + shared;
        rest.len = suffix->len - shared;

        pattern = ngx_eiam_join_add(patterns, prefix, "", &rest);
        if (pattern == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* the pattern with that text; if it is new, it is added as joined */

static ngx_eiam_pattern_t *
ngx_eiam_join_add(ngx_array_t *patterns, const ngx_str_t *prefix,
    const char *between, const ngx_str_t *suffix)
{
    u_char              *p;
    ngx_str_t            text;
    ngx_uint_t           i;
    ngx_eiam_pattern_t  *pattern;

    text.len = prefix->len + ngx_strlen(between) + suffix->len;
    text.data = ngx_pnalloc(patterns->pool, text.len);
    if (text.data == NULL) {
        return NULL;
    }

    p = ngx_cpymem(text.data, prefix->data, prefix->len);
    p = ngx_cpymem(p, between, ngx_strlen(between));
    ngx_memcpy(p, suffix->data, suffix->len);

    pattern = patterns->elts;

    for (i = 0; i < patterns->nelts; i++) {

        if (pattern[i].text.len == text.len
            && ngx_memcmp(pattern[i].text.data, text.data, text.len) == 0)
        {
            return &pattern[i];
        }
    }

    pattern = ngx_array_push(patterns);
    if (pattern == NULL) {
        return NULL;
    }

    ngx_memzero(pattern, sizeof(ngx_eiam_pattern_t));

    pattern->text = text;
    pattern->joined = 1;
    pattern->whole = (*between == '\0');
    pattern->shape.prefix = prefix->len;
    pattern->shape.suffix = suffix->len;

    return pattern;
}


static ngx_str_t
ngx_eiam_join_prefix(const ngx_eiam_pattern_t *pattern)
{
    ngx_str_t  prefix;

    prefix.data = pattern->text.data;
    prefix.len = pattern->shape.prefix;

    return prefix;
}


static ngx_str_t
ngx_eiam_join_suffix(const ngx_eiam_pattern_t *pattern)
{
    ngx_str_t  suffix;

    suffix.len = pattern->shape.suffix;
    suffix.data = pattern->text.data + pattern->text.len - suffix.len;

    return suffix;
}
