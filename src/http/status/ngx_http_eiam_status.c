
#include <ngx_http_eiam_application.h>
#include <ngx_http_eiam_gateways.h>
#include <ngx_http_eiam_operations.h>
#include <ngx_http_eiam_request.h>
#include <ngx_http_eiam_status.h>
#include <ngx_http_eiam_usage.h>
#include <ngx_eiam_page.h>
#include <ngx_eiam_string.h>


/* ms: how long a worker that exits waits for a page */
#define NGX_HTTP_EIAM_STATUS_WAIT  60000


typedef struct {
    ngx_str_t                  name;      /* the path below the location */
    ngx_http_eiam_status_pt    step;
    ngx_uint_t                 json;
    ngx_str_t                  type;
} ngx_http_eiam_view_t;


static ngx_int_t ngx_http_eiam_status_handler(ngx_http_request_t *r);
static void ngx_http_eiam_status_asked(ngx_http_request_t *r, void *gateways);
static ngx_int_t ngx_http_eiam_status_run(ngx_http_request_t *r,
    const ngx_http_eiam_view_t *view, void *data);
static const ngx_http_eiam_view_t *ngx_http_eiam_view(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_page(ngx_http_eiam_status_t *status);
static ngx_int_t ngx_http_eiam_protect(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_make_page_policy(void);
static ngx_int_t ngx_http_eiam_source_hash(const char *tag, u_char *hash);
static ngx_int_t ngx_http_eiam_send(ngx_http_eiam_status_t *status);
static void ngx_http_eiam_go_on(ngx_event_t *ev);
static void ngx_http_eiam_status_cleanup(void *data);


static ngx_str_t  ngx_http_eiam_page_policy;


static const ngx_http_eiam_view_t  ngx_http_eiam_views[] = {
    { ngx_string(""), ngx_http_eiam_page, 0,
      ngx_string("text/html; charset=utf-8") },
    { ngx_string("metrics"), ngx_http_eiam_scrape, 0,
      ngx_string("text/plain; version=0.0.4; charset=utf-8") },
    { ngx_string("json"), ngx_http_eiam_scrape, 1,
      ngx_string("application/json") },
    { ngx_string("policy"), ngx_http_eiam_policy, 1,
      ngx_string("application/json") },
    { ngx_string("operations"), ngx_http_eiam_operations, 1,
      ngx_string("application/json") },
    { ngx_string("application"), ngx_http_eiam_application, 1,
      ngx_string("application/json") },
    { ngx_string("objects"), ngx_http_eiam_usage_objects, 1,
      ngx_string("application/json") },
    { ngx_string("explain"), ngx_http_eiam_explain, 1,
      ngx_string("application/json") },
    { ngx_null_string, NULL, 0, ngx_null_string }
};


char *
ngx_http_eiam_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    if (lcf->status) {
        return "is duplicate";
    }

    lcf->status = 1;

    if (ngx_http_eiam_make_page_policy() != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_eiam_status_handler;

    /* the page's links are relative */
    clcf->auto_redirect = clcf->name.len
                          && clcf->name.data[clcf->name.len - 1] == '/';

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_eiam_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    const ngx_http_eiam_view_t  *view;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    view = ngx_http_eiam_view(r);
    if (view == NULL) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (view->json && view->step == ngx_http_eiam_scrape
        && ngx_http_eiam_gateways_ask(r, ngx_http_eiam_status_asked) == NGX_OK)
    {
        r->main->count++;
        return NGX_DONE;
    }

    return ngx_http_eiam_status_run(r, view, NULL);
}


static void
ngx_http_eiam_status_asked(ngx_http_request_t *r, void *gateways)
{
    ngx_http_finalize_request(r, ngx_http_eiam_status_run(r,
                                          ngx_http_eiam_view(r), gateways));
}


ngx_int_t
ngx_http_eiam_status_answer(ngx_http_request_t *r,
    ngx_http_eiam_status_pt step, void *data)
{
    ngx_http_eiam_view_t  view;

    view.step = step;
    view.json = 1;
    ngx_str_set(&view.type, "application/json");

    return ngx_http_eiam_status_run(r, &view, data);
}


static ngx_int_t
ngx_http_eiam_status_run(ngx_http_request_t *r,
    const ngx_http_eiam_view_t *view, void *data)
{
    ngx_int_t                rc;
    ngx_http_cleanup_t      *cln;
    ngx_http_eiam_status_t  *status;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_eiam_status_t));

    if (cln == NULL || ngx_http_eiam_protect(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status = cln->data;
    cln->handler = ngx_http_eiam_status_cleanup;

    ngx_memzero(status, sizeof(ngx_http_eiam_status_t));

    status->request = r;
    status->mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);
    status->step = view->step;
    status->data = data;
    status->json = view->json;
    status->code = NGX_HTTP_OK;
    status->last = &status->out;

    status->event.handler = ngx_http_eiam_go_on;
    status->event.data = status;
    status->event.log = r->connection->log;

    r->headers_out.content_type = view->type;
    r->headers_out.content_type_len = strcspn((char *) view->type.data, ";");

    rc = status->step(status);

    if (rc == NGX_OK) {
        return ngx_http_eiam_send(status);
    }

    if (ngx_http_eiam_request_watch_client(r) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a worker that exits waits for the page, as it waits for a timer */

    ngx_add_timer(&status->event, NGX_HTTP_EIAM_STATUS_WAIT);

    r->main->count++;
    ngx_post_event(&status->event, &ngx_posted_next_events);

    return NGX_DONE;
}


static const ngx_http_eiam_view_t *
ngx_http_eiam_view(ngx_http_request_t *r)
{
    ngx_str_t                    name;
    const ngx_http_eiam_view_t  *view;

    if (ngx_http_eiam_status_path(r, &name) != NGX_OK) {
        return NULL;
    }

    for (view = ngx_http_eiam_views; view->step; view++) {

        if (ngx_eiam_str_equal(&view->name, &name)) {
            return view;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_eiam_status_path(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    *name = r->uri;

    if (name->len >= clcf->name.len
        && ngx_memcmp(name->data, clcf->name.data, clcf->name.len) == 0)
    {
        name->data += clcf->name.len;
        name->len -= clcf->name.len;
    }

    if (name->len && name->data[-1] != '/') {

        if (name->data[0] != '/') {
            return NGX_DECLINED;
        }

        name->data++;
        name->len--;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_eiam_page(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_puts(status, ngx_eiam_page);

    return NGX_OK;
}


/* allows only the page's own script and style */

static ngx_int_t
ngx_http_eiam_protect(ngx_http_request_t *r)
{
    static const ngx_str_t  no_store = ngx_string("no-store");
    static const ngx_str_t  no_sniff = ngx_string("nosniff");
    static const ngx_str_t  no_referrer = ngx_string("no-referrer");

    if (ngx_http_eiam_status_add_header(r, "Cache-Control", &no_store) != NGX_OK
        || ngx_http_eiam_status_add_header(r, "X-Content-Type-Options",
                                           &no_sniff)
           != NGX_OK
        || ngx_http_eiam_status_add_header(r, "Referrer-Policy", &no_referrer)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_eiam_status_add_header(r, "Content-Security-Policy",
                                           &ngx_http_eiam_page_policy);
}


/*
 * The policy allows the page's own style and script by their digests.  It is
 * the same for all configurations, and must outlive one that is refused.
 */

static ngx_int_t
ngx_http_eiam_make_page_policy(void)
{
    u_char  style[NGX_EIAM_DIGEST_LEN * 2], script[NGX_EIAM_DIGEST_LEN * 2];

    static const char  format[] =
        "default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'";

    static u_char  text[sizeof(format) + sizeof(style) + sizeof(script)];

    if (ngx_http_eiam_source_hash("style", style) != NGX_OK
        || ngx_http_eiam_source_hash("script", script) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_eiam_page_policy.data = text;
    ngx_http_eiam_page_policy.len = ngx_sprintf(text, format, style, script)
                                    - text;

    return NGX_OK;
}


/* the digest of an element's content, in base64: CSP level 3, section 2.3.1 */

static ngx_int_t
ngx_http_eiam_source_hash(const char *tag, u_char *hash)
{
    char               open[16], close[16];
    ngx_str_t          content, digest, base64;
    ngx_eiam_digest_t  sum;

    *ngx_sprintf((u_char *) open, "<%s>", tag) = '\0';
    *ngx_sprintf((u_char *) close, "</%s>", tag) = '\0';

    content.data = (u_char *) ngx_strstr(ngx_eiam_page, open);
    content.data += ngx_strlen(open);
    content.len = (u_char *) ngx_strstr(content.data, close) - content.data;

    if (ngx_eiam_digest(&content, sum) != NGX_OK) {
        return NGX_ERROR;
    }

    digest.data = sum;
    digest.len = NGX_EIAM_DIGEST_LEN;
    base64.data = hash;

    ngx_encode_base64(&base64, &digest);
    hash[base64.len] = '\0';

    return NGX_OK;
}


ngx_int_t
ngx_http_eiam_status_add_header(ngx_http_request_t *r, const char *name,
    const ngx_str_t *value)
{
    ngx_http_eiam_field_t  field;

    field.name.data = (u_char *) name;
    field.name.len = ngx_strlen(name);
    field.lowcase = field.name.data;
    field.hash = 0;

    return ngx_http_eiam_request_set_field(&r->headers_out.headers, &field,
                                           value)
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_eiam_send(ngx_http_eiam_status_t *status)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = status->request;

    if (status->failed || status->buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status->buf->last_buf = (r == r->main) ? 1 : 0;
    status->buf->last_in_chain = 1;

    r->headers_out.status = status->code;
    r->headers_out.content_length_n = status->size;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, status->out);
}


static void
ngx_http_eiam_go_on(ngx_event_t *ev)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_eiam_status_t  *status;

    status = ev->data;
    r = status->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    status->samples = 0;
    status->begun = status->size;

    if (!c->error && status->step(status) == NGX_AGAIN) {
        ngx_post_event(ev, &ngx_posted_next_events);
        return;
    }

    ngx_http_finalize_request(r, c->error ? NGX_ERROR
                                          : ngx_http_eiam_send(status));
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_eiam_status_cleanup(void *data)
{
    ngx_http_eiam_status_t *status = data;

    if (status->event.posted) {
        ngx_delete_posted_event(&status->event);
    }

    if (status->event.timer_set) {
        ngx_del_timer(&status->event);
    }
}
