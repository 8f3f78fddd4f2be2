
#ifndef _NGX_EIAM_SIPHASH_H_INCLUDED_
#define _NGX_EIAM_SIPHASH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_SIPHASH_KEY  16      /* bytes */


/*
 * SipHash-2-4 of 128 bits (Aumasson and Bernstein, 2012): who does not know
 * the key can find no two texts of the same hash.
 */
void ngx_eiam_siphash(const u_char *key, const ngx_str_t *text,
    uint64_t hash[2]);


#endif /* _NGX_EIAM_SIPHASH_H_INCLUDED_ */
