
#include <ngx_http_eiam_count.h>
#include <ngx_http_eiam_ctx.h>
#include <ngx_http_eiam_grant.h>
#include <ngx_http_eiam_note.h>


#define NGX_HTTP_EIAM_NOTES  128


/*
 * What a token was found to be worth.  All that a source knows of a token has
 * its times in seconds, and whoever changes it says so in the zone.  So it is
 * the same for the rest of the second until somebody says so, and a worker
 * that has a note needs no lock: of the tokens that come most often.
 */

typedef struct {
    ngx_eiam_digest_t              digest;
    time_t                         second;    /* 0: no note */
    ngx_uint_t                     location;  /* its number */
    uint32_t                       changes;
    ngx_eiam_reason_e              reason;
    ngx_eiam_application_t        *application;
    ngx_eiam_application_row_t    *row;
    const ngx_eiam_permissions_t  *effective; /* NULL: it is refused */
    const ngx_str_t               *source;
    const ngx_str_t               *cache;
    size_t                         len;       /* of the id if not listed */
    u_char                         id[NGX_EIAM_LABEL_MAX];
} __attribute__((aligned(64))) ngx_http_eiam_note_t;


static ngx_http_eiam_note_t *ngx_http_eiam_note_of(
    const ngx_eiam_digest_t digest);
static ngx_uint_t ngx_http_eiam_is_lasting(const ngx_http_eiam_ctx_t *ctx,
    ngx_int_t rc);


static ngx_http_eiam_note_t  ngx_http_eiam_notes[NGX_HTTP_EIAM_NOTES];


ngx_int_t
ngx_http_eiam_note_recall(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx)
{
    ngx_str_t                   id;
    ngx_http_eiam_note_t       *note;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);
    mcf = ngx_http_get_module_main_conf(r, ngx_eiam_module);

    /* what changes from here on makes the note void that is taken afterwards */

    ctx->changes = ngx_eiam_zone_changes(mcf->zone->shared, ctx->digest);
    ngx_memory_barrier();

    note = ngx_http_eiam_note_of(ctx->digest);

    if (note->second != ngx_time() || note->location != lcf->number
        || note->changes != ctx->changes
        || ngx_memcmp(note->digest, ctx->digest, NGX_EIAM_DIGEST_LEN) != 0)
    {
        return NGX_DECLINED;
    }

    ctx->source = note->source;
    ctx->cache = note->cache;
    ctx->application = note->application;
    ctx->row = note->row;

    id.len = note->len;
    id.data = note->id;

    if (note->application) {
        ctx->application_id = note->application->id;

    } else if (id.len
               && ngx_http_eiam_grant_set_application(r, ctx, &id) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (note->effective == NULL) {
        return ngx_http_eiam_ctx_refuse(ctx, note->reason);
    }

    ngx_http_eiam_grant_set_scopes(ctx, note->effective);

    return NGX_OK;
}


void
ngx_http_eiam_note(ngx_http_request_t *r, ngx_http_eiam_ctx_t *ctx,
    ngx_int_t rc)
{
    ngx_http_eiam_note_t      *note;
    ngx_http_eiam_loc_conf_t  *lcf;

    if (!ngx_http_eiam_is_lasting(ctx, rc)) {
        return;
    }

    note = ngx_http_eiam_note_of(ctx->digest);

    /* tokens that would have the same place do not take it from each other */

    if (note->second == ngx_time()
        && ngx_memcmp(note->digest, ctx->digest, NGX_EIAM_DIGEST_LEN) != 0)
    {
        return;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_eiam_module);

    ngx_memcpy(note->digest, ctx->digest, NGX_EIAM_DIGEST_LEN);

    note->second = ngx_time();
    note->location = lcf->number;
    note->changes = ctx->changes;
    note->reason = ctx->reason;
    note->application = ctx->application;
    note->row = ngx_http_eiam_count_row(r, ctx);
    note->effective = ctx->effective;
    note->source = ctx->source;
    note->cache = ctx->cache;

    note->len = ctx->application ? 0 : ctx->application_id.len;

    if (note->len) {
        ngx_memcpy(note->id, ctx->application_id.data, note->len);
    }
}


static ngx_http_eiam_note_t *
ngx_http_eiam_note_of(const ngx_eiam_digest_t digest)
{
    uint32_t  hash;

    ngx_memcpy(&hash, digest, sizeof(uint32_t));

    return &ngx_http_eiam_notes[hash % NGX_HTTP_EIAM_NOTES];
}


/*
 * Will the next request find the same, in memory that is still there?  After
 * a miss there is a hit, and a source fails for milliseconds.  What is logged
 * on the way to a refusal is logged once in a second then.
 */

static ngx_uint_t
ngx_http_eiam_is_lasting(const ngx_http_eiam_ctx_t *ctx, ngx_int_t rc)
{
    if (rc != NGX_OK && rc != NGX_ABORT) {
        return 0;
    }

    if (ctx->cache != NULL
        && ctx->cache != &ngx_eiam_metrics_lookups[NGX_EIAM_HIT])
    {
        return 0;
    }

    if (ctx->application == NULL
        && ctx->application_id.len > NGX_EIAM_LABEL_MAX)
    {
        return 0;
    }

    return rc == NGX_OK ? ctx->effective != NULL
                        : ctx->reason != NGX_EIAM_SOURCE_UNAVAILABLE;
}
