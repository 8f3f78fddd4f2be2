
#ifndef _NGX_HTTP_EIAM_LEARN_RESPONSE_H_INCLUDED_
#define _NGX_HTTP_EIAM_LEARN_RESPONSE_H_INCLUDED_


#include <ngx_http_eiam.h>


void ngx_http_eiam_learn_response_refuse(ngx_http_request_t *r,
    const char *reason);

/* learn from the answers; added once for each configuration */
void ngx_http_eiam_learn_response_add_filters(void);


#endif /* _NGX_HTTP_EIAM_LEARN_RESPONSE_H_INCLUDED_ */
