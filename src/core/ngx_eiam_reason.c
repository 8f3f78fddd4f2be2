
#include <ngx_eiam_reason.h>


#define ngx_eiam_error(code, msg)                                             \
    ngx_string("{\"error_code\":\"GATEWAY." code "\","                         \
               "\"error_msg\":\"" msg "\"}")


const ngx_eiam_reason_t  ngx_eiam_reasons[] = {

    { ngx_null_string, 0, 0, NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_null_string, ngx_null_string } },

    { ngx_string("request_ambiguous"), 400, NGX_LOG_WARN,
      NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("4001", "Request path is ambiguous"),
        ngx_eiam_error("4001", "请求路径存在歧义") } },

    { ngx_string("method_override"), 400, NGX_LOG_WARN,
      NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("4002", "Method override is not allowed"),
        ngx_eiam_error("4002", "不允许覆盖请求方法") } },

    { ngx_string("authorization_malformed"), 400, NGX_LOG_INFO,
      NGX_EIAM_CHALLENGE_ERROR, ngx_string("invalid_request"),
      { ngx_eiam_error("4003", "Authorization header is malformed"),
        ngx_eiam_error("4003", "Authorization 请求头格式错误") } },

    { ngx_string("token_missing"), 401, NGX_LOG_INFO,
      NGX_EIAM_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("4011", "Access token is missing"),
        ngx_eiam_error("4011", "缺少访问令牌") } },

    { ngx_string("token_invalid"), 401, NGX_LOG_INFO,
      NGX_EIAM_CHALLENGE_ERROR, ngx_string("invalid_token"),
      { ngx_eiam_error("4012", "Access token is invalid"),
        ngx_eiam_error("4012", "访问令牌无效") } },

    { ngx_string("token_expired"), 401, NGX_LOG_INFO,
      NGX_EIAM_CHALLENGE_ERROR, ngx_string("invalid_token"),
      { ngx_eiam_error("4013", "Access token has expired"),
        ngx_eiam_error("4013", "访问令牌已过期") } },

    { ngx_string("token_revoked"), 401, NGX_LOG_INFO,
      NGX_EIAM_CHALLENGE_ERROR, ngx_string("invalid_token"),
      { ngx_eiam_error("4014", "Access token has been revoked"),
        ngx_eiam_error("4014", "访问令牌已被撤销") } },

    { ngx_string("scope_insufficient"), 403, NGX_LOG_INFO,
      NGX_EIAM_CHALLENGE_SCOPE, ngx_string("insufficient_scope"),
      { ngx_eiam_error("4031", "Application lacks the required permission"),
        ngx_eiam_error("4031", "应用缺少所需权限") } },

    { ngx_string("application_disabled"), 403, NGX_LOG_INFO,
      NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("4032", "Application is disabled"),
        ngx_eiam_error("4032", "应用已禁用") } },

    { ngx_string("application_unknown"), 403, NGX_LOG_INFO,
      NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("4033", "Application is not registered"),
        ngx_eiam_error("4033", "应用未登记") } },

    { ngx_string("network_forbidden"), 403, NGX_LOG_WARN,
      NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("4034", "Call is not allowed from this address"),
        ngx_eiam_error("4034", "不允许从该地址调用") } },

    { ngx_string("object_forbidden"), 403, NGX_LOG_INFO,
      NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("4035", "Application has no access to this object"),
        ngx_eiam_error("4035", "应用无权访问该对象") } },

    { ngx_string("operation_unknown"), 404, NGX_LOG_INFO,
      NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("4041", "Interface does not exist"),
        ngx_eiam_error("4041", "接口不存在") } },

    { ngx_string("method_unknown"), 405, NGX_LOG_INFO,
      NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("4051", "Method is not allowed"),
        ngx_eiam_error("4051", "不允许的请求方法") } },

    { ngx_string("source_unavailable"), 503, NGX_LOG_ERR,
      NGX_EIAM_NO_CHALLENGE, ngx_null_string,
      { ngx_eiam_error("5031", "Access token cannot be verified now"),
        ngx_eiam_error("5031", "暂时无法验证访问令牌") } }
};
