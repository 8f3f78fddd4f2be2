
/*
 * NH, the hash of UMAC (Black and others, 1999; RFC 4418, section 5.2), of
 * 64-bit words as in VMAC, and twice; the length comes before the text.  By a
 * secret random key any two texts have the same hash with a chance of at most
 * 2^-126 (2^-128 if they have the same length), which is proven; it takes a
 * twentieth of what SHA-256 does.  The hash itself is as secret as the key.
 */


#ifndef _NGX_EIAM_NH_H_INCLUDED_
#define _NGX_EIAM_NH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_NH_MIN  16          /* bytes of a text */
#define NGX_EIAM_NH_MAX  8192


/* 64-bit words: one for each of the text's, two for its length, and two more */

#define NGX_EIAM_NH_KEY  (NGX_EIAM_NH_MAX / 8 + 4)


#if defined(__SIZEOF_INT128__)

#define NGX_EIAM_HAVE_NH  1

typedef unsigned __int128  ngx_eiam_nh_t[2];

/* the text has NGX_EIAM_NH_MIN to NGX_EIAM_NH_MAX bytes */
void ngx_eiam_nh(const uint64_t *key, const ngx_str_t *text,
    ngx_eiam_nh_t hash);

#endif


#endif /* _NGX_EIAM_NH_H_INCLUDED_ */
