
#include <ngx_eiam_policy.h>
#include <ngx_eiam_string.h>


static ngx_eiam_state_t *ngx_eiam_policy_step(const ngx_eiam_policy_t *policy,
    const ngx_eiam_state_t *state, u_char *segment, size_t len);
static const ngx_eiam_step_t *ngx_eiam_policy_literal(
    const ngx_eiam_policy_t *policy, const ngx_eiam_state_t *state,
    u_char *segment, size_t len);


const ngx_str_t  ngx_eiam_methods[] = {
    ngx_string("GET"),
    ngx_string("HEAD"),
    ngx_string("POST"),
    ngx_string("PUT"),
    ngx_string("PATCH"),
    ngx_string("DELETE"),
    ngx_string("OPTIONS"),
    ngx_string("TRACE")
};


ngx_uint_t
ngx_eiam_method(const ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_EIAM_METHODS; i++) {

        if (ngx_eiam_str_equal(name, &ngx_eiam_methods[i])) {
            break;
        }
    }

    return i;
}


ngx_eiam_resource_t *
ngx_eiam_policy_find(const ngx_eiam_policy_t *policy, const ngx_str_t *path)
{
    u_char                  *p, *last, *segment;
    const ngx_eiam_state_t  *state;

    state = policy->start;
    p = path->data;
    last = p + path->len;

    while (p < last && state) {

        segment = p + 1;

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

        /* all is below "/", so there it matters how it is written */

        if (below == NGX_EIAM_BELOW_LOOSE
            || (below == NGX_EIAM_BELOW_PLAIN && base[i].nsegments))
        {
            return below;
        }
    }

    return NGX_EIAM_OUTSIDE;
}


/*
 * A segment that some backend would take for a literal, as it differs only by
 * its case or by a suffix (".json"), does not stand for a parameter either.
 */

static ngx_eiam_state_t *
ngx_eiam_policy_step(const ngx_eiam_policy_t *policy,
    const ngx_eiam_state_t *state, u_char *segment, size_t len)
{
    u_char                 *dot, *last;
    const ngx_eiam_step_t  *step;

    if (!state->literals) {
        return state->any;
    }

    step = ngx_eiam_policy_literal(policy, state, segment, len);

    if (step) {
        return ngx_memcmp(step->segment.data, segment, len) == 0 ? step->to
                                                                 : NULL;
    }

    last = segment + len;

    for (dot = memchr(segment, '.', len);
         dot;
         dot = memchr(dot + 1, '.', last - (dot + 1)))
    {
        if (ngx_eiam_policy_literal(policy, state, segment, dot - segment)) {
            return NULL;
        }
    }

    return state->any;
}


/* the step by that literal, otherwise by one that differs only by its case */

static const ngx_eiam_step_t *
ngx_eiam_policy_literal(const ngx_eiam_policy_t *policy,
    const ngx_eiam_state_t *state, u_char *segment, size_t len)
{
    ngx_uint_t              i;
    const ngx_eiam_step_t  *step, *near;

    near = NULL;
    i = ngx_eiam_policy_hash(state, segment, len);

    for (step = &policy->steps[i & policy->mask];
         step->from;
         step = &policy->steps[++i & policy->mask])
    {
        if (step->from != state || step->segment.len != len) {
            continue;
        }

        if (ngx_memcmp(step->segment.data, segment, len) == 0) {
            return step;
        }

        if (ngx_strncasecmp(step->segment.data, segment, len) == 0) {
            near = step;
        }
    }

    return near;
}


/* FNV-1a over the segment in lower case */

uint32_t
ngx_eiam_policy_hash(const ngx_eiam_state_t *state, u_char *segment,
    size_t len)
{
    u_char    *last;
    uint32_t   hash;

    hash = state->seed;

    for (last = segment + len; segment < last; segment++) {
        hash = (hash ^ ngx_tolower(*segment)) * 16777619;
    }

    return hash ^ (hash >> 15);
}


ngx_int_t
ngx_eiam_operation_permits(const ngx_eiam_operation_t *operation,
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
