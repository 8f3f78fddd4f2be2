
#ifndef _NGX_EIAM_TIME_H_INCLUDED_
#define _NGX_EIAM_TIME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Reads a date-time of RFC 3339, section 5.6.  Returns seconds since the Epoch
 * without a fraction, 0 for times before the Epoch, or NGX_ERROR.  A leap
 * second counts as the last second of its minute.
 */
time_t ngx_eiam_time_parse(const ngx_str_t *text);


#endif /* _NGX_EIAM_TIME_H_INCLUDED_ */
