
#include <ngx_http_eiam_authorization_field.h>
#include <ngx_http_eiam_headers.h>


static ngx_hash_elt_t *ngx_http_eiam_find_field(ngx_hash_t *hash,
    ngx_str_t *name);
static ngx_int_t ngx_http_eiam_process_authorization(ngx_http_request_t *r,
    ngx_table_elt_t *h, ngx_uint_t offset);


/*
 * nginx itself refuses a second Authorization field, with a page of its own and
 * with both tokens in its log.  In a gated server the gate does that.  The
 * handler is replaced in nginx's table of fields, which belongs to the
 * configuration.
 */

ngx_int_t
ngx_http_eiam_authorization_field_take(ngx_conf_t *cf)
{
    ngx_str_t                   name = ngx_string("authorization");
    ngx_hash_elt_t             *elt;
    ngx_http_header_t          *header;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_eiam_main_conf_t  *mcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    elt = ngx_http_eiam_find_field(&cmcf->headers_in_hash, &name);
    header = ngx_palloc(cf->pool, sizeof(ngx_http_header_t));

    if (elt == NULL || header == NULL) {
        return NGX_ERROR;
    }

    *header = *(ngx_http_header_t *) elt->value;
    mcf->process_authorization = header->handler;

    header->handler = ngx_http_eiam_process_authorization;
    elt->value = header;

    return NGX_OK;
}


/* like ngx_hash_find(), but returns the element and not its value */

static ngx_hash_elt_t *
ngx_http_eiam_find_field(ngx_hash_t *hash, ngx_str_t *name)
{
    ngx_uint_t       key;
    ngx_hash_elt_t  *elt;

    key = ngx_hash_key(name->data, name->len);

    for (elt = hash->buckets[key % hash->size];
         elt && elt->value;
         elt = (ngx_hash_elt_t *) ngx_align_ptr(&elt->name[0] + elt->len,
                                                sizeof(void *)))
    {
        if (elt->len == name->len
            && ngx_memcmp(elt->name, name->data, name->len) == 0)
        {
            return elt;
        }
    }

    return NULL;
}


/* until Host has been read, the request may still belong to a gated server */

static ngx_int_t
ngx_http_eiam_process_authorization(ngx_http_request_t *r,
    ngx_table_elt_t *h, ngx_uint_t offset)
{
    ngx_uint_t                  certain;
    ngx_http_eiam_srv_conf_t   *scf;
    ngx_http_eiam_main_conf_t  *mcf;

    scf = ngx_http_get_module_srv_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    certain = r->headers_in.host || r->headers_in.server.len;

    if (r->headers_in.authorization == NULL
        || (certain && scf->policies.nelts == 0))
    {
        return mcf->process_authorization(r, h, offset);
    }

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


/* does what nginx itself would do, but logs no values */

ngx_int_t
ngx_http_eiam_authorization_field_check(ngx_http_request_t *r)
{
    if (r->headers_in.authorization == NULL
        || ngx_http_eiam_headers_authorizations(r) <= 1)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "client sent duplicate header line: \"Authorization\"");

    return NGX_ABORT;
}
