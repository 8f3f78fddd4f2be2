
#ifndef _NGX_EIAM_LANGUAGE_H_INCLUDED_
#define _NGX_EIAM_LANGUAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_reason.h>


/*
 * The language a client prefers by its Accept-Language (RFC 9110, section
 * 12.5.4): of those there are, the one with the highest weight, the first of
 * equals; else English.
 */
ngx_eiam_language_e ngx_eiam_language(const ngx_str_t *accept);


#endif /* _NGX_EIAM_LANGUAGE_H_INCLUDED_ */
