
#include <ngx_eiam_stamp.h>


#define NGX_EIAM_STAMP_SECOND       1000000000      /* ns */
#define NGX_EIAM_STAMP_STEP         100             /* ms */
#define NGX_EIAM_STAMP_COARSE_STEP  2000            /* ms, that of FAT */


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
    return (uint64_t) time->tv_sec * NGX_EIAM_STAMP_SECOND + time->tv_nsec;
}


ngx_msec_t
ngx_eiam_stamp_step(const ngx_eiam_stamp_t *stamp)
{
    return (stamp->changed % NGX_EIAM_STAMP_SECOND == 0)
           ? NGX_EIAM_STAMP_COARSE_STEP : NGX_EIAM_STAMP_STEP;
}


/* a time of the future is that of another clock, and says nothing */

ngx_uint_t
ngx_eiam_stamp_is_old(const ngx_eiam_stamp_t *stamp)
{
    uint64_t         now;
    struct timespec  ts;

    if (stamp->error || clock_gettime(CLOCK_REALTIME, &ts) != 0) {
        return 0;
    }

    now = ngx_eiam_stamp_time(&ts);

    return now > stamp->changed
           && (now - stamp->changed) / 1000000 >= ngx_eiam_stamp_step(stamp);
}
