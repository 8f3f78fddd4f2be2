
#include <ngx_eiam_hash.h>
#include <ngx_eiam_object_mark.h>
#include <ngx_eiam_pattern.h>
#include <ngx_eiam_policy.h>
#include <ngx_eiam_string.h>


static ngx_eiam_state_t *ngx_eiam_policy_step(const ngx_eiam_policy_t *policy,
    const ngx_eiam_state_t *state, u_char *segment, size_t len);
static ngx_int_t ngx_eiam_policy_literal(const ngx_eiam_policy_t *policy,
    const ngx_eiam_state_t *state, u_char *segment, size_t len,
    ngx_eiam_state_t **to);
static ngx_uint_t ngx_eiam_policy_includes(const ngx_eiam_alternative_t *one,
    const ngx_eiam_alternative_t *other);


const ngx_str_t  ngx_eiam_policy_methods[] = {
    ngx_string("GET"),
    ngx_string("HEAD"),
    ngx_string("POST"),
    ngx_string("PUT"),
    ngx_string("PATCH"),
    ngx_string("DELETE"),
    ngx_string("OPTIONS"),
    ngx_string("TRACE"),
    ngx_string("QUERY")
};


static ngx_eiam_resource_t  ngx_eiam_policy_ambiguous_resource = {
    .ambiguous = 1
};


ngx_eiam_state_t  ngx_eiam_policy_ambiguous = {
    .resource = &ngx_eiam_policy_ambiguous_resource,
    .slash = &ngx_eiam_policy_ambiguous_resource,
    .any = &ngx_eiam_policy_ambiguous
};


ngx_uint_t
ngx_eiam_policy_method(const ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_EIAM_METHODS; i++) {

        if (ngx_eiam_str_equal(name, &ngx_eiam_policy_methods[i])) {
            break;
        }
    }

    return i;
}


ngx_eiam_resource_t *
ngx_eiam_policy_find(const ngx_eiam_policy_t *policy, const ngx_str_t *path)
{
    u_char                  *p, *last, *segment;
    const ngx_str_t         *prefix;
    const ngx_eiam_state_t  *state;

    prefix = &policy->prefix;

    if (path->len < prefix->len
        || ngx_memcmp(path->data, prefix->data, prefix->len) != 0)
    {
        return NULL;
    }

    state = policy->start;
    p = path->data + prefix->len;
    last = path->data + path->len;

    if (p < last && *p != '/') {
        return NULL;
    }

    while (p < last && state) {

        segment = p + 1;

        if (segment == last) {
            return state->slash;
        }

        p = memchr(segment, '/', last - segment);
        if (p == NULL) {
            p = last;
        }

        state = ngx_eiam_policy_step(policy, state, segment, p - segment);
    }

    return state ? state->resource : NULL;
}


ngx_eiam_below_e
ngx_eiam_policy_below(const ngx_eiam_policy_t *policy,
    const ngx_eiam_reading_t *reading)
{
    ngx_uint_t         i;
    ngx_eiam_base_t   *base;
    ngx_eiam_below_e   below;

    base = policy->bases.elts;

    for (i = 0; i < policy->bases.nelts; i++) {

        below = ngx_eiam_base_below(&base[i], reading);

        /* everything is below "/", so the spelling of the target matters */

        if (below == NGX_EIAM_BELOW_LOOSE
            || (below == NGX_EIAM_BELOW_PLAIN
                && base[i].nsegments + base[i].skip))
        {
            return below;
        }
    }

    return NGX_EIAM_OUTSIDE;
}


/*
 * A segment that some backend would take for a literal is not taken for a
 * parameter: in another case it is ambiguous, and with a suffix (".json") no
 * operation has it.
 */

static ngx_eiam_state_t *
ngx_eiam_policy_step(const ngx_eiam_policy_t *policy,
    const ngx_eiam_state_t *state, u_char *segment, size_t len)
{
    u_char            *dot, *last;
    ngx_eiam_state_t  *to;

    if (len == 0) {
        return NULL;
    }

    if (!(state->literals[*segment >> 5] & (1U << (*segment & 0x1f)))) {
        return state->patterns ? ngx_eiam_pattern_step(state, segment, len)
                               : state->any;
    }

    if (ngx_eiam_policy_literal(policy, state, segment, len, &to) == NGX_OK) {
        return to;
    }

    last = segment + len;

    for (dot = memchr(segment, '.', len);
         dot;
         dot = memchr(dot + 1, '.', last - (dot + 1)))
    {
        if (ngx_eiam_policy_literal(policy, state, segment, dot - segment,
                                    &to)
            == NGX_OK)
        {
            return NULL;
        }
    }

    return state->patterns ? ngx_eiam_pattern_step(state, segment, len)
                           : state->any;
}


/*
 * NGX_OK: the segment is the literal, or differs from it only by case and is
 * ambiguous; NGX_DECLINED: neither.
 */

static ngx_int_t
ngx_eiam_policy_literal(const ngx_eiam_policy_t *policy,
    const ngx_eiam_state_t *state, u_char *segment, size_t len,
    ngx_eiam_state_t **to)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    const ngx_eiam_step_t  *step;

    rc = NGX_DECLINED;
    i = ngx_eiam_hash(segment, len, state->seed);

    for (step = &policy->steps[i & policy->mask];
         step->from;
         step = &policy->steps[++i & policy->mask])
    {
        if (step->from != state || step->segment.len != len) {
            continue;
        }

        if (ngx_memcmp(step->segment.data, segment, len) == 0) {
            *to = step->to;
            return NGX_OK;
        }

        if (ngx_strncasecmp(step->segment.data, segment, len) == 0) {
            *to = &ngx_eiam_policy_ambiguous;
            rc = NGX_OK;
        }
    }

    return rc;
}


ngx_int_t
ngx_eiam_policy_permits(const ngx_eiam_operation_t *operation,
    const ngx_eiam_scope_bits_t *set)
{
    ngx_uint_t               i, k;
    ngx_eiam_alternative_t  *alternative;

    alternative = operation->alternatives;

    for (i = 0; i < operation->n; i++) {

        for (k = 0; k < alternative[i].n; k++) {

            if (!ngx_eiam_scope_set_has(set, alternative[i].scopes[k])) {
                break;
            }
        }

        if (k == alternative[i].n) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_uint_t
ngx_eiam_policy_implies(const ngx_eiam_operation_t *one,
    const ngx_eiam_operation_t *other)
{
    ngx_uint_t  i, k;

    if (one->report && !other->report) {
        return 0;
    }

    if (one->is_public) {
        return other->is_public;
    }

    if (!other->is_public
        && !ngx_eiam_object_mark_includes(&one->marks, &other->marks))
    {
        return 0;
    }

    for (i = 0; i < one->n && !other->is_public; i++) {

        for (k = 0; k < other->n; k++) {

            if (ngx_eiam_policy_includes(&one->alternatives[i],
                                         &other->alternatives[k]))
            {
                break;
            }
        }

        if (k == other->n) {
            return 0;
        }
    }

    return 1;
}


/* whether one alternative requires all scopes of the other */

static ngx_uint_t
ngx_eiam_policy_includes(const ngx_eiam_alternative_t *one,
    const ngx_eiam_alternative_t *other)
{
    ngx_uint_t  i, k;

    for (k = 0; k < other->n; k++) {

        for (i = 0; i < one->n; i++) {

            if (one->scopes[i] == other->scopes[k]) {
                break;
            }
        }

        if (i == one->n) {
            return 0;
        }
    }

    return 1;
}


ngx_uint_t
ngx_eiam_policy_is_same(const ngx_eiam_operation_t *one,
    const ngx_eiam_operation_t *other)
{
    return ngx_eiam_policy_implies(one, other)
           && ngx_eiam_policy_implies(other, one);
}
