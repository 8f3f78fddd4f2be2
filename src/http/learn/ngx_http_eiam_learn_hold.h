
/*
 * Holds back an issued token until other gateways can find its grant.  Header
 * and body of the answer wait, as a client may use a token as soon as it has
 * read it.  The answer to a client that revokes a token is held as well, until
 * Redis has the revocation.
 */


#ifndef _NGX_HTTP_EIAM_LEARN_HOLD_H_INCLUDED_
#define _NGX_HTTP_EIAM_LEARN_HOLD_H_INCLUDED_


#include <ngx_http_eiam.h>
#include <ngx_eiam_share_send.h>


/* called when the grant was written or the time was over */
typedef void (*ngx_http_eiam_learn_hold_pt)(ngx_http_request_t *r,
    ngx_int_t rc);


struct ngx_http_eiam_learn_hold_s {
    ngx_http_request_t          *request;
    ngx_eiam_share_write_t      *write;      /* NULL: not under way */
    ngx_eiam_share_send_t       *send;       /* of a revocation; or NULL */
    ngx_http_eiam_learn_hold_pt  handler;    /* of the write */
    ngx_event_t                  timer;      /* of the send */
    ngx_msec_t                   since;
    unsigned                     waiting:1;  /* for the write, or the send */
    unsigned                     last:1;     /* the body is complete */
    unsigned                     over:1;     /* nothing is held any more */
};


/* NGX_OK: the answer will be held; NGX_DECLINED: it will not */
ngx_int_t ngx_http_eiam_learn_hold(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn);

/* writes the grant, after which the answer is sent: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_learn_hold_write(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant, ngx_http_eiam_learn_hold_pt handler);

/*
 * Sends a revocation.  NGX_OK: the answer is held until Redis has it;
 * NGX_DECLINED: it is not held.
 */
ngx_int_t ngx_http_eiam_learn_hold_send(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, const ngx_eiam_revocation_event_t *event);

/* stops holding the answer, whatever it waits for */
void ngx_http_eiam_learn_hold_end(ngx_http_eiam_learn_t *learn);

/*
 * Takes a piece of the body.  NGX_OK: the piece is held; NGX_DECLINED: the
 * answer is sent, with what was held before the piece.
 */
ngx_int_t ngx_http_eiam_learn_hold_body(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, ngx_chain_t *in);

/* a chain of the len bytes that were held, and the piece; NULL: no memory */
ngx_chain_t *ngx_http_eiam_learn_hold_chain(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, size_t len, ngx_chain_t *in);


#endif /* _NGX_HTTP_EIAM_LEARN_HOLD_H_INCLUDED_ */
