
/*
 * An issued token is held back until its grant is where other gateways find
 * it: header and body of the answer, as a client may use a token as soon as it
 * has read it.  So is the answer to a client that revokes a token, until other
 * gateways can read that.
 */


#ifndef _NGX_HTTP_EIAM_LEARN_HOLD_H_INCLUDED_
#define _NGX_HTTP_EIAM_LEARN_HOLD_H_INCLUDED_


#include <ngx_http_eiam.h>
#include <ngx_eiam_share_send.h>


/* the grant was written, or time was over: as the handler of a write */
typedef void (*ngx_http_eiam_learn_hold_pt)(ngx_http_request_t *r,
    ngx_int_t rc);


struct ngx_http_eiam_learn_hold_s {
    ngx_http_request_t          *request;
    ngx_eiam_share_write_t      *write;      /* NULL: not under way */
    ngx_eiam_share_send_t       *send;       /* the same of a revocation */
    ngx_http_eiam_learn_hold_pt  handler;    /* of the write */
    ngx_event_t                  timer;      /* of the send */
    ngx_msec_t                   since;
    unsigned                     waiting:1;  /* for the write, or the send */
    unsigned                     last:1;     /* the end of the body was there */
    unsigned                     over:1;     /* the answer goes on */
};


/* is the answer to be held?  NGX_OK; NGX_DECLINED: it goes on */
ngx_int_t ngx_http_eiam_learn_hold(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn);

/* the end goes on when the grant is written: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_eiam_learn_hold_write(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, const ngx_eiam_digest_t token,
    const ngx_eiam_redis_grant_t *grant, ngx_http_eiam_learn_hold_pt handler);

/*
 * Sends a revocation.  NGX_OK: the answer is held until Redis has it;
 * NGX_DECLINED: it goes on.
 */
ngx_int_t ngx_http_eiam_learn_hold_send(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, const ngx_eiam_revocation_event_t *event);

/* the answer is not held any longer, whatever it waits for */
void ngx_http_eiam_learn_hold_end(ngx_http_eiam_learn_t *learn);

/*
 * A piece of the body, of which "len" bytes of the copy were there before:
 * NGX_OK: it is kept; NGX_DECLINED: the answer goes on, with these bytes before
 * the piece.
 */
ngx_int_t ngx_http_eiam_learn_hold_body(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, ngx_chain_t *in);

/* what was kept, as a chain, with the piece behind it; NULL: no memory */
ngx_chain_t *ngx_http_eiam_learn_hold_chain(ngx_http_request_t *r,
    ngx_http_eiam_learn_t *learn, size_t len, ngx_chain_t *in);


#endif /* _NGX_HTTP_EIAM_LEARN_HOLD_H_INCLUDED_ */
