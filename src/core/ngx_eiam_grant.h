
/*
 * What a source says about a token.  Only grants are cached, never decisions.
 */


#ifndef _NGX_EIAM_GRANT_H_INCLUDED_
#define _NGX_EIAM_GRANT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_APPLICATION_ID_MAX  255      /* bytes */
#define NGX_EIAM_SCOPES_TEXT_MAX     4096     /* bytes, spaces included */
#define NGX_EIAM_NEVER  NGX_MAX_TIME_T_VALUE  /* the token does not expire */


typedef struct {
    ngx_str_t    application;    /* the id; empty: the source names none */
    ngx_str_t    scopes;         /* names, separated by spaces */
    ngx_uint_t   implicit;       /* flag: the scopes are the application's
                                    permissions, or the part of these that
                                    "scopes" names */
    time_t       expires;        /* seconds since the Epoch */
    ngx_uint_t   learned;        /* flag: learned, so that no source can be
                                    asked again */
    time_t       issued;         /* when, in seconds since the Epoch;
                                    0: the source does not say */
    uint32_t     generation;     /* of revocations, from before the source was
                                    asked */
} ngx_eiam_grant_t;


#endif /* _NGX_EIAM_GRANT_H_INCLUDED_ */
