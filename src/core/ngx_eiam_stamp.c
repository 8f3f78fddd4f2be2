
#include <ngx_eiam_stamp.h>


#define NGX_EIAM_STAMP_FRESH  2      /* s */


static uint64_t ngx_eiam_stamp_time(const struct timespec *time);


void
ngx_eiam_stamp(const ngx_str_t *name, ngx_eiam_stamp_t *stamp)
{
    ngx_file_info_t  fi;

    ngx_memzero(stamp, sizeof(ngx_eiam_stamp_t));

    if (ngx_file_info(name->data, &fi) == NGX_FILE_ERROR) {
        stamp->error = ngx_errno;
        return;
    }

    stamp->device = fi.st_dev;
    stamp->inode = fi.st_ino;
    stamp->size = fi.st_size;
    stamp->modified = ngx_eiam_stamp_time(&fi.st_mtim);
    stamp->changed = ngx_eiam_stamp_time(&fi.st_ctim);
}


static uint64_t
ngx_eiam_stamp_time(const struct timespec *time)
{
    return (uint64_t) time->tv_sec * 1000000000 + time->tv_nsec;
}


ngx_uint_t
ngx_eiam_stamp_is_fresh(const ngx_eiam_stamp_t *stamp)
{
    return stamp->error
           || (time_t) (stamp->changed / 1000000000) + NGX_EIAM_STAMP_FRESH
              > time(NULL);
}
