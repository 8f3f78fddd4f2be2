
#ifndef _NGX_EIAM_LANGUAGE_H_INCLUDED_
#define _NGX_EIAM_LANGUAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_reason.h>


/*
 * The language that a client prefers according to Accept-Language (RFC 9110,
 * section 12.5.4): the supported language with the highest weight, the first
 * one of several with that weight, and English if there is none.
 */
ngx_eiam_language_e ngx_eiam_language(const ngx_str_t *accept);


#endif /* _NGX_EIAM_LANGUAGE_H_INCLUDED_ */
