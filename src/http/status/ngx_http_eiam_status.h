
/*
 * The status location: what is shown is written into memory, a bit at a time
 * so that nothing else has to wait, and then sent.
 */


#ifndef _NGX_HTTP_EIAM_STATUS_H_INCLUDED_
#define _NGX_HTTP_EIAM_STATUS_H_INCLUDED_


#include <ngx_http_eiam.h>


#define NGX_EIAM_VERSION  "0.2.0"


typedef struct ngx_http_eiam_status_s  ngx_http_eiam_status_t;

/* writes some of it: NGX_OK at the end, or NGX_AGAIN */
typedef ngx_int_t (*ngx_http_eiam_status_pt)(ngx_http_eiam_status_t *status);


struct ngx_http_eiam_status_s {
    ngx_http_request_t          *request;
    ngx_http_eiam_main_conf_t   *mcf;
    ngx_http_eiam_status_pt      step;

    ngx_chain_t                 *out;
    ngx_chain_t                **last;
    ngx_buf_t                   *buf;
    off_t                        size;
    off_t                        begun;       /* size before this step */
    ngx_uint_t                   code;        /* HTTP's */

    ngx_uint_t                   family;      /* where the next step begins */
    ngx_uint_t                   policy;
    ngx_uint_t                   i;
    ngx_uint_t                   samples;     /* of this step */
    u_char                      *seen;        /* rows: bits */

    ngx_event_t                  event;
    unsigned                     json:1;
    unsigned                     comma:1;
    unsigned                     failed:1;    /* no memory */
};


typedef struct {
    const char   *name;
    ngx_str_t     value;
} ngx_http_eiam_label_t;


typedef struct {
    const char               *name;
    const char               *type;
    const char               *help;
    ngx_http_eiam_status_pt   walk;
} ngx_http_eiam_family_t;


/* the last one has no name */
extern const ngx_http_eiam_family_t  ngx_http_eiam_metrics[];

/*
 * One of the family that is walked through; the labels end with one without a
 * name.
 */
void ngx_http_eiam_scrape_sample(ngx_http_eiam_status_t *status,
    const char *suffix, const ngx_http_eiam_label_t *labels,
    const char *fmt, ...);


/* the operation's alternatives; with a set, what of them is not in it */
void ngx_http_eiam_policy_required(ngx_http_eiam_status_t *status,
    const ngx_eiam_operation_t *operation, const ngx_eiam_scope_bits_t *set);

/* what there is to show */
ngx_int_t ngx_http_eiam_scrape(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_policy(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_explain(ngx_http_eiam_status_t *status);

/* writing; without memory status->failed is set */

void ngx_http_eiam_write(ngx_http_eiam_status_t *status, const u_char *text,
    size_t len);
void ngx_http_eiam_write_text(ngx_http_eiam_status_t *status, const char *fmt,
    ...);

/*
 * In quotes, as JSON (RFC 8259) and Prometheus both understand it: what is no
 * UTF-8, and control characters, become "?".
 */
void ngx_http_eiam_write_quoted(ngx_http_eiam_status_t *status,
    const ngx_str_t *text);

#define ngx_http_eiam_puts(status, text)                                      \
    ngx_http_eiam_write(status, (u_char *) text, sizeof(text) - 1)

char *ngx_http_eiam_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* _NGX_HTTP_EIAM_STATUS_H_INCLUDED_ */
