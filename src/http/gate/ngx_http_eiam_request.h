
/*
 * Functions on requests that nginx does not export, or that several files need.
 */


#ifndef _NGX_HTTP_EIAM_REQUEST_H_INCLUDED_
#define _NGX_HTTP_EIAM_REQUEST_H_INCLUDED_


#include <ngx_http_eiam.h>


/* the path of the target as the client wrote it */
ngx_str_t ngx_http_eiam_request_raw_path(ngx_http_request_t *r);

/*
 * Whether the raw path, decoded once, is that path.  If so, only the query may
 * have been rewritten, and $request_uri may be forwarded.  1 without memory.
 */
ngx_uint_t ngx_http_eiam_request_decodes_to(ngx_http_request_t *r,
    const ngx_str_t *raw, const ngx_str_t *path);

/* the query of a target or a request line: from "?" up to the protocol */
ngx_str_t ngx_http_eiam_request_query_of(const ngx_str_t *text);

/*
 * From now on a client that goes away ends its request, also one that has gone
 * before: no event of the connection would tell so any more.  NGX_OK, NGX_ERROR
 */
ngx_int_t ngx_http_eiam_request_watch_client(ngx_http_request_t *r);

/*
 * whether the target is the path that is matched, without a query or a rewrite
 */
#define ngx_http_eiam_request_is_bare(r)                                      \
    ((r)->args.len == 0 && (r)->uri.len                                       \
     && (r)->uri.data == (r)->unparsed_uri.data                               \
     && (r)->uri.len == (r)->unparsed_uri.len)

/*
 * Whether the name of the field begins like this, also for a backend that takes
 * "_", or anything but letters and digits, for "-".
 */
ngx_uint_t ngx_http_eiam_request_field_begins(const ngx_table_elt_t *h,
    const char *name, size_t len);

/* the same for the whole name */
ngx_uint_t ngx_http_eiam_request_field_is(const ngx_table_elt_t *h,
    const char *name);

typedef struct {
    ngx_str_t                  name;
    u_char                    *lowcase;
    ngx_uint_t                 hash;          /* the hash of lowcase; 0: it has
                                                 not been computed yet */
} ngx_http_eiam_field_t;

/*
 * Adds the field to those of a request or a response; NULL: no memory.  It is
 * inline, as each allowed call has three of these fields.
 */

static ngx_inline ngx_table_elt_t *
ngx_http_eiam_request_set_field(ngx_list_t *fields,
    ngx_http_eiam_field_t *field, const ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(fields);
    if (h == NULL) {
        return NULL;
    }

    if (field->hash == 0) {
        field->hash = ngx_hash_key(field->lowcase, field->name.len);
    }

    h->hash = field->hash;
    h->key = field->name;
    h->value = *value;
    h->lowcase_key = field->lowcase;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return h;
}


#endif /* _NGX_HTTP_EIAM_REQUEST_H_INCLUDED_ */
