
/*
 * Which rule refused a call: the variable $eiam_detail.  A detail belongs to a
 * reason and says more than that; its name never changes.  docs/TROUBLESHOOTING
 * explains each of them.
 */


#ifndef _NGX_EIAM_DETAIL_H_INCLUDED_
#define _NGX_EIAM_DETAIL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_EIAM_NO_DETAIL = 0,

    /* request_ambiguous */
    NGX_EIAM_DETAIL_HTTP_VERSION,
    NGX_EIAM_DETAIL_TARGET_FIELD,
    NGX_EIAM_DETAIL_TWO_AUTHORIZATIONS,
    NGX_EIAM_DETAIL_OTHER_HOST,
    NGX_EIAM_DETAIL_FRAGMENT,
    NGX_EIAM_DETAIL_REWRITTEN,
    NGX_EIAM_DETAIL_OUTSIDE,
    NGX_EIAM_DETAIL_OUTSIDE_AS_SENT,
    NGX_EIAM_DETAIL_PATH_TOO_LONG,
    NGX_EIAM_DETAIL_ENCODING,
    NGX_EIAM_DETAIL_CHARACTER,
    NGX_EIAM_DETAIL_PARAMETER,
    NGX_EIAM_DETAIL_EMPTY_SEGMENT,
    NGX_EIAM_DETAIL_DOT_SEGMENT,
    NGX_EIAM_DETAIL_SEGMENT_TOO_LONG,

    /* method_override */
    NGX_EIAM_DETAIL_METHOD_FIELD,
    NGX_EIAM_DETAIL_METHOD_PARAMETER,

    /* authorization_malformed */
    NGX_EIAM_DETAIL_TOKEN_PARAMETER,

    NGX_EIAM_DETAILS
} ngx_eiam_detail_e;


/* the names, by number */
extern const ngx_str_t  ngx_eiam_details[NGX_EIAM_DETAILS];


#endif /* _NGX_EIAM_DETAIL_H_INCLUDED_ */
