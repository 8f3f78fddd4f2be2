
/*
 * The status location.  A page is written into memory in small steps, so that
 * other requests need not wait, and is then sent.
 */


#ifndef _NGX_HTTP_EIAM_STATUS_H_INCLUDED_
#define _NGX_HTTP_EIAM_STATUS_H_INCLUDED_


#include <ngx_http_eiam.h>


typedef struct ngx_http_eiam_status_s  ngx_http_eiam_status_t;

/* writes the next part: NGX_OK at the end, or NGX_AGAIN */
typedef ngx_int_t (*ngx_http_eiam_status_pt)(ngx_http_eiam_status_t *status);


struct ngx_http_eiam_status_s {
    ngx_http_request_t          *request;
    ngx_http_eiam_main_conf_t   *mcf;
    ngx_http_eiam_status_pt      step;
    void                        *data;        /* for the step's function */

    ngx_chain_t                 *out;
    ngx_chain_t                **last;
    ngx_buf_t                   *buf;
    off_t                        size;
    off_t                        begun;       /* size before this step */
    ngx_uint_t                   code;        /* status of the response */

    ngx_uint_t                   family;      /* where the next step begins */
    ngx_uint_t                   member;
    ngx_uint_t                   found;       /* entries of a list so far */
    ngx_uint_t                   policy;
    ngx_uint_t                   i;
    ngx_uint_t                   samples;     /* of this step */
    u_char                      *seen;        /* rows that were shown: bits */

    ngx_event_t                  event;
    unsigned                     json:1;
    unsigned                     comma:1;
    unsigned                     failed:1;    /* flag: no memory */
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


/* a row without a name is the last one */
extern const ngx_http_eiam_family_t  ngx_http_eiam_metrics[];

/* the samples of a histogram; "result" is one more label, if it has a name */
void ngx_http_eiam_metrics_histogram(ngx_http_eiam_status_t *status,
    const char *name, const ngx_str_t *value, const ngx_str_t *result,
    const ngx_eiam_histogram_t *histogram);

/*
 * Writes a sample of the current family.  A label without a name ends the list
 * of labels; NULL: no labels.
 */
void ngx_http_eiam_scrape_sample(ngx_http_eiam_status_t *status,
    const char *suffix, const ngx_http_eiam_label_t *labels,
    const char *fmt, ...);

/* the same for a counter whose only label is "result" */
void ngx_http_eiam_scrape_result(ngx_http_eiam_status_t *status,
    const ngx_str_t *result, ngx_atomic_uint_t count);


/* writes an operation's alternatives; with scopes, what these lack of them */
void ngx_http_eiam_policy_required(ngx_http_eiam_status_t *status,
    const ngx_eiam_operation_t *operation, const ngx_eiam_scope_bits_t *set);

/* the pages */
ngx_int_t ngx_http_eiam_scrape(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_policy(ngx_http_eiam_status_t *status);
ngx_int_t ngx_http_eiam_explain(ngx_http_eiam_status_t *status);

/* these functions set status->failed if there is no memory */

void ngx_http_eiam_write(ngx_http_eiam_status_t *status, const u_char *text,
    size_t len);
void ngx_http_eiam_write_text(ngx_http_eiam_status_t *status, const char *fmt,
    ...);

/*
 * Writes a text in quotes, in a form that both JSON (RFC 8259) and Prometheus
 * can read: control characters and bytes that are not UTF-8 become "?".
 */
void ngx_http_eiam_write_quoted(ngx_http_eiam_status_t *status,
    const ngx_str_t *text);

#define ngx_http_eiam_puts(status, text)                                      \
    ngx_http_eiam_write(status, (u_char *) text, sizeof(text) - 1)

/* as a content handler: answers with the JSON that the step writes */
ngx_int_t ngx_http_eiam_status_answer(ngx_http_request_t *r,
    ngx_http_eiam_status_pt step, void *data);

/* the rest of the path after the location's: NGX_OK or NGX_DECLINED */
ngx_int_t ngx_http_eiam_status_path(ngx_http_request_t *r, ngx_str_t *name);

/* adds a field to the response: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_status_add_header(ngx_http_request_t *r,
    const char *name, const ngx_str_t *value);

char *ngx_http_eiam_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* _NGX_HTTP_EIAM_STATUS_H_INCLUDED_ */
