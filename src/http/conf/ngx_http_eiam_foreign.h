
/*
 * Directives of other modules that matter to a gate, but are kept private by
 * their modules: "proxy_pass", and whatever changes or answers a request in
 * the rewrite phase.
 */


#ifndef _NGX_HTTP_EIAM_FOREIGN_H_INCLUDED_
#define _NGX_HTTP_EIAM_FOREIGN_H_INCLUDED_


#include <ngx_http_eiam.h>


/*
 * For preconfiguration and postconfiguration: between them, each such directive
 * is noted in the ngx_http_eiam_foreign_t of the location where it stands.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_eiam_foreign_watch(ngx_conf_t *cf);
void ngx_http_eiam_foreign_release(ngx_conf_t *cf);

/* what stands in the "if" blocks of the location that is being merged */
void ngx_http_eiam_foreign_merge(ngx_conf_t *cf,
    ngx_http_eiam_foreign_t *foreign);


#endif /* _NGX_HTTP_EIAM_FOREIGN_H_INCLUDED_ */
