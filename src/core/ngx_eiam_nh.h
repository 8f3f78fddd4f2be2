
/*
 * NH, the hash of UMAC (Black and others, 1999; RFC 4418, section 5.2), with
 * 64-bit words as in VMAC, computed twice; the length is hashed before the
 * text.  Under a secret random key the probability that two texts have the same
 * hash is at most 2^-126 (2^-128 if they have the same length); this is proven.
 * It takes a twentieth of the time of SHA-256.  The hash must be kept as secret
 * as the key.
 */


#ifndef _NGX_EIAM_NH_H_INCLUDED_
#define _NGX_EIAM_NH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_NH_MIN  16          /* bytes of a text */
#define NGX_EIAM_NH_MAX  8192


/* 64-bit words: one per word of the text, two for the length, and two more */

#define NGX_EIAM_NH_KEY  (NGX_EIAM_NH_MAX / 8 + 4)


#if defined(__SIZEOF_INT128__)

#define NGX_EIAM_HAVE_NH  1

typedef unsigned __int128  ngx_eiam_nh_t[2];

/* the text has NGX_EIAM_NH_MIN to NGX_EIAM_NH_MAX bytes */
void ngx_eiam_nh(const uint64_t *key, const ngx_str_t *text,
    ngx_eiam_nh_t hash);

#endif


#endif /* _NGX_EIAM_NH_H_INCLUDED_ */
