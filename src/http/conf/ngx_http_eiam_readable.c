
#include <ngx_http_eiam_readable.h>


static ngx_int_t ngx_http_eiam_readable_as(const ngx_core_conf_t *ccf,
    const ngx_str_t *name);
static ngx_int_t ngx_http_eiam_readable_open(const ngx_str_t *name);


ngx_int_t
ngx_http_eiam_readable(ngx_cycle_t *cycle, const ngx_str_t *name)
{
    int               n;
    gid_t            *groups, gid;
    ngx_int_t         rc;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    /* otherwise the workers are who the master is */

    if (geteuid() != 0 || ccf->user == 0
        || ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT)
    {
        return NGX_OK;
    }

    gid = getegid();
    n = getgroups(0, NULL);

    groups = ngx_alloc((n + 1) * sizeof(gid_t), cycle->log);

    if (groups == NULL || getgroups(n, groups) != n) {
        ngx_free(groups);
        return NGX_ENOMEM;
    }

    rc = ngx_http_eiam_readable_as(ccf, name);

    if (setegid(gid) == -1 || setgroups(n, groups) == -1) {
        rc = ngx_errno;
    }

    ngx_free(groups);

    return rc;
}


/* the rights that ngx_worker_process_init() gives to a worker, for a moment */

static ngx_int_t
ngx_http_eiam_readable_as(const ngx_core_conf_t *ccf, const ngx_str_t *name)
{
    ngx_int_t  rc;

    if (initgroups(ccf->username, ccf->group) == -1
        || setegid(ccf->group) == -1 || seteuid(ccf->user) == -1)
    {
        return ngx_errno;
    }

    rc = ngx_http_eiam_readable_open(name);

    return (seteuid(0) == -1) ? ngx_errno : rc;
}


static ngx_int_t
ngx_http_eiam_readable_open(const ngx_str_t *name)
{
    ngx_fd_t  fd;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        return ngx_errno;
    }

    (void) ngx_close_file(fd);

    return NGX_OK;
}
