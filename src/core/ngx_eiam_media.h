
#ifndef _NGX_EIAM_MEDIA_H_INCLUDED_
#define _NGX_EIAM_MEDIA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Whether the value of a Content-Type field is the media type, in any case and
 * with any parameters (RFC 9110, section 8.3.1).
 */
ngx_uint_t ngx_eiam_media_is(const ngx_str_t *value, const ngx_str_t *type);

/* the same, but with no parameter other than a charset that contains ASCII */
ngx_uint_t ngx_eiam_media_is_ascii(const ngx_str_t *value,
    const ngx_str_t *type);


#endif /* _NGX_EIAM_MEDIA_H_INCLUDED_ */
