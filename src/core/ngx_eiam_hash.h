
#ifndef _NGX_EIAM_HASH_H_INCLUDED_
#define _NGX_EIAM_HASH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* Knuth's multiplier for 64 bits: the odd number next to 2^64 / golden ratio */
#define NGX_EIAM_HASH_FACTOR  0x9e3779b97f4a7c15ULL


/*
 * A cheap hash that ignores the case of letters.  It is not secure against
 * chosen names, so it serves tables whose names come from the configuration, or
 * in which collisions do no harm.
 */
uint32_t ngx_eiam_hash(const u_char *p, size_t len, uint32_t seed);

/* 64 bits, enough to tell names apart that are chosen by operators; never 0 */
uint64_t ngx_eiam_hash_text(const ngx_str_t *text);


#endif /* _NGX_EIAM_HASH_H_INCLUDED_ */
