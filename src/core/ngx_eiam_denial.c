
#include <ngx_eiam_denial.h>
#include <ngx_eiam_utf8.h>


#define NGX_EIAM_DENIALS_MAX  512     /* rows */


static ngx_eiam_denial_t *ngx_eiam_denial_first(
    const ngx_eiam_denials_t *denials, uint64_t key);
static size_t ngx_eiam_denial_copy(u_char *dst, const ngx_str_t *id);


size_t
ngx_eiam_denial_lay_out(ngx_eiam_denials_t *denials, u_char *p, size_t size)
{
    ngx_uint_t  n;

    n = ngx_min(size / sizeof(ngx_eiam_denial_t), NGX_EIAM_DENIALS_MAX);

    denials->rows = (ngx_eiam_denial_t *) p;
    denials->nrows = n - n % NGX_EIAM_DENIAL_WAYS;

    return denials->nrows * sizeof(ngx_eiam_denial_t);
}


/*
 * The positions of the rows, where those of no application and of others come
 * behind the last, and the outcome.
 */

uint64_t
ngx_eiam_denial_key(const ngx_eiam_metrics_t *metrics,
    const ngx_eiam_denial_case_t *what)
{
    uint64_t  application, operation;

    application = what->application - metrics->applications;

    if (what->application == &metrics->no_application) {
        application = metrics->napplications;

    } else if (what->application == &metrics->other_application) {
        application = metrics->napplications + 1;
    }

    operation = what->operation - metrics->operations;

    if (what->operation == &metrics->no_operation) {
        operation = metrics->noperations;

    } else if (what->operation == &metrics->other_operation) {
        operation = metrics->noperations + 1;
    }

    return application << 36 | operation << 8
           | ngx_eiam_metrics_outcome(what->decision, what->reason);
}


void
ngx_eiam_denial_read(const ngx_eiam_metrics_t *metrics,
    const ngx_eiam_denial_t *denial, ngx_eiam_denial_case_t *what)
{
    uint64_t    key;
    ngx_uint_t  application;

    key = denial->key;
    application = key >> 36;

    what->operation = NULL;

    if (application == metrics->napplications) {
        what->application = &metrics->no_application;

    } else if (application > metrics->napplications) {
        what->application = &metrics->other_application;

    } else {
        what->application = &metrics->applications[application];
    }

    ngx_eiam_metrics_outcome_read(key & 0xff, &what->decision, &what->reason);
}


ngx_eiam_denial_t *
ngx_eiam_denial_find(const ngx_eiam_denials_t *denials, uint64_t key)
{
    ngx_uint_t          i;
    ngx_eiam_denial_t  *denial;

    if (denials->nrows == 0) {
        return NULL;
    }

    denial = ngx_eiam_denial_first(denials, key);

    for (i = 0; i < NGX_EIAM_DENIAL_WAYS; i++) {

        if (denial[i].key == key) {
            return &denial[i];
        }
    }

    return NULL;
}


ngx_eiam_denial_t *
ngx_eiam_denial_add(const ngx_eiam_denials_t *denials, uint64_t key,
    const ngx_str_t *operation)
{
    ngx_uint_t          i;
    ngx_eiam_denial_t  *denial, *oldest;

    denial = ngx_eiam_denial_find(denials, key);

    if (denial || denials->nrows == 0) {
        return denial;
    }

    denial = ngx_eiam_denial_first(denials, key);
    oldest = denial;

    for (i = 1; i < NGX_EIAM_DENIAL_WAYS; i++) {

        if (denial[i].last < oldest->last) {
            oldest = &denial[i];
        }
    }

    /* a worker may be killed here: then the row is free */

    oldest->key = 0;
    ngx_memory_barrier();

    oldest->count = 0;
    oldest->since = 0;
    oldest->last = 0;
    oldest->len = ngx_eiam_denial_copy(oldest->operation, operation);

    ngx_memory_barrier();
    oldest->key = key;

    return oldest;
}


static ngx_eiam_denial_t *
ngx_eiam_denial_first(const ngx_eiam_denials_t *denials, uint64_t key)
{
    ngx_uint_t  bucket;

    bucket = ngx_murmur_hash2((u_char *) &key, sizeof(uint64_t))
             % (denials->nrows / NGX_EIAM_DENIAL_WAYS);

    return &denials->rows[bucket * NGX_EIAM_DENIAL_WAYS];
}


/* whole characters of it */

static size_t
ngx_eiam_denial_copy(u_char *dst, const ngx_str_t *id)
{
    size_t   len, n;
    u_char  *p, *last;

    p = id->data;
    last = p + id->len;

    for (len = 0; p < last; p += n, len += n) {

        n = ngx_eiam_utf8_character(p, last);
        n = ngx_max(n, 1);

        if (len + n > NGX_EIAM_DENIAL_ID) {
            break;
        }
    }

    ngx_memcpy(dst, id->data, len);

    return len;
}


/* one that comes after a long pause begins another series */

void
ngx_eiam_denial_count(ngx_eiam_denial_t *denial, time_t now)
{
    if (now - denial->last > NGX_EIAM_DENIAL_PAUSE) {
        denial->count = 0;
        denial->since = now;
    }

    denial->last = now;

    ngx_eiam_metrics_add(&denial->count);
}
