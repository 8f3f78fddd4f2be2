
#ifndef _NGX_EIAM_RANDOM_H_INCLUDED_
#define _NGX_EIAM_RANDOM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* n bytes that nobody can guess: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_random(void *p, size_t n);


#endif /* _NGX_EIAM_RANDOM_H_INCLUDED_ */
