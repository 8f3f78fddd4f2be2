
#ifndef _NGX_HTTP_EIAM_H_INCLUDED_
#define _NGX_HTTP_EIAM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <nginx.h>

#include <ngx_eiam_applications.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_introspection.h>
#include <ngx_eiam_jwk.h>
#include <ngx_eiam_jwt.h>
#include <ngx_eiam_key_set.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_policy.h>
#include <ngx_eiam_reason.h>
#include <ngx_eiam_scope.h>
#include <ngx_eiam_source.h>
#include <ngx_eiam_target.h>
#include <ngx_eiam_zone.h>


typedef enum {
    NGX_HTTP_EIAM_OFF = 0,
    NGX_HTTP_EIAM_REPORT,
    NGX_HTTP_EIAM_ON
} ngx_http_eiam_mode_e;


/* what few requests need is kept out of the way of all others */
#define ngx_http_eiam_seldom  __attribute__((noinline))


#define NGX_HTTP_EIAM_AUTO  NGX_EIAM_LANGUAGES

#define NGX_HTTP_EIAM_WORTHS     256
#define NGX_HTTP_EIAM_WORTH_MAX  1024         /* bytes of its two texts */


/* what the scopes of a token came to, under an application's permissions */

typedef struct {
    ngx_eiam_permissions_t    *permissions;   /* NULL: no limit */
    ngx_str_t                  text;          /* of the token; empty: none */
    ngx_eiam_permissions_t     effective;
} ngx_http_eiam_worth_t;


/* the permissions of an applications file under a set of implications */

typedef struct {
    ngx_eiam_applications_t   *applications;
    ngx_array_t               *implied;       /* the words */
    ngx_array_t               *implications;  /* of ngx_eiam_implication_t */
    ngx_eiam_permissions_t    *permissions;   /* by application */
    ngx_http_eiam_worth_t     *worths;        /* a hash table */
} ngx_http_eiam_ceiling_t;


/* a key set, of a file or of a location: this worker's keys of it */

typedef struct {
    ngx_str_t                  name;          /* must be the first */
    ngx_eiam_source_t         *source;        /* NULL: of a file */
    ngx_eiam_keys_t            keys;
    uint32_t                   generation;    /* 0: no keys yet */
    uint32_t                   content;       /* of the set in the zone */
    ngx_eiam_digest_t          digest;        /* of that of a file */
    ngx_pool_t                *pool;          /* of the keys */
} ngx_http_eiam_key_set_t;


/* a location that subrequests go to */

typedef struct {
    ngx_http_core_srv_conf_t  *server;
    const char                *directive;
    ngx_str_t                  uri;
    size_t                     size;          /* that answers may have */
} ngx_http_eiam_target_t;


typedef struct {
    ngx_http_conf_ctx_t       *ctx;           /* of http */
    ngx_eiam_scopes_t         *scopes;
    ngx_array_t                policies;      /* of ngx_eiam_policy_t * */
    ngx_array_t                files;         /* ngx_eiam_applications_t * */
    ngx_array_t                ceilings;      /* ngx_http_eiam_ceiling_t */
    ngx_array_t                key_sets;      /* ngx_http_eiam_key_set_t * */
    ngx_array_t                targets;       /* of ngx_http_eiam_target_t */
    ngx_eiam_zone_t           *zone;
    void                      *letters;       /* for eiam_path utf8 */
    ngx_uint_t                 gated;         /* some server has a gate */
    ngx_http_header_handler_pt process_authorization;   /* nginx's own */
    ngx_http_get_variable_pt   get_field;               /* of $http_... */
    ngx_http_set_variable_pt   set_args;                /* of $args */
} ngx_http_eiam_main_conf_t;


/* a gated location that is not below its policy's base path */

typedef struct {
    ngx_eiam_base_t            base;
    ngx_str_t                  name;
    ngx_uint_t                 exact;
} ngx_http_eiam_gated_t;


/* what the server's gated locations have in common */

typedef struct {
    ngx_array_t                policies;      /* of ngx_eiam_policy_t * */
    ngx_array_t                locations;     /* of ngx_http_eiam_gated_t */
    ngx_uint_t                 mode;          /* the strictest of them */
    ngx_eiam_source_t         *learned;       /* NULL: nowhere here */
    ngx_str_t                  id;            /* tells it from all others */
} ngx_http_eiam_srv_conf_t;


typedef struct {
    ngx_uint_t                 number;        /* no other one ever had */
    ngx_uint_t                 mode;
    ngx_eiam_policy_t         *policy;
    ngx_eiam_applications_t   *applications;
    ngx_array_t               *implied;       /* of ngx_array_t: the words */
    ngx_eiam_permissions_t    *permissions;   /* by application */
    ngx_array_t               *implications;  /* of ngx_eiam_implication_t */
    ngx_http_eiam_worth_t     *worths;        /* this worker's */
    ngx_str_t                  introspection; /* empty: off */
    ngx_eiam_source_t         *source;        /* that it is; NULL: off */
    ngx_array_t               *audiences;     /* of its tokens; NULL: any */
    ngx_flag_t                 learn;
    ngx_uint_t                 status;        /* it is the status location */
    ngx_str_t                  jwks;          /* its location; or empty */
    ngx_http_eiam_key_set_t   *key_set;       /* NULL: none */
    ngx_eiam_source_t         *jwt;           /* the grants that come of it */
    ngx_eiam_jwt_terms_t       jwt_terms;
    ngx_eiam_key_terms_t       key_terms;
    ngx_eiam_terms_t           terms;
    void                      *letters;       /* NULL: eiam_path strict */
    time_t                     formless;      /* until then it is not told */
    ngx_uint_t                 language;
    ngx_str_t                  realm;
    ngx_str_t                 *challenges;    /* by reason */
} ngx_http_eiam_loc_conf_t;


/* what the client's header fields say, from one walk over them */

typedef struct {
    ngx_str_t                 *authorization; /* the first */
    ngx_uint_t                 authorizations;
    ngx_str_t                 *target;        /* the first other target */
    ngx_uint_t                 targets;
    unsigned                   method:1;      /* another method is asked for */
} ngx_http_eiam_fields_t;


typedef struct ngx_http_eiam_waiter_s  ngx_http_eiam_waiter_t;


/* a call of the token interface, and a copy of its answer */

typedef struct {
    ngx_str_t                  client;        /* empty: nothing is learned */
    ngx_str_t                  named;         /* who it is, or may be */
    ngx_str_t                  scope;         /* that is asked for, or empty */
    ngx_uint_t                 unsure;        /* of the scope */
    ngx_str_t                  answer;
    size_t                     max;           /* bytes of it */
    time_t                     issued;
    unsigned                   body:1;        /* of the request: it is read */
    unsigned                   known:1;       /* who asks, or that nobody is */
    unsigned                   copying:1;
} ngx_http_eiam_learn_t;


typedef struct ngx_http_eiam_ctx_s  ngx_http_eiam_ctx_t;


typedef struct {
    ngx_uint_t    phase;
    ngx_int_t   (*handler)(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx);
} ngx_http_eiam_stage_t;


/*
 * One decision.  It outlives internal redirects, which clear the modules'
 * contexts, as the data of a cleanup of the request's pool.
 */

struct ngx_http_eiam_ctx_s {
    ngx_http_request_t        *request;
    const ngx_http_eiam_stage_t  *stage;      /* the next to run */
    ngx_eiam_decision_e   decision;
    ngx_eiam_reason_e          reason;

    ngx_uint_t                 method;
    ngx_str_t                  uri;           /* that was decided on */
    unsigned                   raw:1;         /* and was forwarded as sent */
    ngx_http_eiam_fields_t     fields;
    ngx_uint_t                 parameters;    /* in the query */
    unsigned                   searched:1;    /* $request_uri as well */

    ngx_eiam_resource_t       *resource;
    ngx_eiam_operation_t      *operation;

    ngx_str_t                  token;         /* no data: none */
    ngx_eiam_digest_place_t    place;         /* of its digest */
    ngx_eiam_digest_t          digest;
    unsigned                   known:1;       /* the digest is there */
    unsigned                   digested:1;    /* and is of use */
    uint32_t                   changes;       /* before a source was asked */

    uint32_t                   flight;        /* the last one waited for */
    ngx_uint_t                 leads;         /* flights of its own */
    time_t                     retry;         /* s; 0: a second */
    ngx_http_eiam_waiter_t    *waiter;        /* NULL: did not wait */
    uint32_t                   unknown;       /* generation without its key */
    unsigned                   tried:1;       /* keys, but in vain */
    unsigned                   steady:1;      /* others wait for it too */

    ngx_http_eiam_learn_t     *learn;         /* NULL: no such call */

    ngx_eiam_application_t    *application;   /* of the applications file */
    ngx_str_t                  application_id;
    ngx_eiam_application_row_t  *row;         /* NULL: not looked for yet */
    ngx_eiam_scope_bits_t     *scopes;        /* effective; NULL: no grant */
    ngx_str_t                  scopes_text;
    const ngx_eiam_permissions_t  *effective; /* if these outlive it; or NULL */
    const ngx_str_t           *source;
    const ngx_str_t           *cache;
};


extern ngx_module_t  ngx_eiam_module;

extern const ngx_http_eiam_stage_t  ngx_http_eiam_stages[];


/* configuration */

void *ngx_http_eiam_create_main_conf(ngx_conf_t *cf);
void *ngx_http_eiam_create_srv_conf(ngx_conf_t *cf);
void *ngx_http_eiam_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_eiam_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);

/*
 * For shm_zone->init: what can be checked only when all is read, and the zone.
 * A configuration that is refused earlier, after the first filter was added,
 * would leave its half of the filters to workers that start later.
 */
ngx_int_t ngx_http_eiam_init_zone(ngx_shm_zone_t *shm_zone, void *data);

ngx_int_t ngx_http_eiam_check_servers(const ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log);
ngx_int_t ngx_http_eiam_check_targets(const ngx_http_eiam_main_conf_t *mcf,
    ngx_log_t *log);

/* what a location of this server gives as that kind of source; or NULL */
ngx_eiam_source_t *ngx_http_eiam_add_source(ngx_conf_t *cf, const char *kind,
    const ngx_str_t *location);

/* the location's permissions, by number: NGX_CONF_OK or NGX_CONF_ERROR */
char *ngx_http_eiam_resolve(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf);

/* the location that is being merged has a gate: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_add_gated(ngx_conf_t *cf,
    const ngx_eiam_policy_t *policy);

/* what could be read as one in it, though nginx took it elsewhere */
ngx_eiam_below_e ngx_http_eiam_gated_below(
    const ngx_http_eiam_srv_conf_t *scf, const ngx_eiam_reading_t *reading);

/* a list of texts, or of what begins with its text, as a part of an id */
size_t ngx_http_eiam_list_size(const ngx_array_t *list);
u_char *ngx_http_eiam_put_list(u_char *p, const ngx_array_t *list);

/* a text that tells the server from all others: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_server_id(ngx_conf_t *cf, ngx_str_t *id);

/* subrequests may go there, and bring so much: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_add_target(ngx_conf_t *cf, const char *directive,
    const ngx_str_t *uri, size_t size);

/* signed tokens: what conf has of them; NGX_OK or NGX_ERROR */
void ngx_http_eiam_init_jwt(ngx_http_eiam_loc_conf_t *conf);
void ngx_http_eiam_merge_jwt(ngx_http_eiam_loc_conf_t *prev,
    ngx_http_eiam_loc_conf_t *conf);
ngx_int_t ngx_http_eiam_gate_jwt(ngx_conf_t *cf,
    ngx_http_eiam_loc_conf_t *conf);

/* at last, when nginx's tables are made: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_take_authorization(ngx_conf_t *cf);
ngx_int_t ngx_http_eiam_post_read_take_variables(ngx_conf_t *cf);

/* directives */

/* a kind of file that a directive names: the directive's post */

typedef struct {
    size_t                     files;         /* those read: in main conf */
    size_t                     size;          /* of what one is read into */
    ngx_int_t                (*read)(ngx_eiam_document_t *document,
                                     ngx_http_eiam_main_conf_t *mcf,
                                     ngx_pool_t *pool, void *file);
} ngx_http_eiam_file_t;

extern ngx_http_eiam_file_t  ngx_http_eiam_policy_file;
extern ngx_http_eiam_file_t  ngx_http_eiam_applications_file;
extern ngx_http_eiam_file_t  ngx_http_eiam_key_file;

extern ngx_conf_enum_t  ngx_http_eiam_modes[];
extern ngx_conf_enum_t  ngx_http_eiam_languages[];

char *ngx_http_eiam_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_eiam_scope_implies(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_eiam_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_eiam_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_eiam_introspection(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_circuit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_eiam_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_eiam_jwks(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* a slot for texts, which is NGX_CONF_UNSET_PTR at first */
char *ngx_http_eiam_texts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_eiam_claim_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_jwt_algorithms(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

extern ngx_conf_num_bounds_t  ngx_http_eiam_limit_bounds;
extern ngx_conf_post_t  ngx_http_eiam_not_zero;
extern ngx_conf_post_t  ngx_http_eiam_not_empty;
extern ngx_conf_post_t  ngx_http_eiam_a_day;

/* where there is no gate: NGX_OK, or NGX_ABORT if there are two */
ngx_int_t ngx_http_eiam_authorization_check(ngx_http_request_t *r);

/* the phases: nginx's return codes */

ngx_int_t ngx_http_eiam_post_read_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_eiam_preaccess_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_eiam_access_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_eiam_log_handler(ngx_http_request_t *r);

/*
 * The stages.  NGX_OK: go on; NGX_DECLINED: nothing more is required, go on
 * with the last one; NGX_ABORT: refused, ctx->reason says why and the last
 * one answers; NGX_AGAIN: later; NGX_DONE: answered; NGX_ERROR: broken.
 */

ngx_int_t ngx_http_eiam_guard(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_match(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_authorize(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_identify(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_forward(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* what the policy says of it: ctx->resource and operation, or NULL */
void ngx_http_eiam_find_operation(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_policy_t *policy, const ngx_str_t *path,
    const ngx_str_t *method);

/* where calls of the request's application are counted */
ngx_eiam_application_row_t *ngx_http_eiam_row(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* a decision that was made */
void ngx_http_eiam_count(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx);

/* who asks for a token: as a stage, or a status of nginx */
ngx_int_t ngx_http_eiam_learn(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
void ngx_http_eiam_not_learned(ngx_http_request_t *r, const char *reason);

/* learn from the answer: called once in each configuration */
void ngx_http_eiam_add_relay_filters(void);

/* token sources, with the return codes of a stage */
ngx_int_t ngx_http_eiam_introspect(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
ngx_int_t ngx_http_eiam_verify(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/*
 * The keys of a set.  NGX_OK; NGX_AGAIN: they are fetched; NGX_DECLINED: no
 * newer ones than ctx->unknown; NGX_ABORT: none; NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_keys(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_http_eiam_key_set_t *set, const ngx_eiam_key_terms_t *terms);

/* the set of a location is due: its fetch, for what is cached by it */
void ngx_http_eiam_refresh_keys(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, ngx_http_eiam_key_set_t *set,
    const ngx_eiam_key_terms_t *terms) ngx_http_eiam_seldom;

/* reads a file's set: NGX_OK or NGX_ERROR with document->fault */
ngx_int_t ngx_http_eiam_read_key_file(ngx_eiam_document_t *document,
    ngx_pool_t *pool, ngx_http_eiam_key_set_t *set);

/*
 * Before the sources are asked: what a note says of the token, as a stage, or
 * NGX_DECLINED.  And afterwards: what they have said, for the next request.
 */
ngx_int_t ngx_http_eiam_recall(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);
void ngx_http_eiam_note(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_int_t rc);

/* gives the request what the token is worth: as a stage */
ngx_int_t ngx_http_eiam_apply(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant);

/* a copy, as what it comes from may be gone: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_set_id(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_str_t *id);

/* these are its scopes, of the configuration's memory */
void ngx_http_eiam_give(ngx_http_eiam_ctx_t *ctx,
    const ngx_eiam_permissions_t *effective);

/* the same for its scopes alone */
ngx_int_t ngx_http_eiam_apply_scopes(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_grant_t *grant);

/* waiting for what another request, or another worker, asks a source */

/* NGX_AGAIN: the request's phases run again, or NGX_ERROR */
ngx_int_t ngx_http_eiam_wait(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx, const ngx_eiam_digest_t key);

/* all that wait for that key in this worker */
void ngx_http_eiam_wake(const ngx_eiam_digest_t key);

/*
 * Subrequests: the one door out.  They run in the background of the request,
 * which waits for what the handler does.  That is called once; the answer is
 * NULL if the client went away before there was one.
 */

typedef void (*ngx_http_eiam_fetched_pt)(ngx_http_request_t *r, void *data,
    const ngx_eiam_answer_t *answer);

typedef struct {
    ngx_str_t                  uri;
    ngx_str_t                  form;          /* to POST; empty: GET */
    ngx_msec_t                 timeout;       /* of the whole answer */
    ngx_http_eiam_fetched_pt   handler;
    void                      *data;

    ngx_http_request_t        *request;       /* the subrequest */
    ngx_http_headers_in_t     *headers;       /* that it sends */
    ngx_http_request_body_t   *body;
    ngx_msec_t                 since;
    ngx_event_t                timer;
    off_t                      size;          /* of the answer so far */
    unsigned                   taken:1;       /* it has them */
    unsigned                   complete:1;
    unsigned                   large:1;       /* more than its buffer */
    unsigned                   done:1;
} ngx_http_eiam_fetch_t;

/* NGX_OK or NGX_ERROR, then the handler is not called; fetch is kept */
ngx_int_t ngx_http_eiam_fetch(ngx_http_request_t *r,
    ngx_http_eiam_fetch_t *fetch);

/* before the configuration is read: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_subrequest_take_variables(ngx_conf_t *cf);

/* at its start: what the call shows of itself; NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_subrequest_open(ngx_http_request_t *sr);

/* behind the rewrite phase: what it sends takes the place of that */
void ngx_http_eiam_subrequest_take(ngx_http_request_t *sr,
    ngx_http_eiam_fetch_t *fetch);

/* at its end: logs if it did not come to an upstream */
void ngx_http_eiam_subrequest_ended(ngx_http_request_t *sr,
    const ngx_http_eiam_fetch_t *fetch, ngx_int_t rc);

/* of an answer without a grant: logs once a minute if no token was sent */
void ngx_http_eiam_subrequest_check_form(ngx_http_request_t *sr,
    const ngx_http_eiam_fetch_t *fetch, ngx_uint_t status);

/* what a source did, at last, and how long it took */
void ngx_http_eiam_observe(ngx_http_request_t *r, ngx_eiam_kind_e kind,
    ngx_eiam_result_e result, const ngx_http_eiam_fetch_t *fetch);

/* is it such a subrequest? */
ngx_uint_t ngx_http_eiam_is_fetch(ngx_http_request_t *r);

/* watches their bodies: called once in each configuration */
void ngx_http_eiam_add_fetch_filter(void);

/* NGX_OK, NGX_DECLINED: leads around the gate; NGX_ERROR: no memory */
ngx_int_t ngx_http_eiam_guard_outside(ngx_http_request_t *r,
    const ngx_http_eiam_ctx_t *prior);

/* the target's path as the client wrote it */
ngx_str_t ngx_http_eiam_raw_path(ngx_http_request_t *r);

/* the query of a target or a request line: from "?" up to the protocol */
ngx_str_t ngx_http_eiam_query_of(const ngx_str_t *text);

/* the target is the path that is matched: no query, and nothing rewritten */
#define ngx_http_eiam_is_bare(r)                                              \
    ((r)->args.len == 0 && (r)->uri.len                                       \
     && (r)->uri.data == (r)->unparsed_uri.data                               \
     && (r)->uri.len == (r)->unparsed_uri.len)

/* which parameters are in what may be forwarded as the query: these bits */
ngx_uint_t ngx_http_eiam_parameters(ngx_http_request_t *r);

/* the names of those that are secret, up to a null string */
extern const ngx_str_t *const  ngx_http_eiam_secrets;

#define NGX_HTTP_EIAM_ASKS_METHOD  0x03
#define NGX_HTTP_EIAM_HAS_TOKEN    0x04
#define NGX_HTTP_EIAM_HAS_SECRET   0x0c       /* a token is one too */

/* header fields; NGX_OK or NGX_ERROR (no memory) */

ngx_int_t ngx_http_eiam_read_fields(ngx_http_request_t *r,
    ngx_http_eiam_fields_t *fields);

/* removes X-EIAM-*, and what asks for another protocol than WebSocket */
ngx_int_t ngx_http_eiam_clean_fields(ngx_http_request_t *r);

ngx_uint_t ngx_http_eiam_count_authorizations(ngx_http_request_t *r);

/* is that its name, also for backends that take "_" and the like for "-"? */
ngx_uint_t ngx_http_eiam_field_is(const ngx_table_elt_t *h, const char *name);

typedef struct {
    ngx_str_t                  name;
    u_char                    *lowcase;
    ngx_uint_t                 hash;          /* of lowcase; 0: not yet known */
} ngx_http_eiam_field_t;

/* adds it to the fields of a request; NULL: no memory */
ngx_table_elt_t *ngx_http_eiam_set_field(ngx_list_t *fields,
    ngx_http_eiam_field_t *field, const ngx_str_t *value);

/* keeps tokens and secrets in queries out of nginx's error log */
void ngx_http_eiam_watch_log(ngx_http_request_t *r);

/* overwrites them in the request itself: it is not forwarded after that */
void ngx_http_eiam_redact(ngx_http_request_t *r);

/* always NGX_ABORT: what a stage returns when it refuses */
ngx_int_t ngx_http_eiam_refuse(ngx_http_eiam_ctx_t *ctx,
    ngx_eiam_reason_e reason);

/* answers with ctx->reason's row and ends the request: always NGX_DONE */
ngx_int_t ngx_http_eiam_reply(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

/* the challenges of the refusals, by reason; NULL: no memory */
ngx_str_t *ngx_http_eiam_challenges(ngx_pool_t *pool, const ngx_str_t *realm);

/* decisions */

/* a new one for this pass of the request; NULL: no memory */
ngx_http_eiam_ctx_t *ngx_http_eiam_create_ctx(ngx_http_request_t *r);

/* the latest one of the request, before redirects too; NULL: none yet */
ngx_http_eiam_ctx_t *ngx_http_eiam_get_ctx(ngx_http_request_t *r);

ngx_int_t ngx_http_eiam_add_variables(ngx_conf_t *cf);


#endif /* _NGX_HTTP_EIAM_H_INCLUDED_ */
