
#ifndef _NGX_HTTP_EIAM_H_INCLUDED_
#define _NGX_HTTP_EIAM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <nginx.h>

#include <ngx_eiam_applications.h>
#include <ngx_eiam_detail.h>
#include <ngx_eiam_digest.h>
#include <ngx_eiam_document.h>
#include <ngx_eiam_introspection.h>
#include <ngx_eiam_jwk.h>
#include <ngx_eiam_jwt.h>
#include <ngx_eiam_key_set.h>
#include <ngx_eiam_live.h>
#include <ngx_eiam_metrics.h>
#include <ngx_eiam_policy.h>
#include <ngx_eiam_reason.h>
#include <ngx_eiam_redis_link.h>
#include <ngx_eiam_scope.h>
#include <ngx_eiam_share.h>
#include <ngx_eiam_share_lookup.h>
#include <ngx_eiam_share_write.h>
#include <ngx_eiam_source.h>
#include <ngx_eiam_target.h>
#include <ngx_eiam_zone.h>


typedef enum {
    NGX_HTTP_EIAM_OFF = 0,
    NGX_HTTP_EIAM_REPORT,
    NGX_HTTP_EIAM_ON
} ngx_http_eiam_mode_e;


/* not inlined, to keep what few requests need out of the way of the others */
#define ngx_http_eiam_seldom  __attribute__((noinline))


#define NGX_HTTP_EIAM_AUTO  NGX_EIAM_LANGUAGES

#define NGX_HTTP_EIAM_SCOPES_MEMO      256    /* entries */
#define NGX_HTTP_EIAM_SCOPES_MEMO_MAX  1024   /* bytes of an entry's texts */


/*
 * An entry of a worker's memo of scopes: the effective scopes of a token with
 * this text of scopes under an application's permissions.
 */

typedef struct {
    ngx_eiam_permissions_t    *permissions;   /* NULL: no limit */
    ngx_str_t                  text;          /* of the token; or empty */
    ngx_str_t                  token;         /* $eiam_token_scopes */
    ngx_eiam_permissions_t     effective;
} ngx_http_eiam_scopes_memo_t;


/*
 * What an applications file says.  Requests that are decided by it take it and
 * release it: ngx_http_eiam_generation.h.
 */

typedef struct {
    ngx_pool_t                *pool;          /* of all of it */
    ngx_uint_t                 users;         /* the last one destroys it */
    ngx_eiam_applications_t    applications;
    ngx_eiam_digest_t          digest;        /* of the file */
} ngx_http_eiam_generation_t;


/* the permissions of a generation, with a set of implications */

typedef struct {
    ngx_pool_t                *pool;          /* of all of it */
    ngx_http_eiam_generation_t   *generation;    /* NULL: there is no file */
    ngx_eiam_applications_t      *applications;  /* of it; NULL: no file */
    ngx_eiam_permissions_t       *permissions;   /* by application */
    ngx_http_eiam_scopes_memo_t  *scopes_memo;   /* a hash table */
} ngx_http_eiam_permissions_t;


/* an applications file of the configuration */

typedef struct {
    ngx_str_t                  name;          /* must be the first */
    ngx_http_eiam_generation_t   *generation;  /* the newest one */
    ngx_eiam_stamp_t           stamp;         /* of the file of it */
    ngx_eiam_live_t           *live;          /* in the zone; NULL: not live */
    ngx_eiam_stamp_t           last_stamp;    /* at the last check */
    ngx_msec_t                 stamp_since;   /* ms: the first such check */
    ngx_uint_t                 changes;       /* checks in a row with one */
    ngx_uint_t                 reload;        /* flag: some location wants it */
} ngx_http_eiam_applications_t;


/* an applications file, or none, as locations use it */

typedef struct {
    ngx_http_eiam_applications_t  *applications;   /* NULL: no file */
    ngx_array_t               *implied;       /* in words: of ngx_array_t */
    ngx_array_t               *implications;  /* of ngx_eiam_implication_t */
    ngx_flag_t                 reload;
    ngx_http_eiam_permissions_t   *current;        /* those in force */
    ngx_uint_t                 unavailable;   /* flag: what is in force could
                                                 not be read */
} ngx_http_eiam_file_permissions_t;


/* a key set of a file or of a location, with this worker's keys */

typedef struct {
    ngx_str_t                  name;          /* must come first */
    ngx_eiam_source_t         *source;        /* NULL: from a file */
    ngx_eiam_keys_t            keys;
    uint32_t                   generation;    /* 0: no keys yet */
    uint32_t                   content;       /* number of its content */
    ngx_eiam_digest_t          digest;        /* of a file's content */
    ngx_pool_t                *pool;          /* of the keys */
} ngx_http_eiam_key_set_t;


/* a location for subrequests */

typedef struct {
    ngx_http_core_srv_conf_t  *server;
    const char                *directive;
    const char                *missing;       /* logged if it does not exist */
    ngx_str_t                  uri;
    size_t                     size;          /* maximum of an answer */
} ngx_http_eiam_target_t;


/* directives of other modules that stand in a location */

typedef struct {
    ngx_str_t                  proxy_pass;    /* its URL; no data: none */
    ngx_str_t                  file;          /* and where it stands */
    ngx_uint_t                 line;
    unsigned                   rewrites:1;
    unsigned                   returns:1;
} ngx_http_eiam_foreign_t;


/* a module of the cycle, whose directives are noted while "http" is read */

typedef struct {
    ngx_module_t             **place;         /* in the list of modules */
    ngx_module_t              *module;
    ngx_command_t             *commands;      /* those of the copy */
    ngx_uint_t                 ncommands;
} ngx_http_eiam_replaced_t;


typedef struct {
    ngx_cycle_t               *cycle;
    ngx_http_conf_ctx_t       *ctx;           /* of http */
    ngx_eiam_scopes_t         *scopes;
    ngx_array_t                policies;      /* of ngx_eiam_policy_t * */
    ngx_array_t                files;         /* of applications:
                                            ngx_http_eiam_applications_t * */
    ngx_array_t                file_permissions;
                                  /* of ngx_http_eiam_file_permissions_t * */
    ngx_array_t                key_sets;      /* ngx_http_eiam_key_set_t * */
    ngx_array_t                targets;       /* of ngx_http_eiam_target_t */
    ngx_array_t                replaced;    /* of ngx_http_eiam_replaced_t */
    ngx_eiam_zone_t           *zone;
    ngx_eiam_redis_t          *redis;         /* NULL: off */
    ngx_eiam_redis_link_t     *redis_link;    /* of this worker */
    ngx_uint_t                 redis_off;     /* it is said to be off */
    void                      *charset;       /* of eiam_path utf8, compiled */
    ngx_uint_t                 gated;         /* flag: there is a gate */
    ngx_eiam_redis_seal_t     *seal;          /* NULL: no eiam_redis_key */
    time_t                     redis_grace;   /* s; or NGX_EIAM_SHARE_OFF */
    ngx_eiam_share_t          *share;         /* NULL: without eiam_redis */
    ngx_int_t                  request_id;    /* index of $request_id */
    ngx_http_header_handler_pt process_authorization;   /* nginx's own */
    ngx_http_get_variable_pt   get_field;               /* of $http_... */
    ngx_http_set_variable_pt   set_args;                /* of $args */
} ngx_http_eiam_main_conf_t;


/* a gated location outside of its policy's base path */

typedef struct {
    ngx_eiam_base_t            base;
    ngx_str_t                  name;
    ngx_uint_t                 exact;
} ngx_http_eiam_gated_t;


typedef struct ngx_http_eiam_loc_conf_s  ngx_http_eiam_loc_conf_t;


/* what the gated locations of a server share */

typedef struct {
    ngx_array_t                policies;      /* of ngx_eiam_policy_t * */
    ngx_array_t                locations;     /* of ngx_http_eiam_gated_t */
    ngx_array_t                checked;     /* of ngx_http_eiam_checked_t */
    ngx_uint_t                 mode;          /* the strictest mode */
    ngx_eiam_source_t         *learned;       /* NULL: nothing is learned */
    ngx_eiam_source_t         *refresh;       /* NULL: nothing is revoked */
    ngx_http_eiam_loc_conf_t  *jwt;           /* a gated location that
                                                 verifies; NULL: none */
    ngx_uint_t                 token_max;     /* the longest */
    ngx_str_t                  id;            /* identifies the server */
} ngx_http_eiam_srv_conf_t;


struct ngx_http_eiam_loc_conf_s {
    ngx_uint_t                 mode;
    ngx_eiam_policy_t         *policy;
    ngx_http_eiam_applications_t  *applications;
    ngx_flag_t                 listed;        /* only those of the file */
    ngx_flag_t                 reload;        /* of the file */
    ngx_array_t               *implied;       /* in words: of ngx_array_t */
    ngx_http_eiam_file_permissions_t  *permissions;
    ngx_uint_t                 objects;       /* a mode */
    ngx_str_t                  introspection; /* empty: off */
    ngx_eiam_source_t         *source;        /* introspection; NULL: off */
    ngx_array_t               *audiences;     /* of introspection; NULL: any */
    ngx_eiam_share_sought_t    sought;        /* in Redis */
    time_t                     redis_stale;   /* s; or NGX_EIAM_SHARE_OFF */
    ngx_flag_t                 learn;
    ngx_flag_t                 revoke;
    ngx_uint_t                 status;        /* flag: the status location */
    ngx_uint_t                 control;       /* 0: no control location */
    ngx_str_t                  jwks;          /* location; or empty */
    ngx_http_eiam_key_set_t   *key_set;       /* NULL: none */
    ngx_eiam_source_t         *jwt;           /* signed tokens; NULL: off */
    ngx_uint_t                 token_max;     /* bytes */
    ngx_eiam_jwt_terms_t       jwt_terms;
    ngx_eiam_key_terms_t       key_terms;
    ngx_eiam_terms_t           terms;
    void                      *charset;       /* NULL: eiam_path strict */
    time_t                     formless;      /* next warning: no form */
    ngx_uint_t                 language;
    ngx_str_t                  realm;
    ngx_str_t                 *challenges;    /* by reason */
    ngx_http_eiam_foreign_t    foreign;
};


/* a location that is gated, or that the module itself answers in */

typedef struct {
    ngx_http_core_loc_conf_t  *location;
    ngx_http_eiam_loc_conf_t  *conf;
    ngx_uint_t                 own;           /* "eiam" stands there itself */
} ngx_http_eiam_checked_t;


/* what the client's header fields say; read in one pass */

typedef struct {
    ngx_str_t                 *authorization; /* the first field */
    ngx_uint_t                 authorizations;
    ngx_str_t                 *target;        /* the first field */
    ngx_uint_t                 targets;
    unsigned                   method:1;      /* asks for another method */
} ngx_http_eiam_fields_t;


typedef struct ngx_http_eiam_waiter_s  ngx_http_eiam_waiter_t;
typedef struct ngx_http_eiam_learn_hold_s  ngx_http_eiam_learn_hold_t;


/* a call of the token interface, and a copy of the answer */

typedef struct {
    ngx_str_t                  client;        /* empty: nothing is learned */
    ngx_str_t                  named;         /* certain or not */
    ngx_str_t                  scope;         /* requested, or empty */
    ngx_str_t                  token;         /* to be revoked, or empty */
    struct ngx_http_eiam_ctx_s  *call;        /* with that token */
    ngx_uint_t                 unsure;        /* flag: the scope is uncertain */
    ngx_str_t                  answer;
    size_t                     max;           /* bytes of the answer */
    time_t                     issued;
    uint32_t                   generation;    /* of revocations, before it */
    ngx_eiam_position_t        position;      /* of the stream, before it */
    ngx_http_eiam_learn_hold_t  *hold;        /* NULL: the answer is not held */
    ngx_eiam_digest_t          digest;        /* of the issued token */
    ngx_eiam_grant_t           grant;         /* of the issued token */
    unsigned                   body:1;        /* the request's body is read */
    unsigned                   known:1;       /* the client has been read */
    unsigned                   copying:1;
    unsigned                   revoke:1;      /* the call revokes: RFC 7009 */
} ngx_http_eiam_learn_t;


typedef struct ngx_http_eiam_ctx_s  ngx_http_eiam_ctx_t;


typedef ngx_int_t (*ngx_http_eiam_stage_pt)(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

typedef struct {
    ngx_str_t                  name;
    ngx_uint_t                 phase;         /* of nginx */
    ngx_http_eiam_stage_pt     handler;
    ngx_http_eiam_stage_pt     explain;       /* NULL: it decides nothing */
} ngx_http_eiam_stage_t;


/*
 * One decision.  Internal redirects clear the contexts of modules, so it is
 * kept as the data of a cleanup in the request's pool.
 */

struct ngx_http_eiam_ctx_s {
    ngx_http_request_t        *request;
    const ngx_http_eiam_stage_t  *stage;      /* the next one */
    ngx_eiam_decision_e        decision;
    ngx_eiam_reason_e          reason;
    ngx_eiam_detail_e          detail;        /* the rule */

    const ngx_eiam_policy_t   *policy;        /* NULL: in no gated location */
    ngx_uint_t                 method;
    ngx_str_t                  uri;           /* of the decision */
    unsigned                   raw:1;         /* as sent, too */
    ngx_http_eiam_fields_t     fields;
    ngx_uint_t                 parameters;    /* in the query */
    unsigned                   searched:1;    /* also in $request_uri */

    ngx_eiam_resource_t       *resource;
    ngx_eiam_operation_t      *operation;
    unsigned                   looked_up:1;   /* both have been */
    unsigned                   left_out:1;    /* NULL as it is left out */

    ngx_str_t                  token;         /* no data: none */
    ngx_eiam_digest_memo_t     memo;          /* where the digest may be */
    ngx_eiam_digest_t          digest;
    unsigned                   known:1;       /* it has been computed */
    unsigned                   digested:1;    /* a source may know it */

    uint32_t                   flight;        /* it waited for this one */
    ngx_uint_t                 own_flights;   /* begun by this request */
    uint32_t                   shared;        /* the same, in Redis */
    ngx_uint_t                 lookups;       /* in Redis, by this request */
    unsigned                   unasked:1;     /* Redis could not be asked */
    time_t                     retry;         /* s; 0: a second */
    ngx_http_eiam_waiter_t    *waiter;        /* NULL: did not wait */
    uint32_t                   unknown;       /* keys lack the token's */
    unsigned                   tried:1;       /* in vain, with the keys */
    ngx_str_t                  fault;         /* for the log, of a token */
    unsigned                   ignore_abort:1; /* of the client: others wait */

    ngx_http_eiam_learn_t     *learn;         /* NULL: another call */

    ngx_http_eiam_permissions_t  *permissions;  /* taken; NULL: none */
    ngx_eiam_application_t    *application;   /* in the file, or NULL */
    ngx_eiam_scope_bits_t     *scopes;        /* effective; NULL: no grant */

    /* what remains when the permissions are released */
    ngx_str_t                  application_id;
    ngx_str_t                  scopes_text;
    ngx_str_t                  token_scopes;  /* without the upper limit */
    ngx_str_t                  object;        /* refused: its kind, and id */
    const ngx_str_t           *source;
    const ngx_str_t           *cache;
};


extern ngx_module_t  ngx_eiam_module;


#endif /* _NGX_HTTP_EIAM_H_INCLUDED_ */
