
#include <ngx_eiam_share_job.h>


#define NGX_EIAM_SHARE_POOL  4096      /* bytes; more if a job needs it */


void *
ngx_eiam_share_job_create(ngx_eiam_share_t *share, size_t size)
{
    ngx_pool_t            *pool;
    ngx_eiam_share_job_t  *job;

    pool = ngx_create_pool(NGX_EIAM_SHARE_POOL, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    job = ngx_pcalloc(pool, size);
    if (job == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    job->pool = pool;
    job->share = share;
    job->command.data = job;

    ngx_queue_insert_tail(&share->jobs, &job->queue);

    return job;
}


ngx_int_t
ngx_eiam_share_job_send(ngx_eiam_share_job_t *job, ngx_eiam_redis_verb_e verb,
    ngx_eiam_redis_command_pt handler)
{
    job->command.verb = verb;
    job->command.handler = handler;
    job->command.timeout = NGX_EIAM_SHARE_TIMEOUT;

    if (!ngx_eiam_share_is_ready(job->share)) {
        return NGX_DECLINED;
    }

    return ngx_eiam_redis_link_send(job->share->link, &job->command);
}


void
ngx_eiam_share_job_destroy(ngx_eiam_share_job_t *job)
{
    ngx_eiam_redis_command_detach(&job->command);

    ngx_queue_remove(&job->queue);
    ngx_destroy_pool(job->pool);
}


void
ngx_eiam_share_job_exit(ngx_eiam_share_t *share)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&share->jobs)) {

        q = ngx_queue_head(&share->jobs);

        ngx_eiam_share_job_destroy(ngx_queue_data(q, ngx_eiam_share_job_t,
                                                  queue));
    }
}
