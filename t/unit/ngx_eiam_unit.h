
/*
 * Unit tests of the core, run inside nginx by directives of a module of
 * their own:
 *
 *     eiam_unit all | suite;                    TAP on the standard output
 *     eiam_bench_match policy paths rounds;     for bench/match
 *     eiam_bench_zone, eiam_bench_lock          for bench/zone, bench/lock
 *     eiam_bench_redis                          for bench/gateways
 *
 * A suite is a function; ngx_eiam_unit_module.c lists them.
 */


#ifndef _NGX_EIAM_UNIT_H_INCLUDED_
#define _NGX_EIAM_UNIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_policy.h>


#define NGX_EIAM_UNIT_PLACES  2       /* inputs at guard pages */


typedef struct {
    const char   *suite;
    ngx_conf_t   *cf;
    ngx_pool_t   *pool;               /* of the suite */
    ngx_uint_t    tests;
    ngx_uint_t    failed;
} ngx_eiam_unit_t;


typedef void (*ngx_eiam_unit_pt)(ngx_eiam_unit_t *unit);


void ngx_eiam_unit_base(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_route(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_target(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_bearer(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_query(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_token_request(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_media(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_text(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_scope(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_time(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_language(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_digest(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_document(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_pointer(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_policy(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_fault(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_applications(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_reason(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_claims(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_introspection(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_token_response(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_zone(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_cache(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_flight(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_source(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_revoke(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_redis_reply(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_redis_seal(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_redis_stream(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_redis_value(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_share_limit(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_event(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_base64url(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_jws(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_jwk(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_jwt(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_key_set(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_minimum(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_network(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_live(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_metrics(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_denial(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_hash(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_nh(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_kill(ngx_eiam_unit_t *unit);
void ngx_eiam_unit_memory(ngx_eiam_unit_t *unit);

char *ngx_eiam_unit_bench(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_eiam_unit_bench_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_eiam_unit_bench_lock(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_eiam_unit_bench_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_int_t ngx_eiam_unit_bench_redis_start(ngx_cycle_t *cycle);


/* a test; the title has the format of ngx_sprintf() */
void ngx_eiam_unit_ok(ngx_eiam_unit_t *unit, ngx_uint_t ok, const char *fmt,
    ...);

/*
 * Copies the text to a page of its own, up to its end or, on the other side,
 * from its beginning, so that reading beyond the text is a crash.
 */
ngx_str_t ngx_eiam_unit_place(ngx_uint_t place, ngx_uint_t side,
    const ngx_str_t *text);

/* for ( ... ) over both sides */
#define ngx_eiam_unit_sides(side)  side = 0; side < 2; side++

ngx_uint_t ngx_eiam_unit_equal(const ngx_str_t *one, const ngx_str_t *other);

/* shared by the suites about documents; document->fault says what is wrong */

ngx_int_t ngx_eiam_unit_parse(ngx_eiam_document_t *document,
    ngx_pool_t *pool, const ngx_str_t *text, ngx_eiam_node_t *root);
ngx_int_t ngx_eiam_unit_compile(ngx_eiam_document_t *document,
    ngx_pool_t *pool, const ngx_str_t *text, ngx_eiam_policy_t *policy,
    ngx_eiam_scopes_t **scopes);

/* the operation of "METHOD /path" in the policy; NULL: none */
ngx_eiam_operation_t *ngx_eiam_unit_operation(const ngx_eiam_policy_t *policy,
    const ngx_str_t *call);

/* a set of the scopes named in a text, separated by spaces; NULL: no memory */
ngx_eiam_scope_bits_t *ngx_eiam_unit_scopes(ngx_eiam_scopes_t *scopes,
    ngx_pool_t *pool, const ngx_str_t *names);


#endif /* _NGX_EIAM_UNIT_H_INCLUDED_ */
