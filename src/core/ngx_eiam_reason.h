
/*
 * Why a call is refused.  Each reason has a name, and a row with everything
 * that follows from it: status, code, messages, challenge, log level.  Nothing
 * of this is written anywhere else.
 */


#ifndef _NGX_EIAM_REASON_H_INCLUDED_
#define _NGX_EIAM_REASON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_EIAM_NO_REASON = 0,
    NGX_EIAM_REQUEST_AMBIGUOUS,
    NGX_EIAM_METHOD_OVERRIDE,
    NGX_EIAM_AUTHORIZATION_MALFORMED,
    NGX_EIAM_TOKEN_MISSING,
    NGX_EIAM_TOKEN_INVALID,
    NGX_EIAM_TOKEN_EXPIRED,
    NGX_EIAM_TOKEN_REVOKED,
    NGX_EIAM_SCOPE_INSUFFICIENT,
    NGX_EIAM_APPLICATION_DISABLED,
    NGX_EIAM_APPLICATION_UNKNOWN,
    NGX_EIAM_NETWORK_FORBIDDEN,
    NGX_EIAM_OBJECT_FORBIDDEN,
    NGX_EIAM_OPERATION_UNKNOWN,
    NGX_EIAM_METHOD_UNKNOWN,
    NGX_EIAM_SOURCE_UNAVAILABLE,
    NGX_EIAM_REASONS
} ngx_eiam_reason_e;


/* why a source is unavailable */

typedef enum {
    NGX_EIAM_BUSY = 0,             /* the gate did not ask the source */
    NGX_EIAM_DOWN,                 /* the source did not answer */
    NGX_EIAM_BROKEN,               /* the source failed for this token */
    NGX_EIAM_ODD              /* the source answered, but the answer cannot be
                                 used */
} ngx_eiam_failure_e;


typedef enum {
    NGX_EIAM_EN = 0,
    NGX_EIAM_ZH,
    NGX_EIAM_LANGUAGES
} ngx_eiam_language_e;


typedef enum {
    NGX_EIAM_NO_CHALLENGE = 0,
    NGX_EIAM_CHALLENGE,            /* Bearer realm */
    NGX_EIAM_CHALLENGE_ERROR,      /* ... with the error code */
    NGX_EIAM_CHALLENGE_SCOPE       /* ... and with the scopes that are
                                      required */
} ngx_eiam_challenge_e;


typedef struct {
    ngx_str_t             name;
    ngx_uint_t            status;
    ngx_uint_t            log_level;
    ngx_eiam_challenge_e  challenge;
    ngx_str_t             error;       /* RFC 6750, section 3.1 */
    ngx_str_t             body[NGX_EIAM_LANGUAGES];
} ngx_eiam_reason_t;


extern const ngx_eiam_reason_t  ngx_eiam_reasons[];


#endif /* _NGX_EIAM_REASON_H_INCLUDED_ */
