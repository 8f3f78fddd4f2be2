
#include <ngx_http_eiam_finding.h>
#include <ngx_http_eiam_invalid.h>
#include <ngx_eiam_fault.h>
#include <ngx_eiam_text.h>


#define NGX_HTTP_EIAM_POINTERS  3      /* that a warning names */


static void ngx_http_eiam_finding_warn(ngx_conf_t *cf,
    const ngx_eiam_policy_t *policy, ngx_uint_t cause);
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
    u_char                   text[NGX_MAX_CONF_ERRSTR], *p, *last;
    ngx_uint_t               i, n, count;
    ngx_eiam_finding_t      *finding;
    const ngx_eiam_cause_t  *told;

    count = ngx_eiam_finding_count(&policy->findings, cause);

    if (count == 0) {
        return;
    }

    n = 0;
    p = text;
    last = text + sizeof(text);
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
