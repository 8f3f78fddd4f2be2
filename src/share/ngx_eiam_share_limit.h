
/*
 * How many learned grants of an application this gateway shares at a time, so
 * that one client cannot fill Redis.  Grants are counted in steps of time: each
 * in the step in which it expires, until that step is over.  Grants of similar
 * lives form a class, and a step is a seventh of the longest life of its class.
 * Applications whose ids have the same hash are counted together.
 */


#ifndef _NGX_EIAM_SHARE_LIMIT_H_INCLUDED_
#define _NGX_EIAM_SHARE_LIMIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_shared.h>


#define NGX_EIAM_SHARE_LIMIT  10000      /* grants of an application */


/*
 * Counts a grant that expires at "expires".  NGX_OK; NGX_DECLINED: there are
 * too many.  For the holder of the zone's lock.
 */
ngx_int_t ngx_eiam_share_limit_add(ngx_eiam_shared_t *shared,
    const ngx_str_t *application, time_t expires, time_t now);


#endif /* _NGX_EIAM_SHARE_LIMIT_H_INCLUDED_ */
