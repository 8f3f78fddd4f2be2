
/* What a token is worth: the one thing that is cached. */


#ifndef _NGX_EIAM_GRANT_H_INCLUDED_
#define _NGX_EIAM_GRANT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_APPLICATION_ID_MAX  255      /* bytes */
#define NGX_EIAM_SCOPES_TEXT_MAX     4096     /* bytes, with the spaces */
#define NGX_EIAM_NEVER  NGX_MAX_TIME_T_VALUE  /* a token that does not expire */


typedef struct {
    ngx_str_t    application;    /* its id; empty: the source does not say */
    ngx_str_t    scopes;         /* names, separated by spaces */
    ngx_uint_t   implicit;       /* the application's permissions, of them
                                    scopes, if that is not empty */
    time_t       expires;        /* seconds since the Epoch */
    ngx_uint_t   learned;        /* nobody can be asked for it again */
} ngx_eiam_grant_t;


#endif /* _NGX_EIAM_GRANT_H_INCLUDED_ */
