
#include <ngx_eiam_policy.h>


static ngx_eiam_state_t *ngx_eiam_policy_step(const ngx_eiam_policy_t *policy,
    const ngx_eiam_state_t *state, u_char *segment, size_t len);


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

        if (name->len == ngx_eiam_methods[i].len
            && ngx_memcmp(name->data, ngx_eiam_methods[i].data, name->len)
               == 0)
        {
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


static ngx_eiam_state_t *
ngx_eiam_policy_step(const ngx_eiam_policy_t *policy,
    const ngx_eiam_state_t *state, u_char *segment, size_t len)
{
    ngx_uint_t        i;
    ngx_eiam_step_t  *step;

    if (state->literals) {

        i = ngx_eiam_policy_hash(state, segment, len);

        for ( ;; ) {

            step = &policy->steps[i & policy->mask];

            if (step->from == NULL) {
                break;
            }

            if (step->from == state && step->segment.len == len
                && ngx_memcmp(step->segment.data, segment, len) == 0)
            {
                return step->to;
            }

            i++;
        }
    }

    return state->any;
}


uint32_t
ngx_eiam_policy_hash(const ngx_eiam_state_t *state, u_char *segment,
    size_t len)
{
    return ngx_murmur_hash2(segment, len) ^ state->seed;
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
