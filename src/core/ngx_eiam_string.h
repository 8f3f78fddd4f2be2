
#ifndef _NGX_EIAM_STRING_H_INCLUDED_
#define _NGX_EIAM_STRING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define ngx_eiam_str_equal(a, b)                                              \
    ((a)->len == (b)->len && ngx_memcmp((a)->data, (b)->data, (a)->len) == 0)


#endif /* _NGX_EIAM_STRING_H_INCLUDED_ */
