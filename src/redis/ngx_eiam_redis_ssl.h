
/* TLS to Redis: the chain and the name are always verified. */


#ifndef _NGX_EIAM_REDIS_SSL_H_INCLUDED_
#define _NGX_EIAM_REDIS_SSL_H_INCLUDED_


#include <ngx_eiam_redis.h>


/* the last session, so that the next handshake is a short one */

typedef struct {
    void         *session;           /* NULL: none */
    ngx_str_t     name;              /* verified in that session */
    u_char        text[256];         /* of the name */
} ngx_eiam_redis_session_t;


typedef void (*ngx_eiam_redis_ssl_pt)(ngx_connection_t *c);


/*
 * Called when a configuration is read; "file" has the trusted authorities.
 * NGX_OK; NGX_ERROR, which was logged; NGX_DECLINED: this nginx has no TLS.
 */
ngx_int_t ngx_eiam_redis_ssl_create(ngx_conf_t *cf, ngx_eiam_redis_t *redis,
    ngx_str_t *file);

/*
 * Begins the handshake with "name", a host or an IP address.  NGX_OK: it has
 * ended; NGX_AGAIN: handler() is called when it has; NGX_ERROR.  Later save()
 * is called for each session with a server that was verified.
 */
ngx_int_t ngx_eiam_redis_ssl_handshake(ngx_connection_t *c, ngx_ssl_t *ssl,
    const ngx_str_t *name, ngx_eiam_redis_session_t *session,
    ngx_eiam_redis_ssl_pt handler, ngx_eiam_redis_ssl_pt save);

/* after the handshake: NULL, or why the server is not verified */
const char *ngx_eiam_redis_ssl_fault(ngx_connection_t *c);

/* for save(): keeps the session for the next handshake */
void ngx_eiam_redis_ssl_save(ngx_connection_t *c,
    ngx_eiam_redis_session_t *session);
void ngx_eiam_redis_ssl_forget(ngx_eiam_redis_session_t *session);

void ngx_eiam_redis_ssl_shutdown(ngx_connection_t *c);


#endif /* _NGX_EIAM_REDIS_SSL_H_INCLUDED_ */
