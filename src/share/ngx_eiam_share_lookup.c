
#include <ngx_eiam_share_job.h>
#include <ngx_eiam_share_lookup.h>
#include <ngx_eiam_share_value.h>
#include <ngx_eiam_share_zone.h>


/* a tombstone and the grants of two sources, for each line of the key */

#define NGX_EIAM_SHARE_NAMES                                                  \
    (NGX_EIAM_REDIS_SEAL_LINES * (1 + NGX_EIAM_SHARE_SOURCES))


/* a Redis key that is looked up */

typedef struct {
    ngx_uint_t                 line;
    ngx_eiam_source_t         *source;       /* NULL: the tombstone */
} ngx_eiam_share_part_t;


typedef struct {
    ngx_eiam_share_job_t       job;
    ngx_eiam_share_sought_t    sought;
    ngx_eiam_question_t        question;
    ngx_eiam_digest_t          token;
    ngx_uint_t                 nnames;
    ngx_str_t                  names[NGX_EIAM_SHARE_NAMES];
    ngx_eiam_share_part_t      parts[NGX_EIAM_SHARE_NAMES];
} ngx_eiam_share_lookup_t;


static ngx_int_t ngx_eiam_share_lookup_name(ngx_eiam_share_lookup_t *lookup);
static ngx_int_t ngx_eiam_share_lookup_add(ngx_eiam_share_lookup_t *lookup,
    ngx_uint_t line, ngx_eiam_source_t *source);
static void ngx_eiam_share_lookup_answered(void *data,
    const ngx_eiam_redis_reply_t *reply);
static ngx_int_t ngx_eiam_share_lookup_read(ngx_eiam_share_lookup_t *lookup,
    const ngx_eiam_redis_reply_t *reply);
static ngx_int_t ngx_eiam_share_lookup_grant(ngx_eiam_share_lookup_t *lookup,
    ngx_uint_t i, const ngx_str_t *sealed);


ngx_int_t
ngx_eiam_share_lookup(ngx_eiam_share_t *share,
    const ngx_eiam_share_sought_t *sought, const ngx_eiam_digest_t token,
    const ngx_eiam_question_t *question)
{
    ngx_int_t                 rc;
    ngx_eiam_share_lookup_t  *lookup;

    if (!ngx_eiam_share_is_ready(share)) {
        return NGX_DECLINED;
    }

    lookup = ngx_eiam_share_job_create(share, sizeof(ngx_eiam_share_lookup_t));
    if (lookup == NULL) {
        return NGX_ERROR;
    }

    lookup->sought = *sought;
    lookup->question = *question;
    ngx_memcpy(lookup->token, token, NGX_EIAM_DIGEST_LEN);

    rc = ngx_eiam_share_lookup_name(lookup);

    if (rc == NGX_OK) {
        lookup->job.command.args = lookup->names;
        lookup->job.command.nargs = lookup->nnames;

        rc = ngx_eiam_share_job_send(&lookup->job, NGX_EIAM_REDIS_MGET,
                                     ngx_eiam_share_lookup_answered);
    }

    if (rc != NGX_OK) {
        ngx_eiam_share_job_destroy(&lookup->job);
    }

    return rc;
}


static ngx_int_t
ngx_eiam_share_lookup_name(ngx_eiam_share_lookup_t *lookup)
{
    ngx_uint_t  i, line;

    for (line = 0; line < lookup->job.share->seal->n; line++) {

        if (ngx_eiam_share_lookup_add(lookup, line, NULL) != NGX_OK) {
            return NGX_ERROR;
        }

        for (i = 0; i < NGX_EIAM_SHARE_SOURCES; i++) {

            if (lookup->sought.sources[i]
                && ngx_eiam_share_lookup_add(lookup, line,
                                             lookup->sought.sources[i])
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_eiam_share_lookup_add(ngx_eiam_share_lookup_t *lookup, ngx_uint_t line,
    ngx_eiam_source_t *source)
{
    ngx_str_t  *name;

    lookup->parts[lookup->nnames].line = line;
    lookup->parts[lookup->nnames].source = source;

    name = &lookup->names[lookup->nnames++];

    name->data = ngx_pnalloc(lookup->job.pool, NGX_EIAM_REDIS_NAME_MAX);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    return ngx_eiam_share_value_name(lookup->job.share, line, lookup->token,
                                     source, name);
}


static void
ngx_eiam_share_lookup_answered(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_share_lookup_t *lookup = data;

    ngx_int_t             rc;
    ngx_eiam_source_t    *source;
    ngx_eiam_question_t  *question;

    source = lookup->sought.source;
    question = &lookup->question;

    rc = ngx_eiam_share_lookup_read(lookup, reply);

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "eiam redis answer for token %*xs: %i",
                   NGX_EIAM_TOKEN_ID_LEN, lookup->token, rc);

    switch (rc) {

    case NGX_OK:
        ngx_eiam_source_abandon(source, question);
        break;

    case NGX_ABORT:
        question->reason = NGX_EIAM_TOKEN_REVOKED;
        break;

    case NGX_DECLINED:
        question->reason = NGX_EIAM_TOKEN_INVALID;
        question->detail = NGX_EIAM_DETAIL_UNKNOWN_TOKEN;
        break;

    default:
        question->reason = NGX_EIAM_SOURCE_UNAVAILABLE;
        question->detail = NGX_EIAM_DETAIL_REDIS_DOWN;
        question->failure = NGX_EIAM_DOWN;
    }

    if (question->reason != NGX_EIAM_NO_REASON) {
        (void) ngx_eiam_source_settle(source, &lookup->job.share->terms,
                                      question);
    }

    lookup->job.share->wake(question->key);

    ngx_eiam_share_job_destroy(&lookup->job);
}


/*
 * A tombstone wins, even if it cannot be read: a later version may have written
 * it, and whoever can forge a tombstone could also remove the grant.  The grant
 * under the first line of the key is stored last, as it is the newer one.
 */

static ngx_int_t
ngx_eiam_share_lookup_read(ngx_eiam_share_lookup_t *lookup,
    const ngx_eiam_redis_reply_t *reply)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    if (!ngx_eiam_redis_reply_has_values(reply, lookup->nnames)) {
        return NGX_ERROR;
    }

    for (i = 0; i < lookup->nnames; i++) {

        if (reply->elts[i].type == NGX_EIAM_REDIS_STRING
            && lookup->parts[i].source == NULL)
        {
            ngx_eiam_share_value_check_tombstone(lookup->job.share,
                                                 lookup->parts[i].line,
                                                 &lookup->names[i],
                                                 &reply->elts[i].text);
            return NGX_ABORT;
        }
    }

    rc = NGX_DECLINED;

    for (i = lookup->nnames; i-- > 0; /* void */ ) {

        if (reply->elts[i].type == NGX_EIAM_REDIS_STRING
            && ngx_eiam_share_lookup_grant(lookup, i, &reply->elts[i].text)
               == NGX_OK)
        {
            rc = NGX_OK;
        }
    }

    return rc;
}


/* NGX_OK: the grant is stored in the zone, which may still refuse the token */

static ngx_int_t
ngx_eiam_share_lookup_grant(ngx_eiam_share_lookup_t *lookup, ngx_uint_t i,
    const ngx_str_t *sealed)
{
    u_char                   buffer[NGX_EIAM_REDIS_VALUE_MAX];
    ngx_str_t                text;
    ngx_eiam_source_t       *source;
    ngx_eiam_redis_grant_t   value;

    source = lookup->parts[i].source;
    text.data = buffer;

    if (ngx_eiam_share_value_open(lookup->job.share, lookup->parts[i].line,
                                  &lookup->names[i], source, sealed, &text,
                                  &value)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    /* what could be asked for again lives no longer than if asked for here */

    if (!value.grant.learned
        && value.checked + lookup->sought.valid <= ngx_time())
    {
        return NGX_DECLINED;
    }

    ngx_eiam_share_zone_keep(source, lookup->token, &value);

    return NGX_OK;
}
