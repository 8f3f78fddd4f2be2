
/*
 * Included before each source by "make steps": a worker that takes the named
 * step ends there, while it holds the zone's lock.  EIAM_STEPS is the name of a
 * file of three 64-bit numbers: the steps taken so far, the step at which a
 * worker ends, and how many steps later another worker ends; 0: none.
 */


#ifndef _EIAM_STEPS_H_INCLUDED_
#define _EIAM_STEPS_H_INCLUDED_


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#define _FILE_OFFSET_BITS  64

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>


#define ngx_eiam_shared_step(shared)  eiam_step()


static inline void
eiam_step(void)
{
    int       fd;
    uint64_t  n[3];

    fd = getenv("EIAM_STEPS") ? open(getenv("EIAM_STEPS"), O_RDWR) : -1;
    if (fd == -1) {
        return;
    }

    if (pread(fd, n, sizeof(n), 0) == sizeof(n)) {

        n[0]++;

        if (pwrite(fd, n, sizeof(n[0]), 0) != sizeof(n[0])
            || n[0] == n[1] || (n[2] && n[0] == n[1] + n[2]))
        {
            (void) kill(getpid(), SIGKILL);
        }
    }

    (void) close(fd);
}


#endif /* _EIAM_STEPS_H_INCLUDED_ */
