
/*
 * Sixteen bytes at a time, with the vector types of the compiler: SSE2, NEON,
 * or whatever the processor has.
 */


#ifndef _NGX_EIAM_BYTES_H_INCLUDED_
#define _NGX_EIAM_BYTES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_BYTES  16


/* how vectors are passed does not matter, as all functions are inlined */
#pragma GCC diagnostic ignored "-Wpsabi"


typedef u_char  ngx_eiam_bytes_t __attribute__((vector_size(NGX_EIAM_BYTES)));


static ngx_inline ngx_eiam_bytes_t
ngx_eiam_bytes_load(const u_char *p)
{
    ngx_eiam_bytes_t  bytes;

    ngx_memcpy(&bytes, p, NGX_EIAM_BYTES);

    return bytes;
}


/* each result has 0xff for the bytes of which it is true, else 0 */

static ngx_inline ngx_eiam_bytes_t
ngx_eiam_bytes_between(ngx_eiam_bytes_t bytes, u_char first, u_char last)
{
    return (ngx_eiam_bytes_t) (bytes - first <= (u_char) (last - first));
}


/* RFC 3986, section 2.3, unreserved: ALPHA / DIGIT / "-._~"; and "/" */

static ngx_inline ngx_eiam_bytes_t
ngx_eiam_bytes_plain(ngx_eiam_bytes_t bytes)
{
    return ngx_eiam_bytes_between(bytes | 0x20, 'a', 'z')
           | ngx_eiam_bytes_between(bytes, '-', '9')
           | (ngx_eiam_bytes_t) (bytes == '_')
           | (ngx_eiam_bytes_t) (bytes == '~');
}


/* whether any byte is not 0 */

static ngx_inline ngx_uint_t
ngx_eiam_bytes_any(ngx_eiam_bytes_t bytes)
{
    uint64_t  half[2];

    ngx_memcpy(half, &bytes, NGX_EIAM_BYTES);

    return (half[0] | half[1]) != 0;
}


#endif /* _NGX_EIAM_BYTES_H_INCLUDED_ */
