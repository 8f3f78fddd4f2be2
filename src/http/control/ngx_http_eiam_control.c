
#include <ngx_http_eiam_control.h>
#include <ngx_http_eiam_control_list.h>
#include <ngx_http_eiam_control_order.h>
#include <ngx_http_eiam_control_share.h>
#include <ngx_http_eiam_form.h>
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_request.h>
#include <ngx_http_eiam_status.h>
#include <ngx_eiam_string.h>


typedef struct {
    ngx_str_t                  name;      /* the path below the location */
    ngx_uint_t                 method;
    ngx_str_t                  allow;
    ngx_http_eiam_status_pt    step;
    ngx_uint_t                 restore;
} ngx_http_eiam_action_t;


typedef struct {
    ngx_uint_t                 code;
    const char                *text;
} ngx_http_eiam_error_t;


static ngx_int_t ngx_http_eiam_control_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_eiam_control_is_allowed(ngx_http_request_t *r);
static ngx_uint_t ngx_http_eiam_control_is_local(
    const struct sockaddr *sockaddr);
static ngx_uint_t ngx_http_eiam_control_is_browser(ngx_http_request_t *r);
static const ngx_http_eiam_action_t *ngx_http_eiam_control_action(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_control_post(ngx_http_request_t *r);
static void ngx_http_eiam_control_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_eiam_control_refuse(ngx_http_request_t *r,
    ngx_http_eiam_error_t *error);
static ngx_int_t ngx_http_eiam_control_error(ngx_http_eiam_status_t *status);


static const ngx_http_eiam_action_t  ngx_http_eiam_actions[] = {
    { ngx_string("revoke"), NGX_HTTP_POST, ngx_string("POST"),
      ngx_http_eiam_control_order_answer, 0 },
    { ngx_string("restore"), NGX_HTTP_POST, ngx_string("POST"),
      ngx_http_eiam_control_order_answer, 1 },
    { ngx_string("revocations"), NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_string("GET, HEAD"), ngx_http_eiam_control_list, 0 },
    { ngx_null_string, 0, ngx_null_string, NULL, 0 }
};


static ngx_http_eiam_error_t  ngx_http_eiam_error_elsewhere = {
    NGX_HTTP_FORBIDDEN,
    "who connects from elsewhere than loopback or a unix socket is refused"
};

static ngx_http_eiam_error_t  ngx_http_eiam_error_browser = {
    NGX_HTTP_FORBIDDEN, "browsers are refused"
};

static ngx_http_eiam_error_t  ngx_http_eiam_error_path = {
    NGX_HTTP_NOT_FOUND, "there are revoke, restore and revocations"
};

static ngx_http_eiam_error_t  ngx_http_eiam_error_method = {
    NGX_HTTP_NOT_ALLOWED, "another method is needed"
};

static ngx_http_eiam_error_t  ngx_http_eiam_error_query = {
    NGX_HTTP_BAD_REQUEST, "parameters belong into the form"
};

static ngx_http_eiam_error_t  ngx_http_eiam_error_type = {
    NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
    "a form is needed: application/x-www-form-urlencoded"
};


char *
ngx_http_eiam_control(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_eiam_loc_conf_t  *lcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (lcf->control) {
        return "is duplicate";
    }

    lcf->control = NGX_HTTP_EIAM_CONTROL_LOCAL;

    if (cf->args->nelts == 2) {
        value = cf->args->elts;

        if (ngx_strcmp(value[1].data, "open") != 0) {
            return ngx_http_eiam_invalid(cf, "unknown parameter \"%V\", only "
                                         "\"open\" may stand here", &value[1]);
        }

        lcf->control = NGX_HTTP_EIAM_CONTROL_OPEN;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_eiam_control_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_eiam_control_handler(ngx_http_request_t *r)
{
    const ngx_http_eiam_action_t  *action;

    if (!ngx_http_eiam_control_is_allowed(r)) {
        return ngx_http_eiam_control_refuse(r,
                                            &ngx_http_eiam_error_elsewhere);
    }

    if (ngx_http_eiam_control_is_browser(r)) {
        return ngx_http_eiam_control_refuse(r,
                                            &ngx_http_eiam_error_browser);
    }

    action = ngx_http_eiam_control_action(r);

    if (action == NULL) {
        return ngx_http_eiam_control_refuse(r,
                                            &ngx_http_eiam_error_path);
    }

    if (!(r->method & action->method)) {

        if (ngx_http_eiam_status_add_header(r, "Allow", &action->allow)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_eiam_control_refuse(r,
                                            &ngx_http_eiam_error_method);
    }

    if (r->args.len) {
        return ngx_http_eiam_control_refuse(r,
                                            &ngx_http_eiam_error_query);
    }

    if (action->method == NGX_HTTP_POST) {
        return ngx_http_eiam_control_post(r);
    }

    if (ngx_http_discard_request_body(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_eiam_status_answer(r, action->step, NULL);
}


/*
 * The address of the connection must be local.  So must the address that the
 * realip module or the PROXY protocol puts in its place, as a client may be
 * able to choose that.
 */

static ngx_uint_t
ngx_http_eiam_control_is_allowed(ngx_http_request_t *r)
{
    socklen_t                  len;
    ngx_sockaddr_t             peer;
    ngx_http_eiam_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    if (lcf->control == NGX_HTTP_EIAM_CONTROL_OPEN) {
        return 1;
    }

    len = sizeof(ngx_sockaddr_t);

    return getpeername(r->connection->fd, &peer.sockaddr, &len) == 0
           && ngx_http_eiam_control_is_local(&peer.sockaddr)
           && ngx_http_eiam_control_is_local(r->connection->sockaddr);
}


static ngx_uint_t
ngx_http_eiam_control_is_local(const struct sockaddr *sockaddr)
{
    in_addr_t                   addr;
    const struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    const u_char               *p;
    const struct sockaddr_in6  *sin6;
#endif

    switch (sockaddr->sa_family) {

    case AF_INET:
        sin = (const struct sockaddr_in *) sockaddr;
        addr = ntohl(sin->sin_addr.s_addr);
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (const struct sockaddr_in6 *) sockaddr;

        if (!IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr);
        }

        p = sin6->sin6_addr.s6_addr;
        addr = (in_addr_t) p[12] << 24;
        break;
#endif

#if (NGX_HAVE_UNIX_DOMAIN)
    case AF_UNIX:
        return 1;
#endif

    default:
        return 0;
    }

    return addr >> 24 == IN_LOOPBACKNET;
}


/* only this type: no page in an operator's browser can send it unasked */

static ngx_uint_t
ngx_http_eiam_control_is_browser(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_eiam_request_field_is(&h[i], "origin")
                || ngx_http_eiam_request_field_is(&h[i], "sec-fetch-site"))
            {
                return 1;
            }
        }
    }

    return 0;
}


static const ngx_http_eiam_action_t *
ngx_http_eiam_control_action(ngx_http_request_t *r)
{
    ngx_str_t                      name;
    const ngx_http_eiam_action_t  *action;

    if (ngx_http_eiam_status_path(r, &name) != NGX_OK) {
        return NULL;
    }

    for (action = ngx_http_eiam_actions; action->step; action++) {

        if (ngx_eiam_str_equal(&action->name, &name)) {
            return action;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_eiam_control_post(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (!ngx_http_eiam_form_is(r)) {
        return ngx_http_eiam_control_refuse(r,
                                            &ngx_http_eiam_error_type);
    }

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_eiam_control_body_handler);

    return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
}


static void
ngx_http_eiam_control_body_handler(ngx_http_request_t *r)
{
    ngx_http_eiam_order_t         *order;
    const ngx_http_eiam_action_t  *action;

    action = ngx_http_eiam_control_action(r);

    order = ngx_pcalloc(r->pool, sizeof(ngx_http_eiam_order_t));
    if (order == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_eiam_control_order_run(r, order, action->restore);

    if (ngx_http_eiam_control_share(r, order) != NGX_AGAIN) {
        ngx_http_finalize_request(r, ngx_http_eiam_status_answer(r,
                                            action->step, order));
    }
}


static ngx_int_t
ngx_http_eiam_control_refuse(ngx_http_request_t *r,
    ngx_http_eiam_error_t *error)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_eiam_status_answer(r, ngx_http_eiam_control_error, error);
}


static ngx_int_t
ngx_http_eiam_control_error(ngx_http_eiam_status_t *status)
{
    ngx_http_eiam_error_t *error = status->data;

    status->code = error->code;
    ngx_http_eiam_write_text(status, "{\"error\":\"%s\"}\n", error->text);

    return NGX_OK;
}
