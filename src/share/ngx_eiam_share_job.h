
/*
 * A job of this worker: commands to Redis, one after the other, with a pool of
 * its own.  A job belongs to no request, and ends by itself or with the worker.
 */


#ifndef _NGX_EIAM_SHARE_JOB_H_INCLUDED_
#define _NGX_EIAM_SHARE_JOB_H_INCLUDED_


#include <ngx_eiam_share.h>


/* the first member of each kind of job */

typedef struct {
    ngx_queue_t                queue;        /* of all jobs of the worker */
    ngx_pool_t                *pool;
    ngx_eiam_share_t          *share;
    ngx_eiam_redis_command_t   command;
} ngx_eiam_share_job_t;


/* size: bytes of the job, which are zeroed; NULL: no memory */
void *ngx_eiam_share_job_create(ngx_eiam_share_t *share, size_t size);

/*
 * Sends the next command, whose arguments and their number are set: NGX_OK;
 * NGX_DECLINED: the link is down.
 */
ngx_int_t ngx_eiam_share_job_send(ngx_eiam_share_job_t *job,
    ngx_eiam_redis_verb_e verb, ngx_eiam_redis_command_pt handler);

void ngx_eiam_share_job_destroy(ngx_eiam_share_job_t *job);

/* destroys all jobs, when the worker exits */
void ngx_eiam_share_job_exit(ngx_eiam_share_t *share);


#endif /* _NGX_EIAM_SHARE_JOB_H_INCLUDED_ */
