
#include <ngx_eiam_cache.h>


#define NGX_EIAM_CELL_TEXT  (sizeof(ngx_eiam_entry_t) - sizeof(uint32_t))

/*
 * the text of a grant begins with those members of ngx_eiam_issue_t that follow
 * "next"
 */

#define NGX_EIAM_ISSUE  (sizeof(ngx_eiam_issue_t) - sizeof(uint32_t))

#define NGX_EIAM_GRANT_TEXT_MAX                                               \
    (NGX_EIAM_ISSUE + NGX_EIAM_APPLICATION_ID_MAX + NGX_EIAM_SCOPES_TEXT_MAX)


/* a further cell, with the next part of a grant's text */

typedef struct {
    uint32_t    next;
    u_char      text[NGX_EIAM_CELL_TEXT];
} ngx_eiam_cell_t;


static uint32_t *ngx_eiam_cache_head(ngx_eiam_grants_t *grants,
    const ngx_eiam_digest_t key);
static ngx_eiam_refusal_t *ngx_eiam_cache_bucket(
    ngx_eiam_refusals_t *refusals, const ngx_eiam_digest_t key);
static uint32_t ngx_eiam_cache_seconds(time_t time);
static uint32_t ngx_eiam_cache_take(ngx_eiam_shared_t *shared,
    ngx_uint_t learned);
static uint32_t ngx_eiam_cache_victim(const ngx_eiam_grants_t *grants,
    ngx_uint_t learned);
static void ngx_eiam_cache_evict(ngx_eiam_shared_t *shared,
    ngx_eiam_entry_t *entry);
static void ngx_eiam_cache_write(ngx_eiam_shared_t *shared,
    ngx_eiam_entry_t *entry, const u_char *text, size_t len);
static void ngx_eiam_cache_remove(ngx_eiam_shared_t *shared,
    ngx_eiam_entry_t *entry);
static void ngx_eiam_cache_link(ngx_eiam_shared_t *shared,
    ngx_eiam_entry_t *entry);
static void ngx_eiam_cache_unlink(ngx_eiam_shared_t *shared,
    ngx_eiam_entry_t *entry);


void
ngx_eiam_cache_wipe(ngx_eiam_shared_t *shared)
{
    ngx_eiam_grants_t  *grants;

    grants = &shared->grants;

    ngx_memzero(grants->heads, (grants->mask + 1) * sizeof(uint32_t));

    grants->unused = 1;
    grants->free = 0;
    grants->entries = 0;
    grants->used = 0;

    ngx_memzero(grants->orders, sizeof(grants->orders));

    ngx_memzero(shared->refusals.slots,
                (shared->refusals.mask + 1) * NGX_EIAM_REFUSALS
                * sizeof(ngx_eiam_refusal_t));
}


ngx_eiam_entry_t *
ngx_eiam_cache_find(ngx_eiam_shared_t *shared, const ngx_eiam_digest_t key)
{
    uint32_t           i;
    ngx_eiam_entry_t  *entry;

    for (i = *ngx_eiam_cache_head(&shared->grants, key); i; i = entry->chain)
    {
        entry = &shared->grants.cells[i];

        if (ngx_memcmp(entry->key, key, NGX_EIAM_DIGEST_LEN) == 0) {
            return entry;
        }
    }

    return NULL;
}


void
ngx_eiam_cache_prefetch(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key)
{
    __builtin_prefetch(ngx_eiam_cache_head(&shared->grants, key));
}


/*
 * Prefetches without the lock.  What is read here may be changed by others, so
 * it is only a hint at what to load into the caches of the processor.
 */

void
ngx_eiam_cache_warm(ngx_eiam_shared_t *shared, const ngx_eiam_digest_t key)
{
    uint32_t                    i;
    volatile uint32_t          *head;
    volatile ngx_eiam_entry_t  *entry;

    head = ngx_eiam_cache_head(&shared->grants, key);
    i = *head;

    if (i == 0 || i >= shared->grants.ncells) {
        return;
    }

    entry = &shared->grants.cells[i];
    i = entry->next;

    if (i < shared->grants.ncells) {
        __builtin_prefetch(&shared->grants.cells[i]);
    }
}


/* digests are evenly distributed, so they serve as their own hash */

static uint32_t *
ngx_eiam_cache_head(ngx_eiam_grants_t *grants, const ngx_eiam_digest_t key)
{
    uint32_t  hash;

    ngx_memcpy(&hash, key, sizeof(uint32_t));

    return &grants->heads[hash & grants->mask];
}


ngx_eiam_refusal_t *
ngx_eiam_cache_find_refusal(ngx_eiam_shared_t *shared,
    const ngx_eiam_digest_t key)
{
    ngx_uint_t           i;
    ngx_eiam_refusal_t  *slot;

    slot = ngx_eiam_cache_bucket(&shared->refusals, key);

    for (i = 0; i < NGX_EIAM_REFUSALS; i++) {

        if (slot[i].reason != NGX_EIAM_NO_REASON
            && ngx_memcmp(slot[i].key, key, NGX_EIAM_REFUSAL_KEY) == 0)
        {
            return &slot[i];
        }
    }

    return NULL;
}


static ngx_eiam_refusal_t *
ngx_eiam_cache_bucket(ngx_eiam_refusals_t *refusals,
    const ngx_eiam_digest_t key)
{
    uint32_t  hash;

    ngx_memcpy(&hash, key, sizeof(uint32_t));

    return &refusals->slots[(hash & refusals->mask) * NGX_EIAM_REFUSALS];
}


/* moves a grant at most once a second, so that most look-ups change nothing */

void
ngx_eiam_cache_touch(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry,
    time_t now)
{
    if (entry->touched == (uint8_t) now) {
        return;
    }

    ngx_eiam_shared_change(shared);

    ngx_eiam_cache_unlink(shared, entry);
    ngx_eiam_cache_link(shared, entry);

    entry->touched = (uint8_t) now;
}


void
ngx_eiam_cache_read(ngx_eiam_shared_t *shared, const ngx_eiam_entry_t *entry,
    ngx_eiam_grant_t *grant)
{
    u_char            *p;
    size_t             len, n;
    uint32_t           i;
    ngx_eiam_cell_t   *cell;
    ngx_eiam_issue_t  *issue;

    static u_char  text[NGX_EIAM_GRANT_TEXT_MAX];

    p = text;
    len = NGX_EIAM_ISSUE + entry->application + entry->scopes;

    for (i = entry->next; len; i = cell->next) {

        cell = (ngx_eiam_cell_t *) &shared->grants.cells[i];
        n = ngx_min(len, NGX_EIAM_CELL_TEXT);

        p = ngx_cpymem(p, cell->text, n);
        len -= n;
    }

    p = text + NGX_EIAM_ISSUE;

    grant->application.data = p;
    grant->application.len = entry->application;

    grant->scopes.data = p + entry->application;
    grant->scopes.len = entry->scopes;
    grant->implicit = entry->implicit;
    grant->learned = entry->learned;

    grant->expires = (entry->expires == NGX_MAX_UINT32_VALUE)
                     ? NGX_EIAM_NEVER : (time_t) entry->expires;

    issue = ngx_eiam_cache_issue(shared, entry);

    grant->generation = issue->generation;
    grant->issued = issue->issued;
}


void
ngx_eiam_cache_put(ngx_eiam_shared_t *shared, const ngx_eiam_digest_t key,
    const ngx_eiam_grant_t *grant, time_t now, uint32_t flight)
{
    u_char               text[NGX_EIAM_GRANT_TEXT_MAX], *p;
    uint32_t             i, *head, issue[2];
    ngx_eiam_entry_t    *entry;
    ngx_eiam_refusal_t  *refusal;

    ngx_eiam_shared_change(shared);

    refusal = ngx_eiam_cache_find_refusal(shared, key);
    if (refusal) {
        refusal->reason = NGX_EIAM_NO_REASON;
        refusal->checked = 0;
        ngx_eiam_shared_step(shared);
    }

    entry = ngx_eiam_cache_find(shared, key);
    if (entry) {
        ngx_eiam_cache_remove(shared, entry);
    }

    i = ngx_eiam_cache_take(shared, grant->learned);
    entry = &shared->grants.cells[i];

    ngx_memcpy(entry->key, key, NGX_EIAM_DIGEST_LEN);

    entry->checked = now;
    entry->expires = ngx_eiam_cache_seconds(grant->expires);
    entry->flight = flight;
    entry->touched = (uint8_t) now;
    entry->application = grant->application.len;
    entry->scopes = grant->scopes.len;
    entry->implicit = grant->implicit;
    entry->learned = grant->learned;

    issue[0] = grant->generation;
    issue[1] = ngx_eiam_cache_seconds(grant->issued);

    p = ngx_cpymem(text, issue, NGX_EIAM_ISSUE);
    p = ngx_cpymem(p, grant->application.data, grant->application.len);
    p = ngx_cpymem(p, grant->scopes.data, grant->scopes.len);

    ngx_eiam_cache_write(shared, entry, text, p - text);

    head = ngx_eiam_cache_head(&shared->grants, key);
    entry->chain = *head;
    ngx_eiam_shared_step(shared);
    *head = i;
    ngx_eiam_shared_step(shared);

    ngx_eiam_cache_link(shared, entry);
    shared->grants.entries++;
}


static uint32_t
ngx_eiam_cache_seconds(time_t time)
{
    return (uint32_t) ngx_min(ngx_max(time, 0), (time_t) NGX_MAX_UINT32_VALUE);
}


/*
 * Takes a free cell; if there is none, a grant is evicted.  A new grant is
 * linked only when it is complete, so it is never evicted for its own cells.
 */

static uint32_t
ngx_eiam_cache_take(ngx_eiam_shared_t *shared, ngx_uint_t learned)
{
    uint32_t            i;
    ngx_eiam_grants_t  *grants;

    grants = &shared->grants;

    if (grants->free == 0 && grants->unused == grants->ncells) {
        i = ngx_eiam_cache_victim(grants, learned);
        ngx_eiam_cache_evict(shared, &grants->cells[i]);
    }

    grants->used++;
    grants->orders[learned].used++;

    ngx_eiam_shared_step(shared);

    if (grants->free == 0) {
        return grants->unused++;
    }

    i = grants->free;
    grants->free = grants->cells[i].next;

    ngx_eiam_shared_step(shared);

    return i;
}


/*
 * The least recently used grant of the same kind, learned or fetched; but that
 * of the other kind if it has more than half of the cells, or if its least
 * recently used grant has expired.
 */

static uint32_t
ngx_eiam_cache_victim(const ngx_eiam_grants_t *grants, ngx_uint_t learned)
{
    uint32_t  own, other;

    own = grants->orders[learned].oldest;
    other = grants->orders[!learned].oldest;

    if (other
        && (own == 0
            || grants->orders[!learned].used > grants->ncells / 2
            || (time_t) grants->cells[other].expires <= ngx_time()))
    {
        return other;
    }

    return own;
}


static void
ngx_eiam_cache_evict(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry)
{
    if ((time_t) entry->expires > ngx_time()) {
        ngx_eiam_metrics_add(&shared->metrics.evictions);
    }

    ngx_eiam_cache_remove(shared, entry);
}


static void
ngx_eiam_cache_write(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry,
    const u_char *text, size_t len)
{
    size_t            n;
    uint32_t         *next;
    ngx_eiam_cell_t  *cell;

    next = &entry->next;

    while (len) {

        *next = ngx_eiam_cache_take(shared, entry->learned);
        cell = (ngx_eiam_cell_t *) &shared->grants.cells[*next];

        n = ngx_min(len, NGX_EIAM_CELL_TEXT);
        ngx_memcpy(cell->text, text, n);

        text += n;
        len -= n;
        next = &cell->next;

        ngx_eiam_shared_step(shared);
    }

    *next = 0;
}


static void
ngx_eiam_cache_remove(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry)
{
    uint32_t            i, *link, next;
    ngx_eiam_order_t   *order;
    ngx_eiam_grants_t  *grants;

    grants = &shared->grants;
    order = &grants->orders[entry->learned];

    link = ngx_eiam_cache_head(grants, entry->key);

    while (&grants->cells[*link] != entry) {
        link = &grants->cells[*link].chain;
    }

    i = *link;
    *link = entry->chain;
    ngx_eiam_shared_step(shared);

    ngx_eiam_cache_unlink(shared, entry);
    grants->entries--;

    for ( /* void */ ; i; i = next) {
        grants->used--;
        order->used--;
        next = grants->cells[i].next;
        grants->cells[i].next = grants->free;
        grants->free = i;
        ngx_eiam_shared_step(shared);
    }
}


static void
ngx_eiam_cache_link(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry)
{
    uint32_t            i;
    ngx_eiam_order_t   *order;
    ngx_eiam_grants_t  *grants;

    grants = &shared->grants;
    order = &grants->orders[entry->learned];
    i = entry - grants->cells;

    entry->newer = 0;
    entry->older = order->newest;

    if (order->newest) {
        grants->cells[order->newest].newer = i;

    } else {
        order->oldest = i;
    }

    ngx_eiam_shared_step(shared);

    order->newest = i;

    ngx_eiam_shared_step(shared);
}


static void
ngx_eiam_cache_unlink(ngx_eiam_shared_t *shared, ngx_eiam_entry_t *entry)
{
    ngx_eiam_order_t   *order;
    ngx_eiam_grants_t  *grants;

    grants = &shared->grants;
    order = &grants->orders[entry->learned];

    if (entry->newer) {
        grants->cells[entry->newer].older = entry->older;

    } else {
        order->newest = entry->older;
    }

    ngx_eiam_shared_step(shared);

    if (entry->older) {
        grants->cells[entry->older].newer = entry->newer;

    } else {
        order->oldest = entry->newer;
    }

    ngx_eiam_shared_step(shared);
}


ngx_eiam_refusal_t *
ngx_eiam_cache_refuse(ngx_eiam_shared_t *shared, const ngx_eiam_digest_t key,
    ngx_eiam_reason_e reason, ngx_eiam_failure_e failure, time_t now,
    uint32_t flight)
{
    ngx_uint_t           i;
    ngx_eiam_entry_t    *entry;
    ngx_eiam_refusal_t  *slot, *bucket;

    ngx_eiam_shared_change(shared);

    if (reason != NGX_EIAM_SOURCE_UNAVAILABLE) {

        entry = ngx_eiam_cache_find(shared, key);
        if (entry) {
            ngx_eiam_cache_remove(shared, entry);
        }
    }

    slot = ngx_eiam_cache_find_refusal(shared, key);

    if (slot == NULL) {

        /*
         * a free slot has the time 0, so it is chosen before the oldest refusal
         */

        bucket = ngx_eiam_cache_bucket(&shared->refusals, key);
        slot = bucket;

        for (i = 1; i < NGX_EIAM_REFUSALS; i++) {

            if (bucket[i].checked < slot->checked
                || (bucket[i].checked == slot->checked
                    && (int32_t) (bucket[i].flight - slot->flight) < 0))
            {
                slot = &bucket[i];
            }
        }
    }

    ngx_memcpy(slot->key, key, NGX_EIAM_REFUSAL_KEY);
    ngx_eiam_shared_step(shared);

    slot->checked = now;
    slot->flight = flight;
    slot->reason = reason;
    slot->detail = NGX_EIAM_NO_DETAIL;
    slot->failure = failure;
    ngx_eiam_shared_step(shared);

    return slot;
}
