
#include <ngx_eiam_hash.h>
#include <ngx_eiam_scope.h>
#include <ngx_eiam_string.h>
#include <ngx_eiam_utf8.h>


#define NGX_EIAM_SCOPE_TABLE  64      /* slots at first: a power of 2 */


static ngx_int_t ngx_eiam_scope_enlarge(ngx_eiam_scopes_t *scopes,
    ngx_uint_t slots);
static uint16_t *ngx_eiam_scope_slot(const ngx_eiam_scopes_t *scopes,
    const ngx_str_t *name);
static ngx_uint_t ngx_eiam_scope_set_words(const ngx_eiam_scopes_t *scopes);
static u_char *ngx_eiam_scope_append(u_char *p, const ngx_str_t *name);


ngx_eiam_scopes_t *
ngx_eiam_scopes_create(ngx_pool_t *pool)
{
    ngx_eiam_scopes_t  *scopes;

    scopes = ngx_pcalloc(pool, sizeof(ngx_eiam_scopes_t));
    if (scopes == NULL) {
        return NULL;
    }

    scopes->pool = pool;

    if (ngx_array_init(&scopes->names, pool, 32, sizeof(ngx_str_t)) != NGX_OK
        || ngx_eiam_scope_enlarge(scopes, NGX_EIAM_SCOPE_TABLE) != NGX_OK)
    {
        return NULL;
    }

    return scopes;
}


static ngx_int_t
ngx_eiam_scope_enlarge(ngx_eiam_scopes_t *scopes, ngx_uint_t slots)
{
    uint16_t    *table;
    ngx_str_t   *name;
    ngx_uint_t   i;

    table = ngx_pcalloc(scopes->pool, slots * sizeof(uint16_t));
    if (table == NULL) {
        return NGX_ERROR;
    }

    scopes->table = table;
    scopes->mask = slots - 1;

    name = scopes->names.elts;

    for (i = 0; i < scopes->names.nelts; i++) {
        *ngx_eiam_scope_slot(scopes, &name[i]) = i + 1;
    }

    return NGX_OK;
}


/* the slot that has the number of the scope, or a free one (0) for it */

static uint16_t *
ngx_eiam_scope_slot(const ngx_eiam_scopes_t *scopes, const ngx_str_t *name)
{
    uint16_t    *slot;
    ngx_str_t   *names;
    ngx_uint_t   i;

    names = scopes->names.elts;
    i = ngx_eiam_hash(name->data, name->len, 0);

    for ( ;; ) {

        slot = &scopes->table[i++ & scopes->mask];

        if (*slot == 0 || ngx_eiam_str_equal(&names[*slot - 1], name)) {
            return slot;
        }
    }
}


ngx_int_t
ngx_eiam_scope_number(ngx_eiam_scopes_t *scopes, const ngx_str_t *name)
{
    ngx_int_t   number;
    ngx_str_t  *copy;

    number = ngx_eiam_scope_find(scopes, name);
    if (number != NGX_DECLINED) {
        return number;
    }

    number = scopes->names.nelts;

    if (number == NGX_EIAM_SCOPES_MAX) {
        return NGX_ERROR;
    }

    if (2 * (ngx_uint_t) number > scopes->mask
        && ngx_eiam_scope_enlarge(scopes, 2 * (scopes->mask + 1)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    copy = ngx_array_push(&scopes->names);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    copy->len = name->len;
    copy->data = ngx_pstrdup(scopes->pool, (ngx_str_t *) name);
    if (copy->data == NULL) {
        scopes->names.nelts--;
        return NGX_ERROR;
    }

    *ngx_eiam_scope_slot(scopes, copy) = number + 1;

    return number;
}


ngx_int_t
ngx_eiam_scope_find(const ngx_eiam_scopes_t *scopes, const ngx_str_t *name)
{
    uint16_t  slot;

    slot = *ngx_eiam_scope_slot(scopes, name);

    return slot ? slot - 1 : NGX_DECLINED;
}


ngx_eiam_scope_bits_t *
ngx_eiam_scope_set_create(ngx_eiam_scopes_t *scopes, ngx_pool_t *pool)
{
    return ngx_pcalloc(pool, ngx_eiam_scope_set_words(scopes)
                             * sizeof(ngx_eiam_scope_bits_t));
}


ngx_eiam_scope_bits_t *
ngx_eiam_scope_set_copy(ngx_eiam_scopes_t *scopes,
    const ngx_eiam_scope_bits_t *set, ngx_pool_t *pool)
{
    ngx_eiam_scope_bits_t  *copy;

    copy = ngx_eiam_scope_set_create(scopes, pool);

    if (copy) {
        ngx_memcpy(copy, set, ngx_eiam_scope_set_words(scopes)
                              * sizeof(ngx_eiam_scope_bits_t));
    }

    return copy;
}


static ngx_uint_t
ngx_eiam_scope_set_words(const ngx_eiam_scopes_t *scopes)
{
    return scopes->names.nelts / 64 + 1;
}


ngx_int_t
ngx_eiam_scope_set_read(ngx_eiam_scopes_t *scopes, const ngx_str_t *text,
    ngx_eiam_scope_bits_t *set, ngx_array_t *order)
{
    u_char     *p, *last;
    ngx_int_t   n, *number;
    ngx_str_t   name;

    last = text->data + text->len;

    for (p = text->data; p < last; p = name.data + name.len + 1) {

        name.data = p;
        p = memchr(p, ' ', last - p);
        name.len = (p ? p : last) - name.data;

        n = ngx_eiam_scope_find(scopes, &name);

        if (n == NGX_DECLINED) {
            continue;
        }

        number = ngx_array_push(order);
        if (number == NULL) {
            return NGX_ERROR;
        }

        *number = n;
        ngx_eiam_scope_set_add(set, n);
    }

    return NGX_OK;
}


size_t
ngx_eiam_scope_words(const ngx_str_t *text, u_char *p)
{
    u_char     *q, *last, *begin;
    ngx_str_t   name;

    begin = p;
    last = text->data + text->len;

    for (q = text->data; q < last; q = name.data + name.len + 1) {

        name.data = q;
        q = memchr(q, ' ', last - q);
        name.len = (q ? q : last) - name.data;

        if (name.len == 0 || !ngx_eiam_utf8_is_text(&name)) {
            continue;
        }

        if (p != begin) {
            *p++ = ' ';
        }

        p = ngx_cpymem(p, name.data, name.len);
    }

    return p - begin;
}


void
ngx_eiam_scope_set_limit(ngx_eiam_scopes_t *scopes,
    ngx_eiam_scope_bits_t *set, const ngx_eiam_scope_bits_t *other)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_eiam_scope_set_words(scopes); i++) {
        set[i] &= other[i];
    }
}


void
ngx_eiam_scope_set_close(ngx_eiam_scope_bits_t *set,
    const ngx_array_t *implications)
{
    ngx_uint_t               i, changed;
    ngx_eiam_implication_t  *implication;

    if (implications == NULL) {
        return;
    }

    implication = implications->elts;

    do {
        changed = 0;

        for (i = 0; i < implications->nelts; i++) {

            if (ngx_eiam_scope_set_has(set, implication[i].scope)
                && !ngx_eiam_scope_set_has(set, implication[i].included))
            {
                ngx_eiam_scope_set_add(set, implication[i].included);
                changed = 1;
            }
        }

    } while (changed);
}


ngx_int_t
ngx_eiam_scope_set_text(ngx_eiam_scopes_t *scopes,
    const ngx_eiam_scope_bits_t *set, const ngx_array_t *first,
    ngx_pool_t *pool, ngx_str_t *text)
{
    u_char                 *p;
    size_t                  len;
    ngx_int_t              *number;
    ngx_str_t              *name;
    ngx_uint_t              i, words;
    ngx_eiam_scope_bits_t   bits, rest[NGX_EIAM_SCOPES_MAX / 64 + 1];

    name = scopes->names.elts;
    number = first->elts;
    words = ngx_eiam_scope_set_words(scopes);
    len = 0;

    for (i = 0; i < words; i++) {

        rest[i] = set[i];

        for (bits = set[i]; bits; bits &= bits - 1) {
            len += name[64 * i + __builtin_ctzll(bits)].len + 1;
        }
    }

    p = ngx_pnalloc(pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    text->len = len ? len - 1 : 0;

    for (i = 0; i < first->nelts; i++) {

        if (ngx_eiam_scope_set_has(rest, number[i])) {
            ngx_eiam_scope_set_remove(rest, number[i]);
            p = ngx_eiam_scope_append(p, &name[number[i]]);
        }
    }

    for (i = 0; i < words; i++) {

        for (bits = rest[i]; bits; bits &= bits - 1) {
            p = ngx_eiam_scope_append(p,
                                      &name[64 * i + __builtin_ctzll(bits)]);
        }
    }

    return NGX_OK;
}


static u_char *
ngx_eiam_scope_append(u_char *p, const ngx_str_t *name)
{
    p = ngx_cpymem(p, name->data, name->len);
    *p++ = ' ';

    return p;
}
