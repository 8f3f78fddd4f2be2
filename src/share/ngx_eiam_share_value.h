
/* Grants and tombstones as they are in Redis: names and sealed values. */


#ifndef _NGX_EIAM_SHARE_VALUE_H_INCLUDED_
#define _NGX_EIAM_SHARE_VALUE_H_INCLUDED_


#include <ngx_eiam_share.h>


#define NGX_EIAM_SHARE_SEALED                                                 \
    (NGX_EIAM_REDIS_VALUE_MAX + NGX_EIAM_REDIS_SEAL_EXTRA)


/*
 * Makes the name of a token's grant from a source, or, without a source, of its
 * tombstone.  name->data has room for NGX_EIAM_REDIS_NAME_MAX bytes.  NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_eiam_share_value_name(const ngx_eiam_share_t *share,
    ngx_uint_t line, const ngx_eiam_digest_t token,
    const ngx_eiam_source_t *source, ngx_str_t *name);

/* seals a grant; sealed->data has room for NGX_EIAM_SHARE_SEALED bytes */
ngx_int_t ngx_eiam_share_value_close(const ngx_eiam_share_t *share,
    const ngx_str_t *name, const ngx_eiam_source_t *source,
    const ngx_eiam_redis_grant_t *grant, ngx_str_t *sealed);

/*
 * Opens a sealed grant.  text->data has room for NGX_EIAM_REDIS_VALUE_MAX
 * bytes, into which the grant's strings point.  NGX_OK; NGX_DECLINED: the grant
 * cannot be read, which is counted, or has expired.
 */
ngx_int_t ngx_eiam_share_value_open(const ngx_eiam_share_t *share,
    ngx_uint_t line, const ngx_str_t *name, const ngx_eiam_source_t *source,
    const ngx_str_t *sealed, ngx_str_t *text, ngx_eiam_redis_grant_t *grant);

/* counts a tombstone that cannot be read; it revokes the token all the same */
void ngx_eiam_share_value_check_tombstone(const ngx_eiam_share_t *share,
    ngx_uint_t line, const ngx_str_t *name, const ngx_str_t *sealed);


#endif /* _NGX_EIAM_SHARE_VALUE_H_INCLUDED_ */
