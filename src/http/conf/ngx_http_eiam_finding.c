
#include <ngx_http_eiam_finding.h>
#include <ngx_http_eiam_invalid.h>
#include <ngx_eiam_fault.h>
#include <ngx_eiam_text.h>


#define NGX_HTTP_EIAM_POINTERS  3      /* in a warning */


static void ngx_http_eiam_finding_warn(ngx_conf_t *cf,
    const ngx_eiam_policy_t *policy, ngx_uint_t cause);
static ngx_uint_t ngx_http_eiam_finding_is_reached(
    const ngx_http_eiam_loc_conf_t *conf, ngx_eiam_operation_t *operation);
static u_char *ngx_http_eiam_finding_places(u_char *p, u_char *last,
    const ngx_eiam_policy_t *policy, ngx_uint_t cause, ngx_uint_t count);
static ngx_int_t ngx_http_eiam_finding_refuse(ngx_conf_t *cf,
    const ngx_eiam_policy_t *policy);


ngx_int_t
ngx_http_eiam_finding_tell(ngx_conf_t *cf, ngx_eiam_policy_t *policy)
{
    ngx_uint_t  cause;

    if (policy->complete && ngx_http_eiam_finding_refuse(cf, policy) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (cause = NGX_EIAM_KEPT + 1;
         cause < NGX_EIAM_CAUSES && !policy->told;
         cause++)
    {
        ngx_http_eiam_finding_warn(cf, policy, cause);
    }

    policy->told = 1;

    return NGX_OK;
}


static void
ngx_http_eiam_finding_warn(ngx_conf_t *cf, const ngx_eiam_policy_t *policy,
    ngx_uint_t cause)
{
    u_char                   text[NGX_MAX_CONF_ERRSTR], *p;
    ngx_uint_t               count;
    const ngx_eiam_cause_t  *told;

    count = ngx_eiam_finding_count(&policy->findings, cause);

    if (count == 0) {
        return;
    }

    p = ngx_http_eiam_finding_places(text, text + sizeof(text), policy, cause,
                                     count);

    told = &ngx_eiam_finding_causes[cause];

    if (ngx_eiam_finding_is_left_out(cause)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "eiam_policy: \"%V\": left out, %V (%ui): %V: "
                           "%*s; set", &policy->name, &told->subject, count,
                           &told->text, (size_t) (p - text), text);
        return;
    }

    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "eiam_policy: \"%V\": note that %V (%ui): %V: %*s; set",
                       &policy->name, &told->subject, count, &told->text,
                       (size_t) (p - text), text);
}


/* writes the pointers of the first findings, and how many more there are */

static u_char *
ngx_http_eiam_finding_places(u_char *p, u_char *last,
    const ngx_eiam_policy_t *policy, ngx_uint_t cause, ngx_uint_t count)
{
    ngx_uint_t           i, n;
    ngx_eiam_finding_t  *finding;

    n = 0;
    finding = policy->findings.elts;

    for (i = 0; n < NGX_HTTP_EIAM_POINTERS && i < policy->findings.nelts; i++)
    {
        if (finding[i].cause == cause) {
            p = ngx_slprintf(p, last, "%s", n++ ? ", " : "");
            p = ngx_eiam_text_escape(p, last, &finding[i].pointer,
                                     NGX_EIAM_TEXT_UTF8|NGX_EIAM_TEXT_QUOTES);
        }
    }

    if (count > n) {
        p = ngx_slprintf(p, last, " and %ui more", count - n);
    }

    return p;
}


/* the guard refuses such requests as ambiguous */

ngx_int_t
ngx_http_eiam_finding_path(ngx_conf_t *cf, ngx_http_eiam_loc_conf_t *conf)
{
    u_char                   text[NGX_MAX_CONF_ERRSTR], *p;
    ngx_uint_t               i, mode, count;
    ngx_eiam_policy_t       *policy;
    ngx_eiam_operation_t   **operation;

    policy = conf->policy;
    operation = policy->operations.elts;
    mode = conf->charset ? 2 : 1;

    if (policy->tried & mode) {
        return NGX_OK;
    }

    policy->tried |= mode;
    count = 0;

    for (i = 0; i < policy->operations.nelts; i++) {

        if (ngx_http_eiam_finding_is_reached(conf, operation[i])) {
            continue;
        }

        count++;

        if (ngx_eiam_finding_add_operation(&policy->findings,
                                           NGX_EIAM_LEFT_PATH, operation[i],
                                           &operation[i]->pointer)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (count == 0) {
        return NGX_OK;
    }

    p = ngx_http_eiam_finding_places(text, text + sizeof(text), policy,
                                     NGX_EIAM_LEFT_PATH, count);

    if (policy->complete || count == policy->operations.nelts) {
        (void) ngx_http_eiam_invalid_location(cf, "\"eiam_path %s\" lets no "
                               "request pass to %ui operations of \"%V\": %*s,",
                               conf->charset ? "utf8" : "strict", count,
                               &policy->name, (size_t) (p - text), text);
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "eiam_path: \"%V\": left out, operations (%ui): \"eiam_path "
                  "%s\" lets no request pass to them%s: %*s", &policy->name,
                  count, conf->charset ? "utf8" : "strict",
                  conf->charset ? "" : ", \"eiam_path utf8\" may",
                  (size_t) (p - text), text);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_eiam_finding_is_reached(const ngx_http_eiam_loc_conf_t *conf,
    ngx_eiam_operation_t *operation)
{
    return operation->sample.len == 0
           || ngx_eiam_target_check(NULL, &operation->sample, conf->charset)
              == NGX_EIAM_NO_DETAIL;
}


static ngx_int_t
ngx_http_eiam_finding_refuse(ngx_conf_t *cf, const ngx_eiam_policy_t *policy)
{
    u_char               text[NGX_MAX_CONF_ERRSTR], *p;
    ngx_uint_t           i, n;
    ngx_eiam_finding_t  *finding;

    n = 0;
    finding = policy->findings.elts;

    for (i = 0; i < policy->findings.nelts; i++) {

        if (!ngx_eiam_finding_is_left_out(finding[i].cause)
            || n++ >= NGX_EIAM_FAULTS_MAX)
        {
            continue;
        }

        p = ngx_eiam_text_escape(text, text + sizeof(text),
                                 &finding[i].pointer,
                                 NGX_EIAM_TEXT_UTF8|NGX_EIAM_TEXT_QUOTES);

        (void) ngx_http_eiam_invalid(cf, "\"%V\": %*s: must not be left out: "
                                     "%V", &policy->name, (size_t) (p - text),
                                     text,
                           &ngx_eiam_finding_causes[finding[i].cause].text);
    }

    if (n > NGX_EIAM_FAULTS_MAX) {
        (void) ngx_http_eiam_invalid(cf, "\"%V\": %ui more must not be left "
                                     "out", &policy->name,
                                     n - NGX_EIAM_FAULTS_MAX);
    }

    return n ? NGX_ERROR : NGX_OK;
}
