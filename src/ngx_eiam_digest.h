
#ifndef _NGX_EIAM_DIGEST_H_INCLUDED_
#define _NGX_EIAM_DIGEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_DIGEST_LEN  32       /* SHA-256, FIPS 180-4 */


typedef u_char  ngx_eiam_digest_t[NGX_EIAM_DIGEST_LEN];


/* once, at configuration time: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest_init(void);

/* a token's name everywhere it is stored or logged: NGX_OK or NGX_ERROR */
ngx_int_t ngx_eiam_digest(const ngx_str_t *text, ngx_eiam_digest_t digest);

/* the same, for texts that come again and again in this worker */
ngx_int_t ngx_eiam_digest_again(const ngx_str_t *text,
    ngx_eiam_digest_t digest);


#endif /* _NGX_EIAM_DIGEST_H_INCLUDED_ */
