
#include <ngx_eiam_random.h>

#include <openssl/rand.h>


ngx_int_t
ngx_eiam_random(void *p, size_t n)
{
    return (RAND_bytes(p, (int) n) == 1) ? NGX_OK : NGX_ERROR;
}
