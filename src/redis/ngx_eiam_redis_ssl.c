
#include <ngx_eiam_redis_ssl.h>
#include <ngx_eiam_string.h>


#if (NGX_SSL)

#define NGX_EIAM_REDIS_SSL_DEPTH  4              /* intermediate authorities */


static ngx_int_t ngx_eiam_redis_ssl_expect(ngx_connection_t *c,
    const ngx_str_t *name);
static int ngx_eiam_redis_ssl_verify(int ok, X509_STORE_CTX *store);


ngx_int_t
ngx_eiam_redis_ssl_create(ngx_conf_t *cf, ngx_eiam_redis_t *redis,
    ngx_str_t *file)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (ssl == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    if (ngx_ssl_trusted_certificate(cf, ssl, file, NGX_EIAM_REDIS_SSL_DEPTH)
        != NGX_OK
        || ngx_ssl_client_session_cache(cf, ssl, 1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    redis->ssl = ssl;

    return NGX_OK;
}


ngx_int_t
ngx_eiam_redis_ssl_handshake(ngx_connection_t *c, ngx_ssl_t *ssl,
    const ngx_str_t *name, ngx_eiam_redis_session_t *session,
    ngx_eiam_redis_ssl_pt handler, ngx_eiam_redis_ssl_pt save)
{
    ngx_int_t  rc;

    c->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, c->log);

    if (c->pool == NULL
        || ngx_ssl_create_connection(ssl, c, NGX_SSL_BUFFER|NGX_SSL_CLIENT)
           != NGX_OK
        || ngx_eiam_redis_ssl_expect(c, name) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (session->session && !ngx_eiam_str_equal(&session->name, name)) {
        ngx_eiam_redis_ssl_forget(session);
    }

    if (session->session
        && ngx_ssl_set_session(c, session->session) != NGX_OK)
    {
        return NGX_ERROR;
    }

    session->name.data = session->text;
    session->name.len = ngx_min(name->len, sizeof(session->text));
    ngx_memcpy(session->text, name->data, session->name.len);

    c->ssl->save_session = save;

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = handler;
    }

    return rc;
}


/* the handshake itself fails if the certificate has another name */

static ngx_int_t
ngx_eiam_redis_ssl_expect(ngx_connection_t *c, const ngx_str_t *name)
{
    char               *text;
    ngx_addr_t          addr;
    ngx_ssl_conn_t     *ssl;
    X509_VERIFY_PARAM  *param;

    ssl = c->ssl->connection;
    param = SSL_get0_param(ssl);

    text = (char *) ngx_pnalloc(c->pool, name->len + 1);

    if (text == NULL || name->len == 0
        || ngx_strlchr(name->data, name->data + name->len, '\0'))
    {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn((u_char *) text, name->data, name->len + 1);

    SSL_set_verify(ssl, SSL_VERIFY_PEER, ngx_eiam_redis_ssl_verify);

    X509_VERIFY_PARAM_set_hostflags(param,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);

    if (ngx_parse_addr(c->pool, &addr, (u_char *) text, name->len) == NGX_OK) {
        return X509_VERIFY_PARAM_set1_ip_asc(param, text) ? NGX_OK : NGX_ERROR;
    }

    if (!X509_VERIFY_PARAM_set1_host(param, text, name->len)
        || !SSL_set_tlsext_host_name(ssl, text))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* nginx's own callback accepts everything, and checks the result later */

static int
ngx_eiam_redis_ssl_verify(int ok, X509_STORE_CTX *store)
{
    return ok;
}


const char *
ngx_eiam_redis_ssl_fault(ngx_connection_t *c)
{
    long  rc;

    if (c->ssl == NULL) {
        return "no memory";
    }

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        return X509_verify_cert_error_string(rc);
    }

    return c->ssl->handshaked ? NULL : "no TLS handshake";
}


void
ngx_eiam_redis_ssl_save(ngx_connection_t *c, ngx_eiam_redis_session_t *session)
{
    ngx_eiam_redis_ssl_forget(session);

    session->session = ngx_ssl_get_session(c);
}


void
ngx_eiam_redis_ssl_forget(ngx_eiam_redis_session_t *session)
{
    if (session->session) {
        ngx_ssl_free_session((ngx_ssl_session_t *) session->session);
        session->session = NULL;
    }
}


void
ngx_eiam_redis_ssl_shutdown(ngx_connection_t *c)
{
    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;
        (void) ngx_ssl_shutdown(c);
    }
}

#else /* !NGX_SSL */

ngx_int_t
ngx_eiam_redis_ssl_create(ngx_conf_t *cf, ngx_eiam_redis_t *redis,
    ngx_str_t *file)
{
    return NGX_DECLINED;
}


ngx_int_t
ngx_eiam_redis_ssl_handshake(ngx_connection_t *c, ngx_ssl_t *ssl,
    const ngx_str_t *name, ngx_eiam_redis_session_t *session,
    ngx_eiam_redis_ssl_pt handler, ngx_eiam_redis_ssl_pt save)
{
    return NGX_ERROR;
}


const char *
ngx_eiam_redis_ssl_fault(ngx_connection_t *c)
{
    return "no TLS";
}


void
ngx_eiam_redis_ssl_save(ngx_connection_t *c, ngx_eiam_redis_session_t *session)
{
}


void
ngx_eiam_redis_ssl_forget(ngx_eiam_redis_session_t *session)
{
}


void
ngx_eiam_redis_ssl_shutdown(ngx_connection_t *c)
{
}

#endif
