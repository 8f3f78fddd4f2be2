
#ifndef _NGX_EIAM_HASH_H_INCLUDED_
#define _NGX_EIAM_HASH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* Knuth's, of 64 bits: the odd number next to 2^64 by the golden ratio */
#define NGX_EIAM_HASH_FACTOR  0x9e3779b97f4a7c15ULL


/*
 * For tables of names that the configuration chooses, not its clients, or where
 * the same hash costs nothing: cheap, and the same for both cases of a letter.
 */
uint32_t ngx_eiam_hash(const u_char *p, size_t len, uint32_t seed);


#endif /* _NGX_EIAM_HASH_H_INCLUDED_ */
