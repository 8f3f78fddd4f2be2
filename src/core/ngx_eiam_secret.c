
#include <ngx_eiam_secret.h>


static ngx_int_t ngx_eiam_secret_read_fd(ngx_pool_t *pool, ngx_fd_t fd,
    ngx_eiam_secret_t *secret);


ngx_int_t
ngx_eiam_secret_read(ngx_pool_t *pool, const ngx_str_t *name,
    ngx_eiam_secret_t *secret)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    ngx_memzero(secret, sizeof(ngx_eiam_secret_t));

    /* a FIFO would block without this */
    fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        secret->err = ngx_errno;
        secret->fault = "cannot be opened";
        return NGX_ERROR;
    }

    rc = ngx_eiam_secret_read_fd(pool, fd, secret);

    (void) ngx_close_file(fd);

    return rc;
}


static ngx_int_t
ngx_eiam_secret_read_fd(ngx_pool_t *pool, ngx_fd_t fd,
    ngx_eiam_secret_t *secret)
{
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        secret->fault = "is not a regular file";
        return NGX_ERROR;
    }

    secret->others = (fi.st_mode & S_IROTH) != 0;

    secret->text.data = ngx_pnalloc(pool, NGX_EIAM_SECRET_MAX + 1);
    if (secret->text.data == NULL) {
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, secret->text.data, NGX_EIAM_SECRET_MAX + 1);

    if (n < 0) {
        secret->err = ngx_errno;
        secret->fault = "cannot be read";
        return NGX_ERROR;
    }

    if (n > NGX_EIAM_SECRET_MAX) {
        secret->fault = "is larger than 4096 bytes";
        return NGX_ERROR;
    }

    secret->text.len = n;

    return NGX_OK;
}
