
#include <ngx_eiam_hash.h>
#include <ngx_eiam_usage.h>


#define NGX_EIAM_USAGE_PROBES  64      /* slots that are tried */


static ngx_atomic_uint_t ngx_eiam_usage_pair(uint64_t application,
    uint64_t operation);
static ngx_uint_t ngx_eiam_usage_insert(ngx_eiam_usage_t *usage,
    ngx_atomic_uint_t key);
static ngx_eiam_usage_object_t *ngx_eiam_usage_place(ngx_eiam_usage_t *usage,
    uint64_t application, ngx_atomic_uint_t key);


/* a third of the memory is for the pairs */

void
ngx_eiam_usage_lay_out(ngx_eiam_usage_t *usage, u_char *p, size_t size)
{
    ngx_uint_t  n;

    for (n = 1; n * 2 * sizeof(ngx_atomic_t) <= size / 3; n *= 2) {
        /* void */
    }

    usage->since = ngx_time();
    usage->pairs = (ngx_atomic_t *) p;
    usage->mask = n - 1;

    p += n * sizeof(ngx_atomic_t);
    size -= n * sizeof(ngx_atomic_t);

    usage->objects = (ngx_eiam_usage_object_t *) p;
    usage->nobjects = ngx_min(size / sizeof(ngx_eiam_usage_object_t),
                              NGX_EIAM_USAGE_OBJECTS_MAX);
}


/* for a pair that is already known this is one look-up */

void
ngx_eiam_usage_add(ngx_eiam_usage_t *usage, uint64_t application,
    uint64_t operation)
{
    if (ngx_eiam_usage_insert(usage,
                              ngx_eiam_usage_pair(application, operation))
        && application != NGX_EIAM_USAGE_ANYBODY)
    {
        (void) ngx_eiam_usage_insert(usage,
                              ngx_eiam_usage_pair(application,
                                                  NGX_EIAM_USAGE_ANYTHING));
        (void) ngx_eiam_usage_insert(usage,
                              ngx_eiam_usage_pair(NGX_EIAM_USAGE_ANYBODY,
                                                  operation));
    }
}


ngx_uint_t
ngx_eiam_usage_has(const ngx_eiam_usage_t *usage, uint64_t application,
    uint64_t operation)
{
    ngx_uint_t         i;
    ngx_atomic_uint_t  key, found;

    key = ngx_eiam_usage_pair(application, operation);

    for (i = 0; i < NGX_EIAM_USAGE_PROBES; i++) {

        found = usage->pairs[(key + i) & usage->mask];

        if (found == key || found == 0) {
            return found == key;
        }
    }

    return 0;
}


/* the key of a pair: 64 bits are enough to tell pairs apart; 0: a free slot */

static ngx_atomic_uint_t
ngx_eiam_usage_pair(uint64_t application, uint64_t operation)
{
    uint64_t  key;

    key = (application ^ (operation >> 32)) * NGX_EIAM_HASH_FACTOR + operation;
    key = (key ^ (key >> 32)) * NGX_EIAM_HASH_FACTOR;
    key ^= key >> 32;

    return key ? (ngx_atomic_uint_t) key : 1;
}


/* 1: the key is new */

static ngx_uint_t
ngx_eiam_usage_insert(ngx_eiam_usage_t *usage, ngx_atomic_uint_t key)
{
    ngx_uint_t     i;
    ngx_atomic_t  *place;

    for (i = 0; i < NGX_EIAM_USAGE_PROBES; i++) {

        place = &usage->pairs[(key + i) & usage->mask];

        if (*place == key) {
            return 0;
        }

        if (*place == 0 && ngx_atomic_cmp_set(place, 0, key)) {
            return 1;
        }

        if (*place == key) {
            return 0;
        }
    }

    (void) ngx_atomic_fetch_add(&usage->dropped, 1);

    return 1;
}


/*
 * Any worker may fill the slot of a key, as the worker that took the slot may
 * have been killed.
 */

void
ngx_eiam_usage_touch(ngx_eiam_usage_t *usage, uint64_t application,
    uint32_t kind, const ngx_str_t *id)
{
    ngx_uint_t                share;
    ngx_atomic_uint_t         key;
    ngx_eiam_usage_object_t  *object;

    share = ngx_eiam_usage_share(application);
    key = ngx_eiam_usage_pair(application + kind, ngx_eiam_hash_text(id));

    object = (id->len <= NGX_EIAM_USAGE_ID_MAX)
             ? ngx_eiam_usage_place(usage, application, key) : NULL;

    if (object == NULL) {
        (void) ngx_atomic_fetch_add(&usage->lost[share], 1);
        return;
    }

    if (object->ready) {
        return;
    }

    object->application = application;
    object->kind = kind;
    object->len = id->len;
    ngx_memcpy(object->id, id->data, id->len);

    ngx_memory_barrier();
    object->ready = 1;
}


/* the slot of a key; NULL: there is no room */

static ngx_eiam_usage_object_t *
ngx_eiam_usage_place(ngx_eiam_usage_t *usage, uint64_t application,
    ngx_atomic_uint_t key)
{
    ngx_uint_t                i, n, share;
    ngx_eiam_usage_object_t  *object;

    share = ngx_eiam_usage_share(application);
    n = ngx_min(usage->nobjects, NGX_EIAM_USAGE_PROBES);

    for (i = 0; i < n; i++) {

        object = &usage->objects[(key + i) % usage->nobjects];

        if (object->key == key) {
            return object;
        }

        if (object->key == 0) {

            if (usage->kept[share] >= (usage->nobjects + 3) / 4) {
                return NULL;
            }

            if (ngx_atomic_cmp_set(&object->key, 0, key)) {
                (void) ngx_atomic_fetch_add(&usage->kept[share], 1);
                return object;
            }

            if (object->key == key) {
                return object;
            }
        }
    }

    return NULL;
}
