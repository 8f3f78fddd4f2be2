
#include "ngx_eiam_unit.h"
#include <ngx_eiam_digest.h>


typedef struct {
    ngx_str_t          name;
    ngx_eiam_unit_pt   run;
} ngx_eiam_unit_suite_t;


static char *ngx_eiam_unit_run(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static const ngx_eiam_unit_suite_t  ngx_eiam_unit_suites[] = {
    { ngx_string("base"), ngx_eiam_unit_base },
    { ngx_string("route"), ngx_eiam_unit_route },
    { ngx_string("target"), ngx_eiam_unit_target },
    { ngx_string("bearer"), ngx_eiam_unit_bearer },
    { ngx_string("query"), ngx_eiam_unit_query },
    { ngx_string("token_request"), ngx_eiam_unit_token_request },
    { ngx_string("media"), ngx_eiam_unit_media },
    { ngx_string("text"), ngx_eiam_unit_text },
    { ngx_string("scope"), ngx_eiam_unit_scope },
    { ngx_string("time"), ngx_eiam_unit_time },
    { ngx_string("language"), ngx_eiam_unit_language },
    { ngx_string("digest"), ngx_eiam_unit_digest },
    { ngx_string("document"), ngx_eiam_unit_document },
    { ngx_string("pointer"), ngx_eiam_unit_pointer },
    { ngx_string("policy"), ngx_eiam_unit_policy },
    { ngx_string("fault"), ngx_eiam_unit_fault },
    { ngx_string("applications"), ngx_eiam_unit_applications },
    { ngx_string("reason"), ngx_eiam_unit_reason },
    { ngx_string("claims"), ngx_eiam_unit_claims },
    { ngx_string("introspection"), ngx_eiam_unit_introspection },
    { ngx_string("token_response"), ngx_eiam_unit_token_response },
    { ngx_string("zone"), ngx_eiam_unit_zone },
    { ngx_string("cache"), ngx_eiam_unit_cache },
    { ngx_string("flight"), ngx_eiam_unit_flight },
    { ngx_string("source"), ngx_eiam_unit_source },
    { ngx_string("revoke"), ngx_eiam_unit_revoke },
    { ngx_string("redis_reply"), ngx_eiam_unit_redis_reply },
    { ngx_string("redis_seal"), ngx_eiam_unit_redis_seal },
    { ngx_string("redis_stream"), ngx_eiam_unit_redis_stream },
    { ngx_string("redis_value"), ngx_eiam_unit_redis_value },
    { ngx_string("share_limit"), ngx_eiam_unit_share_limit },
    { ngx_string("event"), ngx_eiam_unit_event },
    { ngx_string("base64url"), ngx_eiam_unit_base64url },
    { ngx_string("jws"), ngx_eiam_unit_jws },
    { ngx_string("jwk"), ngx_eiam_unit_jwk },
    { ngx_string("jwt"), ngx_eiam_unit_jwt },
    { ngx_string("key_set"), ngx_eiam_unit_key_set },
    { ngx_string("live"), ngx_eiam_unit_live },
    { ngx_string("minimum"), ngx_eiam_unit_minimum },
    { ngx_string("network"), ngx_eiam_unit_network },
    { ngx_string("metrics"), ngx_eiam_unit_metrics },
    { ngx_string("denial"), ngx_eiam_unit_denial },
    { ngx_string("hash"), ngx_eiam_unit_hash },
    { ngx_string("nh"), ngx_eiam_unit_nh },
    { ngx_string("kill"), ngx_eiam_unit_kill },
    { ngx_string("memory"), ngx_eiam_unit_memory },
    { ngx_null_string, NULL }
};


static ngx_command_t  ngx_eiam_unit_commands[] = {

    { ngx_string("eiam_unit"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE1,
      ngx_eiam_unit_run,
      0,
      0,
      NULL },

    { ngx_string("eiam_bench_match"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE3,
      ngx_eiam_unit_bench,
      0,
      0,
      NULL },

    { ngx_string("eiam_bench_zone"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE4,
      ngx_eiam_unit_bench_zone,
      0,
      0,
      NULL },

    { ngx_string("eiam_bench_lock"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE5,
      ngx_eiam_unit_bench_lock,
      0,
      0,
      NULL },

    { ngx_string("eiam_bench_redis"),
      NGX_MAIN_CONF|NGX_DIRECT_CONF|NGX_CONF_TAKE23,
      ngx_eiam_unit_bench_redis,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_core_module_t  ngx_eiam_unit_module_ctx = {
    ngx_string("eiam_unit"),
    NULL,
    NULL
};


ngx_module_t  ngx_eiam_unit_module = {
    NGX_MODULE_V1,
    &ngx_eiam_unit_module_ctx,             /* module context */
    ngx_eiam_unit_commands,                /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_eiam_unit_bench_redis_start,       /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static char *
ngx_eiam_unit_run(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char                        text[64];
    ngx_str_t                    *value;
    ngx_eiam_unit_t               unit;
    const ngx_eiam_unit_suite_t  *suite;

    value = cf->args->elts;

    ngx_memzero(&unit, sizeof(ngx_eiam_unit_t));

    unit.cf = cf;

    if (ngx_eiam_digest_init() != NGX_OK) {
        return "found no SHA-256";
    }

    for (suite = ngx_eiam_unit_suites; suite->run; suite++) {

        if (ngx_strcmp(value[1].data, "all") != 0
            && !ngx_eiam_unit_equal(&value[1], &suite->name))
        {
            continue;
        }

        unit.suite = (char *) suite->name.data;
        unit.pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, cf->log);
        if (unit.pool == NULL) {
            return NGX_CONF_ERROR;
        }

        suite->run(&unit);

        ngx_destroy_pool(unit.pool);
    }

    if (unit.tests == 0) {
        return "knows no such suite";
    }

    (void) ngx_write_fd(ngx_stdout, text,
                        ngx_sprintf(text, "1..%ui\n", unit.tests) - text);

    return unit.failed ? "found failures" : NGX_CONF_OK;
}
