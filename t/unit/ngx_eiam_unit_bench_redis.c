
/*
 * eiam_bench_redis address look-ups [ca];
 *
 * Look-ups of grants in Redis by a worker that does nothing else: names, MGET
 * of tombstone and grant, and the grant opened, with one, 32 and 128 of them
 * under way.  Prints "under-way look-ups nanoseconds processor-time p50 p99"
 * for each.  With the file of an authority: by TLS.
 */

#include "ngx_eiam_unit.h"
#include <ngx_eiam_redis_link.h>
#include <ngx_eiam_redis_name.h>
#include <ngx_eiam_redis_ssl.h>
#include <ngx_eiam_redis_value.h>

#include <time.h>


#define NGX_EIAM_UNIT_GRANTS  1000


typedef struct {
    ngx_eiam_redis_command_t  command;
    ngx_str_t                 args[4];
    u_char                    names[2][NGX_EIAM_REDIS_NAME_MAX];
    u_char                    sealed[256];
    uint64_t                  since;         /* ns */
    ngx_uint_t                grant;
} ngx_eiam_unit_job_t;


typedef struct {
    ngx_eiam_redis_t          redis;
    ngx_eiam_redis_seal_t     seal;
    ngx_eiam_redis_names_t    names;
    ngx_eiam_metrics_redis_t  metrics;
    ngx_eiam_redis_link_t    *link;
    ngx_eiam_digest_t         source;
    ngx_eiam_unit_job_t      *jobs;
    ngx_uint_t                stored;        /* grants, before all else */
    ngx_uint_t                way;
    ngx_uint_t                sent;
    ngx_uint_t                answered;
    ngx_uint_t                lookups;       /* of each way */
    uint32_t                 *took;          /* ns */
    uint64_t                  start;         /* ns */
    uint64_t                  processor;     /* ns */
} ngx_eiam_unit_redis_t;


static const char *ngx_eiam_unit_redis_configure(ngx_conf_t *cf,
    ngx_eiam_unit_redis_t *b, ngx_str_t *text, ngx_str_t *ca);
static void ngx_eiam_unit_redis_ready(ngx_eiam_redis_link_t *link);
static void ngx_eiam_unit_redis_store(ngx_eiam_unit_job_t *job);
static void ngx_eiam_unit_redis_stored(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_unit_redis_begin(void);
static void ngx_eiam_unit_redis_ask(ngx_eiam_unit_job_t *job);
static void ngx_eiam_unit_redis_answered(void *data,
    const ngx_eiam_redis_reply_t *reply);
static ngx_int_t ngx_eiam_unit_redis_name(ngx_eiam_unit_job_t *job);
static void ngx_eiam_unit_redis_place(ngx_eiam_unit_job_t *job,
    ngx_eiam_redis_seal_place_t *place);
static ngx_int_t ngx_eiam_unit_redis_open(ngx_eiam_unit_job_t *job,
    const ngx_str_t *sealed);
static void ngx_eiam_unit_redis_print(void);
static int ngx_libc_cdecl ngx_eiam_unit_redis_compare(const void *one,
    const void *two);
static uint64_t ngx_eiam_unit_redis_clock(clockid_t clock);
static void ngx_eiam_unit_redis_failed(const char *what);


static const ngx_uint_t  ngx_eiam_unit_redis_ways[] = { 1, 32, 128, 0 };

static ngx_eiam_unit_redis_t  *ngx_eiam_unit_redis;


char *
ngx_eiam_unit_bench_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t              *value;
    const char             *reason;
    ngx_eiam_unit_redis_t  *b;

    value = cf->args->elts;

    b = ngx_pcalloc(cf->pool, sizeof(ngx_eiam_unit_redis_t));
    if (b == NULL) {
        return NGX_CONF_ERROR;
    }

    b->lookups = (ngx_uint_t) ngx_atoi(value[2].data, value[2].len);
    b->took = ngx_palloc(cf->pool, b->lookups * sizeof(uint32_t));
    b->jobs = ngx_pcalloc(cf->pool, NGX_EIAM_UNIT_GRANTS
                                    * sizeof(ngx_eiam_unit_job_t));

    if (b->took == NULL || b->jobs == NULL) {
        return NGX_CONF_ERROR;
    }

    reason = ngx_eiam_unit_redis_configure(cf, b, &value[1],
                                  cf->args->nelts > 3 ? &value[3] : NULL);

    ngx_eiam_unit_redis = b;

    return (char *) reason;
}


static const char *
ngx_eiam_unit_redis_configure(ngx_conf_t *cf, ngx_eiam_unit_redis_t *b,
    ngx_str_t *text, ngx_str_t *ca)
{
    u_char                     key[] =
                       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    ngx_url_t                  u;
    ngx_str_t                  line;
    ngx_uint_t                 number;
    const char                *reason;
    ngx_eiam_redis_address_t  *address;

    line.data = key;
    line.len = sizeof(key) - 1;

    if (ngx_eiam_digest_init() != NGX_OK
        || ngx_eiam_redis_seal_read(&b->seal, &line, cf->pool, &reason,
                                    &number)
           != NGX_OK)
    {
        return "makes no keys";
    }

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = *text;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK
        || ngx_array_init(&b->redis.addresses, cf->pool, 1,
                          sizeof(ngx_eiam_redis_address_t))
           != NGX_OK)
    {
        return "has no address";
    }

    address = ngx_array_push(&b->redis.addresses);
    if (address == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(address, sizeof(ngx_eiam_redis_address_t));
    address->name = u.url;
    address->host = u.host;
    address->port = u.port;
    address->addrs = u.addrs;
    address->naddrs = u.naddrs;

    ngx_str_set(&b->redis.prefix, "bench:");
    b->names.prefix = b->redis.prefix;
    b->names.seal = &b->seal;

    if (ca && ngx_eiam_redis_ssl_create(cf, &b->redis, ca) != NGX_OK) {
        return "has no TLS";
    }

    return NGX_CONF_OK;
}


/* in the worker */

ngx_int_t
ngx_eiam_unit_bench_redis_start(ngx_cycle_t *cycle)
{
    ngx_eiam_unit_redis_t  *b = ngx_eiam_unit_redis;

    if (b == NULL) {
        return NGX_OK;
    }

    b->link = ngx_eiam_redis_link_create(&b->redis, &b->metrics);
    if (b->link == NULL) {
        return NGX_ERROR;
    }

    b->link->ready = ngx_eiam_unit_redis_ready;
    ngx_eiam_redis_link_start(b->link);

    return NGX_OK;
}


static void
ngx_eiam_unit_redis_ready(ngx_eiam_redis_link_t *link)
{
    ngx_uint_t              i;
    ngx_eiam_unit_redis_t  *b = ngx_eiam_unit_redis;

    for (i = 0; i < NGX_EIAM_UNIT_GRANTS; i++) {
        b->jobs[i].grant = i;
        ngx_eiam_unit_redis_store(&b->jobs[i]);
    }
}


static void
ngx_eiam_unit_redis_store(ngx_eiam_unit_job_t *job)
{
    u_char                        buffer[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t                     text, sealed;
    ngx_eiam_redis_grant_t        value;
    ngx_eiam_redis_seal_place_t   place;
    ngx_eiam_unit_redis_t        *b = ngx_eiam_unit_redis;

    ngx_memzero(&value, sizeof(ngx_eiam_redis_grant_t));
    ngx_str_set(&value.grant.application, "crm");
    ngx_str_set(&value.gateway, "gateway-1");
    value.grant.expires = ngx_time() + 3600;
    value.grant.learned = 1;
    value.checked = ngx_time();

    text.data = buffer;
    sealed.data = job->sealed;

    if (ngx_eiam_unit_redis_name(job) != NGX_OK
        || ngx_eiam_redis_value_write_grant(&value, &text) != NGX_OK
        || text.len + NGX_EIAM_REDIS_SEAL_EXTRA > sizeof(job->sealed))
    {
        ngx_eiam_unit_redis_failed("no grant");
        return;
    }

    ngx_eiam_unit_redis_place(job, &place);

    if (ngx_eiam_redis_seal_close(&b->seal, &place, &text, &sealed) != NGX_OK)
    {
        ngx_eiam_unit_redis_failed("not sealed");
        return;
    }

    job->args[0] = job->args[1];
    job->args[1] = sealed;
    ngx_str_set(&job->args[2], "PX");
    ngx_str_set(&job->args[3], "600000");

    job->command.verb = NGX_EIAM_REDIS_SET;
    job->command.args = job->args;
    job->command.nargs = 4;
    job->command.timeout = 5000;
    job->command.handler = ngx_eiam_unit_redis_stored;
    job->command.data = job;

    if (ngx_eiam_redis_link_send(b->link, &job->command) != NGX_OK) {
        ngx_eiam_unit_redis_failed("not sent");
    }
}


static void
ngx_eiam_unit_redis_stored(void *data, const ngx_eiam_redis_reply_t *reply)
{
    if (reply == NULL || !ngx_eiam_redis_reply_is(reply, "OK")) {
        ngx_eiam_unit_redis_failed("not stored");
        return;
    }

    if (++ngx_eiam_unit_redis->stored == NGX_EIAM_UNIT_GRANTS) {
        ngx_eiam_unit_redis_begin();
    }
}


static void
ngx_eiam_unit_redis_begin(void)
{
    ngx_uint_t              i;
    ngx_eiam_unit_redis_t  *b = ngx_eiam_unit_redis;

    b->sent = 0;
    b->answered = 0;
    b->processor = ngx_eiam_unit_redis_clock(CLOCK_PROCESS_CPUTIME_ID);
    b->start = ngx_eiam_unit_redis_clock(CLOCK_MONOTONIC);

    for (i = 0; i < ngx_eiam_unit_redis_ways[b->way]; i++) {
        ngx_eiam_unit_redis_ask(&b->jobs[i]);
    }
}


static void
ngx_eiam_unit_redis_ask(ngx_eiam_unit_job_t *job)
{
    ngx_eiam_unit_redis_t  *b = ngx_eiam_unit_redis;

    job->since = ngx_eiam_unit_redis_clock(CLOCK_MONOTONIC);
    job->grant = b->sent++ % NGX_EIAM_UNIT_GRANTS;
    job->command.verb = NGX_EIAM_REDIS_MGET;
    job->command.nargs = 2;
    job->command.handler = ngx_eiam_unit_redis_answered;

    if (ngx_eiam_unit_redis_name(job) != NGX_OK
        || ngx_eiam_redis_link_send(b->link, &job->command) != NGX_OK)
    {
        ngx_eiam_unit_redis_failed("not asked");
    }
}


static void
ngx_eiam_unit_redis_answered(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_unit_job_t *job = data;

    ngx_eiam_unit_redis_t  *b = ngx_eiam_unit_redis;

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_ARRAY
        || reply->nelts != 2 || reply->elts[0].type != NGX_EIAM_REDIS_NIL
        || reply->elts[1].type != NGX_EIAM_REDIS_STRING
        || ngx_eiam_unit_redis_open(job, &reply->elts[1].text) != NGX_OK)
    {
        ngx_eiam_unit_redis_failed("not found");
        return;
    }

    b->took[b->answered++] = ngx_eiam_unit_redis_clock(CLOCK_MONOTONIC)
                             - job->since;

    if (b->sent < b->lookups) {
        ngx_eiam_unit_redis_ask(job);

    } else if (b->answered == b->lookups) {
        ngx_eiam_unit_redis_print();

        if (ngx_eiam_unit_redis_ways[++b->way] == 0) {
            ngx_terminate = 1;
            return;
        }

        ngx_eiam_unit_redis_begin();
    }
}


/* the tombstone's and the grant's, as arguments */

static ngx_int_t
ngx_eiam_unit_redis_name(ngx_eiam_unit_job_t *job)
{
    u_char                  digest[NGX_EIAM_REDIS_NAME_TOKEN];
    ngx_eiam_unit_redis_t  *b = ngx_eiam_unit_redis;

    ngx_memset(digest, 'd', sizeof(digest));
    ngx_memcpy(digest, &job->grant, sizeof(job->grant));

    job->args[0].data = job->names[0];
    job->args[1].data = job->names[1];

    if (ngx_eiam_redis_name_tombstone(&b->names, 0, digest, &job->args[0])
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_redis_name_grant(&b->names, 0, digest, b->source,
                                     &job->args[1]);
}


static void
ngx_eiam_unit_redis_place(ngx_eiam_unit_job_t *job,
    ngx_eiam_redis_seal_place_t *place)
{
    place->kind = NGX_EIAM_REDIS_SEAL_GRANT;
    place->key = job->args[1];
    place->part.data = ngx_eiam_unit_redis->source;
    place->part.len = NGX_EIAM_DIGEST_LEN;
}


static ngx_int_t
ngx_eiam_unit_redis_open(ngx_eiam_unit_job_t *job, const ngx_str_t *sealed)
{
    u_char                       buffer[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t                    text;
    ngx_eiam_redis_grant_t       value;
    ngx_eiam_redis_seal_place_t  place;

    if (sealed->len > sizeof(buffer)) {
        return NGX_ERROR;
    }

    text.data = buffer;
    ngx_eiam_unit_redis_place(job, &place);

    if (ngx_eiam_redis_seal_open(&ngx_eiam_unit_redis->seal, 0, &place, sealed,
                                 &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_eiam_redis_value_read_grant(&text, &value);
}


static void
ngx_eiam_unit_redis_print(void)
{
    u_char                  line[128];
    uint64_t                time, processor;
    ngx_eiam_unit_redis_t  *b = ngx_eiam_unit_redis;

    time = ngx_eiam_unit_redis_clock(CLOCK_MONOTONIC) - b->start;
    processor = ngx_eiam_unit_redis_clock(CLOCK_PROCESS_CPUTIME_ID)
                - b->processor;

    ngx_qsort(b->took, b->answered, sizeof(uint32_t),
              ngx_eiam_unit_redis_compare);

    (void) ngx_write_fd(ngx_stdout, line,
                        ngx_sprintf(line, "%ui %ui %uL %uL %uD %uD\n",
                                    ngx_eiam_unit_redis_ways[b->way],
                                    b->answered, time, processor,
                                    b->took[b->answered / 2],
                                    b->took[b->answered * 99 / 100])
                        - line);
}


static int ngx_libc_cdecl
ngx_eiam_unit_redis_compare(const void *one, const void *two)
{
    const uint32_t  *a = one, *b = two;

    return (*a > *b) - (*a < *b);
}


static uint64_t
ngx_eiam_unit_redis_clock(clockid_t clock)
{
    struct timespec  now;

    (void) clock_gettime(clock, &now);

    return (uint64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}


static void
ngx_eiam_unit_redis_failed(const char *what)
{
    ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0, "eiam_bench_redis: %s",
                  what);
    exit(2);
}
