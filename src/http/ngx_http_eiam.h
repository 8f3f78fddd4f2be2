
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

/* bytes of a token's digest that logs may show: of 32 */
#define NGX_HTTP_EIAM_TOKEN_ID_LEN  ((size_t) 8)

#define NGX_HTTP_EIAM_SCOPES_MEMO      256    /* entries */
#define NGX_HTTP_EIAM_SCOPES_MEMO_MAX  1024   /* bytes of the texts of one */


/*
 * An entry of a worker's memo of scopes: the effective scopes of a token with
 * this text of scopes, under an application's permissions.
 */

typedef struct {
    ngx_eiam_permissions_t    *permissions;   /* NULL: no limit */
    ngx_str_t                  text;          /* of the token; empty: none */
    ngx_eiam_permissions_t     effective;
} ngx_http_eiam_scopes_memo_t;


/* the permissions of an applications file, with a set of implications */

typedef struct {
    ngx_eiam_applications_t   *applications;
    ngx_array_t               *implied;       /* the words */
    ngx_array_t               *implications;  /* of ngx_eiam_implication_t */
    ngx_eiam_permissions_t    *permissions;   /* by application */
    ngx_http_eiam_scopes_memo_t  *scopes_memo;  /* a hash table */
} ngx_http_eiam_file_permissions_t;


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
    const char                *missing;       /* said if it does not exist */
    ngx_str_t                  uri;
    size_t                     size;          /* that answers may have */
} ngx_http_eiam_target_t;


typedef struct {
    ngx_http_conf_ctx_t       *ctx;           /* of http */
    ngx_eiam_scopes_t         *scopes;
    ngx_array_t                policies;      /* of ngx_eiam_policy_t * */
    ngx_array_t                files;         /* ngx_eiam_applications_t * */
    ngx_array_t                file_permissions;
                                    /* of ngx_http_eiam_file_permissions_t */
    ngx_array_t                key_sets;      /* ngx_http_eiam_key_set_t * */
    ngx_array_t                targets;       /* of ngx_http_eiam_target_t */
    ngx_eiam_zone_t           *zone;
    void                      *charset;       /* for eiam_path utf8 */
    ngx_uint_t                 gated;         /* some server has a gate */
    ngx_int_t                  request_id;    /* index of $request_id */
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
    ngx_eiam_source_t         *refresh;       /* NULL: none is revoked here */
    ngx_uint_t                 token_max;     /* the longest of them */
    ngx_str_t                  id;            /* tells it from all others */
} ngx_http_eiam_srv_conf_t;


typedef struct {
    ngx_uint_t                 mode;
    ngx_eiam_policy_t         *policy;
    ngx_eiam_applications_t   *applications;
    ngx_array_t               *implied;       /* of ngx_array_t: the words */
    ngx_eiam_permissions_t    *permissions;   /* by application */
    ngx_array_t               *implications;  /* of ngx_eiam_implication_t */
    ngx_http_eiam_scopes_memo_t  *scopes_memo;  /* of this worker */
    ngx_str_t                  introspection; /* empty: off */
    ngx_eiam_source_t         *source;        /* that it is; NULL: off */
    ngx_array_t               *audiences;     /* of its tokens; NULL: any */
    ngx_flag_t                 learn;
    ngx_flag_t                 revoke;
    ngx_uint_t                 status;        /* it is the status location */
    ngx_uint_t                 control;       /* 0: no control location */
    ngx_str_t                  jwks;          /* its location; or empty */
    ngx_http_eiam_key_set_t   *key_set;       /* NULL: none */
    ngx_eiam_source_t         *jwt;           /* the grants that come of it */
    ngx_uint_t                 token_max;     /* bytes */
    ngx_eiam_jwt_terms_t       jwt_terms;
    ngx_eiam_key_terms_t       key_terms;
    ngx_eiam_terms_t           terms;
    void                      *charset;       /* NULL: eiam_path strict */
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
    ngx_str_t                  token;         /* to be revoked; or empty */
    struct ngx_http_eiam_ctx_s  *call;        /* that would have the token */
    ngx_uint_t                 unsure;        /* of the scope */
    ngx_str_t                  answer;
    size_t                     max;           /* bytes of it */
    time_t                     issued;
    uint32_t                   generation;    /* of revocations, before that */
    unsigned                   body:1;        /* of the request: it is read */
    unsigned                   known:1;       /* who asks, or that nobody is */
    unsigned                   copying:1;
    unsigned                   revoke:1;      /* of a token: RFC 7009 */
} ngx_http_eiam_learn_t;


typedef struct ngx_http_eiam_ctx_s  ngx_http_eiam_ctx_t;


typedef ngx_int_t (*ngx_http_eiam_stage_pt)(ngx_http_request_t *r,
    ngx_http_eiam_ctx_t *ctx);

typedef struct {
    ngx_str_t                  name;
    ngx_uint_t                 phase;         /* of nginx */
    ngx_http_eiam_stage_pt     handler;
    ngx_http_eiam_stage_pt     explain;       /* NULL: decides nothing */
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
    ngx_eiam_detail_e          detail;        /* the rule that refused it */

    ngx_uint_t                 method;
    ngx_str_t                  uri;           /* that was decided on */
    unsigned                   raw:1;         /* and was forwarded as sent */
    ngx_http_eiam_fields_t     fields;
    ngx_uint_t                 parameters;    /* in the query */
    unsigned                   searched:1;    /* $request_uri as well */

    ngx_eiam_resource_t       *resource;
    ngx_eiam_operation_t      *operation;
    unsigned                   looked_up:1;   /* both of them */
    unsigned                   left_out:1;    /* it is, so it is NULL */

    ngx_str_t                  token;         /* no data: none */
    ngx_eiam_digest_memo_t     memo;          /* of its digest */
    ngx_eiam_digest_t          digest;
    unsigned                   known:1;       /* the digest is there */
    unsigned                   digested:1;    /* and is of use */

    uint32_t                   flight;        /* the last one waited for */
    ngx_uint_t                 own_flights;   /* that it has begun */
    time_t                     retry;         /* s; 0: a second */
    ngx_http_eiam_waiter_t    *waiter;        /* NULL: did not wait */
    uint32_t                   unknown;       /* generation without its key */
    unsigned                   tried:1;       /* keys, but in vain */
    ngx_str_t                  fault;         /* of a token that they refuse */
    unsigned                   ignore_abort:1; /* others wait for it */

    ngx_http_eiam_learn_t     *learn;         /* NULL: no such call */

    ngx_eiam_application_t    *application;   /* of the applications file */
    ngx_str_t                  application_id;
    ngx_eiam_scope_bits_t     *scopes;        /* effective; NULL: no grant */
    ngx_str_t                  scopes_text;
    const ngx_str_t           *source;
    const ngx_str_t           *cache;
};


extern ngx_module_t  ngx_eiam_module;


#endif /* _NGX_HTTP_EIAM_H_INCLUDED_ */
