
#include "fuzz.h"
#include <ngx_eiam_target.h>
#include <ngx_thread_pool.h>


static ngx_log_t    fuzz_log;
static ngx_cycle_t  fuzz_cycle = { .log = &fuzz_log };


/* what the module's core needs of the rest of nginx; the log is silent */

volatile ngx_cycle_t  *ngx_cycle = &fuzz_cycle;
ngx_pid_t              ngx_pid;
ngx_int_t              ngx_ncpu = 1;


/* sets up what nginx sets up before it reads its configuration */

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    ngx_pid = getpid();
    ngx_pagesize = 4096;
    ngx_pagesize_shift = 12;
    ngx_cacheline_size = 64;

    ngx_time_init();
    fuzz_time(FUZZ_NOW);

    ngx_slab_sizes_init();

    return (ngx_strerror_init() == NGX_OK && ngx_crc32_table_init() == NGX_OK)
           ? 0 : 1;
}


void
fuzz_time(time_t now)
{
    ngx_cached_time->sec = now;
    ngx_cached_time->msec = 0;
    ngx_current_msec = (ngx_msec_t) now * 1000;
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
}


void ngx_cdecl
ngx_conf_log_error(ngx_uint_t level, ngx_conf_t *cf, ngx_err_t err,
    const char *fmt, ...)
{
    abort();
}


char *
ngx_conf_set_flag_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    abort();
}


void
ngx_debug_point(void)
{
    abort();
}


ngx_thread_task_t *
ngx_thread_task_alloc(ngx_pool_t *pool, size_t size)
{
    abort();
}


void
fuzz_open(fuzz_input_t *input, const uint8_t *data, size_t size)
{
    input->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, &fuzz_log);
    input->text.data = malloc(size ? size : 1);

    if (input->pool == NULL || input->text.data == NULL) {
        abort();
    }

    input->text.len = size;
    memcpy(input->text.data, data, size);
}


void
fuzz_close(fuzz_input_t *input)
{
    free(input->text.data);
    ngx_destroy_pool(input->pool);
}


void
fuzz_document(ngx_eiam_document_t *document, const char *name,
    ngx_pool_t *pool)
{
    ngx_memzero(document, sizeof(ngx_eiam_document_t));

    document->name.data = (u_char *) name;
    document->name.len = ngx_strlen(name);
    document->pool = pool;
}


ngx_str_t
fuzz_take(ngx_str_t *rest, u_char byte)
{
    u_char     *p;
    ngx_str_t   text;

    text = *rest;
    p = rest->len ? memchr(rest->data, byte, rest->len) : NULL;

    if (p == NULL) {
        rest->data += rest->len;
        rest->len = 0;
        return text;
    }

    text.len = p - text.data;
    rest->data = p + 1;
    rest->len -= text.len + 1;

    return text;
}


void *
fuzz_charset(void)
{
    ngx_conf_t          cf;
    static ngx_pool_t  *pool;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, &fuzz_log);
    if (pool == NULL) {
        abort();
    }

    ngx_memzero(&cf, sizeof(ngx_conf_t));

    cf.pool = pool;
    cf.log = &fuzz_log;

    return ngx_eiam_target_charset(&cf);
}


void
fuzz_require(int holds, const char *what, const ngx_str_t *text)
{
    if (!holds) {
        fprintf(stderr, "does not hold: %s: \"%.*s\"\n", what,
                (int) text->len, (char *) text->data);
        abort();
    }
}
