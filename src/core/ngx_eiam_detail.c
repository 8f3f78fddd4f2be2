
#include <ngx_eiam_detail.h>


#define ngx_eiam_detail(number, name)                                         \
    [NGX_EIAM_DETAIL_ ## number] = ngx_string(name)


const ngx_str_t  ngx_eiam_details[NGX_EIAM_DETAILS] = {

    [NGX_EIAM_NO_DETAIL] = ngx_null_string,

    /* request_ambiguous */
    ngx_eiam_detail(HTTP_VERSION, "http_version"),
    ngx_eiam_detail(TARGET_FIELD, "target_field"),
    ngx_eiam_detail(TWO_AUTHORIZATIONS, "two_authorizations"),
    ngx_eiam_detail(OTHER_HOST, "other_host"),
    ngx_eiam_detail(FRAGMENT, "fragment"),
    ngx_eiam_detail(REWRITTEN, "rewritten"),
    ngx_eiam_detail(OUTSIDE, "outside"),
    ngx_eiam_detail(OUTSIDE_AS_SENT, "outside_as_sent"),
    ngx_eiam_detail(PATH_TOO_LONG, "path_too_long"),
    ngx_eiam_detail(ENCODING, "encoding"),
    ngx_eiam_detail(SPELLING, "spelling"),
    ngx_eiam_detail(CHARACTER, "character"),
    ngx_eiam_detail(PARAMETER, "parameter"),
    ngx_eiam_detail(EMPTY_SEGMENT, "empty_segment"),
    ngx_eiam_detail(DOT_SEGMENT, "dot_segment"),
    ngx_eiam_detail(SEGMENT_TOO_LONG, "segment_too_long"),

    /* method_override */
    ngx_eiam_detail(METHOD_FIELD, "method_field"),
    ngx_eiam_detail(METHOD_PARAMETER, "method_parameter"),

    /* authorization_malformed */
    ngx_eiam_detail(TOKEN_PARAMETER, "token_parameter"),

    /* token_invalid */
    ngx_eiam_detail(TOKEN_SYNTAX, "token_syntax"),
    ngx_eiam_detail(TOO_LONG, "too_long"),
    ngx_eiam_detail(UNKNOWN_TOKEN, "unknown_token"),
    ngx_eiam_detail(MALFORMED, "malformed"),
    ngx_eiam_detail(HEADER, "header"),
    ngx_eiam_detail(ALGORITHM, "algorithm"),
    ngx_eiam_detail(TYPE, "type"),
    ngx_eiam_detail(KID, "kid"),
    ngx_eiam_detail(KEY, "key"),
    ngx_eiam_detail(SIGNATURE, "signature"),
    ngx_eiam_detail(ISSUER, "issuer"),
    ngx_eiam_detail(AUDIENCE, "audience"),
    ngx_eiam_detail(TIME, "time"),
    ngx_eiam_detail(NOT_YET_VALID, "not_yet_valid"),
    ngx_eiam_detail(BOUND, "bound"),
    ngx_eiam_detail(APPLICATION, "application"),
    ngx_eiam_detail(NO_APPLICATION, "no_application"),
    ngx_eiam_detail(SIMILAR_APPLICATION, "similar_application"),
    ngx_eiam_detail(SCOPES, "scopes"),
    ngx_eiam_detail(INACTIVE, "inactive"),
    ngx_eiam_detail(NOT_SHARED, "not_shared"),

    /* token_revoked */
    ngx_eiam_detail(REISSUED, "reissued"),
    ngx_eiam_detail(ISSUED_EARLY, "issued_early"),

    /* source_unavailable; of token_invalid: SOURCE_STATUS */
    ngx_eiam_detail(NO_KEYS, "no_keys"),
    ngx_eiam_detail(SOURCE_STATUS, "source_status"),
    ngx_eiam_detail(SOURCE_DOWN, "source_down"),
    ngx_eiam_detail(UNREADABLE, "unreadable"),
    ngx_eiam_detail(FROM_CACHE, "from_cache"),
    ngx_eiam_detail(NOT_ASKED, "not_asked"),
    ngx_eiam_detail(CIRCUIT_OPEN, "circuit_open"),
    ngx_eiam_detail(GATE_BUSY, "gate_busy"),
    ngx_eiam_detail(REDIS_DOWN, "redis_down"),
    ngx_eiam_detail(APPLICATIONS_FILE, "applications_file"),

    /* operation_unknown */
    ngx_eiam_detail(LEFT_OUT, "left_out"),

    /* object_forbidden */
    ngx_eiam_detail(OBJECT_ABSENT, "object_absent"),
    ngx_eiam_detail(OBJECT_AMBIGUOUS, "object_ambiguous"),
    ngx_eiam_detail(OBJECT_FORM, "object_form"),
    ngx_eiam_detail(OBJECT_REWRITTEN, "object_rewritten")
};
