
#ifndef _NGX_EIAM_LANGUAGE_H_INCLUDED_
#define _NGX_EIAM_LANGUAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_reason.h>


/* what a client prefers up to now; it begins with zeros, that is English */

typedef struct {
    ngx_eiam_language_e   language;
    ngx_int_t             weight;     /* in thousandths */
} ngx_eiam_language_t;


/*
 * Reads an Accept-Language field (RFC 9110, section 12.5.4), of which a request
 * may have several: the supported language with the highest weight, the first
 * one of several with that weight, and English if there is none.
 */
void ngx_eiam_language(const ngx_str_t *accept,
    ngx_eiam_language_t *preferred);


#endif /* _NGX_EIAM_LANGUAGE_H_INCLUDED_ */
