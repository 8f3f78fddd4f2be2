
#ifndef _NGX_HTTP_EIAM_APPLICATION_H_INCLUDED_
#define _NGX_HTTP_EIAM_APPLICATION_H_INCLUDED_


#include <ngx_http_eiam_status.h>


/* what the applications files say of the application in the argument "id" */
ngx_int_t ngx_http_eiam_application(ngx_http_eiam_status_t *status);

#endif /* _NGX_HTTP_EIAM_APPLICATION_H_INCLUDED_ */
