
#include <ngx_eiam_redis_reply.h>
#include <ngx_eiam_string.h>


#define NGX_EIAM_REDIS_WORD_MAX  32      /* bytes of the first word of errors */


#if (NGX_EIAM_HAVE_REDIS)

#include <hiredis/hiredis.h>


#define NGX_EIAM_REDIS_DEPTH_MAX  7      /* arrays in arrays */


#if (HIREDIS_MAJOR >= 1)
typedef size_t  ngx_eiam_redis_nelts_t;
#else
typedef int     ngx_eiam_redis_nelts_t;
#endif


struct ngx_eiam_redis_reader_s {
    redisReader              *hiredis;
    ngx_pool_t               *pool;       /* of the reply that is read */
    ngx_eiam_redis_reply_t    root;
    size_t                    size;       /* of its memory */
    ngx_uint_t                done;       /* of those, returned */
};


static ngx_eiam_redis_reply_t *ngx_eiam_redis_reply_of(
    const redisReadTask *task, ngx_eiam_redis_type_e type);
static void *ngx_eiam_redis_reply_alloc(ngx_eiam_redis_reader_t *reader,
    size_t size);
static void *ngx_eiam_redis_reply_string(const redisReadTask *task, char *text,
    size_t len);
static void *ngx_eiam_redis_reply_array(const redisReadTask *task,
    ngx_eiam_redis_nelts_t nelts);
static void *ngx_eiam_redis_reply_integer(const redisReadTask *task,
    long long integer);
static void *ngx_eiam_redis_reply_nil(const redisReadTask *task);
static void ngx_eiam_redis_reply_free(void *reply);
#if (HIREDIS_MAJOR >= 1)
static void *ngx_eiam_redis_reply_double(const redisReadTask *task,
    double value, char *text, size_t len);
static void *ngx_eiam_redis_reply_bool(const redisReadTask *task, int value);
#endif


static redisReplyObjectFunctions  ngx_eiam_redis_reply_functions = {
    .createString = ngx_eiam_redis_reply_string,
    .createArray = ngx_eiam_redis_reply_array,
    .createInteger = ngx_eiam_redis_reply_integer,
#if (HIREDIS_MAJOR >= 1)
    .createDouble = ngx_eiam_redis_reply_double,
    .createBool = ngx_eiam_redis_reply_bool,
#endif
    .createNil = ngx_eiam_redis_reply_nil,
    .freeObject = ngx_eiam_redis_reply_free
};


ngx_uint_t
ngx_eiam_redis_reply_supported(void)
{
    return 1;
}


ngx_eiam_redis_reader_t *
ngx_eiam_redis_reply_create_reader(ngx_log_t *log)
{
    ngx_eiam_redis_reader_t  *reader;

    reader = ngx_calloc(sizeof(ngx_eiam_redis_reader_t), log);
    if (reader == NULL) {
        return NULL;
    }

    reader->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, log);
    reader->hiredis =
                redisReaderCreateWithFunctions(&ngx_eiam_redis_reply_functions);

    if (reader->pool == NULL || reader->hiredis == NULL) {
        ngx_eiam_redis_reply_destroy_reader(reader);
        return NULL;
    }

    reader->hiredis->privdata = reader;

    return reader;
}


void
ngx_eiam_redis_reply_destroy_reader(ngx_eiam_redis_reader_t *reader)
{
    if (reader == NULL) {
        return;
    }

    if (reader->hiredis) {
        redisReaderFree(reader->hiredis);
    }

    if (reader->pool) {
        ngx_destroy_pool(reader->pool);
    }

    ngx_free(reader);
}


ngx_int_t
ngx_eiam_redis_reply_feed(ngx_eiam_redis_reader_t *reader, const u_char *data,
    size_t len)
{
    return redisReaderFeed(reader->hiredis, (const char *) data, len)
           == REDIS_OK ? NGX_OK : NGX_ERROR;
}


/* hiredis buffers an element until it is complete */

ngx_int_t
ngx_eiam_redis_reply_next(ngx_eiam_redis_reader_t *reader,
    ngx_eiam_redis_reply_t **reply)
{
    void         *object;
    redisReader  *hiredis;

    hiredis = reader->hiredis;
    object = NULL;

    if (reader->done) {
        ngx_reset_pool(reader->pool);
        ngx_memzero(&reader->root, sizeof(ngx_eiam_redis_reply_t));
        reader->size = 0;
        reader->done = 0;
    }

    if (redisReaderGetReply(hiredis, &object) != REDIS_OK) {
        return NGX_ERROR;
    }

    if (object == NULL) {
        return (hiredis->len - hiredis->pos
                > NGX_EIAM_REDIS_TEXT_MAX + NGX_EIAM_REDIS_WORD_MAX)
               ? NGX_ERROR : NGX_AGAIN;
    }

    reader->done = 1;
    *reply = &reader->root;

    return NGX_OK;
}


/* the element to fill: its array has allocated it */

static ngx_eiam_redis_reply_t *
ngx_eiam_redis_reply_of(const redisReadTask *task, ngx_eiam_redis_type_e type)
{
    ngx_eiam_redis_reply_t   *reply, *array;
    ngx_eiam_redis_reader_t  *reader;

    reader = task->privdata;
    reply = &reader->root;

    if (task->parent) {
        array = task->parent->obj;
        reply = &array->elts[task->idx];
    }

    reply->type = type;

    return reply;
}


/* NULL makes hiredis stop with an error */

static void *
ngx_eiam_redis_reply_alloc(ngx_eiam_redis_reader_t *reader, size_t size)
{
    if (size > NGX_EIAM_REDIS_REPLY_MAX - reader->size) {
        return NULL;
    }

    reader->size += size;

    return ngx_palloc(reader->pool, size ? size : 1);
}


static void *
ngx_eiam_redis_reply_string(const redisReadTask *task, char *text, size_t len)
{
    ngx_eiam_redis_type_e    type;
    ngx_eiam_redis_reply_t  *reply;

    switch (task->type) {

    case REDIS_REPLY_STRING:
        type = NGX_EIAM_REDIS_STRING;
        break;

    case REDIS_REPLY_STATUS:
        type = NGX_EIAM_REDIS_STATUS;
        break;

    case REDIS_REPLY_ERROR:
        type = NGX_EIAM_REDIS_ERROR;
        break;

    default: /* RESP3 */
        return NULL;
    }

    if (len > NGX_EIAM_REDIS_TEXT_MAX) {
        return NULL;
    }

    reply = ngx_eiam_redis_reply_of(task, type);

    reply->text.len = len;
    reply->text.data = ngx_eiam_redis_reply_alloc(task->privdata, len);

    if (reply->text.data == NULL) {
        return NULL;
    }

    ngx_memcpy(reply->text.data, text, len);

    return reply;
}


static void *
ngx_eiam_redis_reply_array(const redisReadTask *task,
    ngx_eiam_redis_nelts_t nelts)
{
    size_t                   size;
    ngx_uint_t               depth;
    const redisReadTask     *above;
    ngx_eiam_redis_reply_t  *reply;

    depth = 0;

    for (above = task->parent; above; above = above->parent) {
        depth++;
    }

    /* other types are those of RESP3 */

    if (task->type != REDIS_REPLY_ARRAY
        || depth >= NGX_EIAM_REDIS_DEPTH_MAX
        || (size_t) nelts > NGX_EIAM_REDIS_REPLY_MAX
                            / sizeof(ngx_eiam_redis_reply_t))
    {
        return NULL;
    }

    reply = ngx_eiam_redis_reply_of(task, NGX_EIAM_REDIS_ARRAY);

    size = nelts * sizeof(ngx_eiam_redis_reply_t);
    reply->nelts = nelts;
    reply->elts = ngx_eiam_redis_reply_alloc(task->privdata, size);

    if (reply->elts == NULL) {
        return NULL;
    }

    ngx_memzero(reply->elts, size);

    return reply;
}


static void *
ngx_eiam_redis_reply_integer(const redisReadTask *task, long long integer)
{
    ngx_eiam_redis_reply_t  *reply;

    reply = ngx_eiam_redis_reply_of(task, NGX_EIAM_REDIS_INTEGER);
    reply->integer = integer;

    return reply;
}


static void *
ngx_eiam_redis_reply_nil(const redisReadTask *task)
{
    return ngx_eiam_redis_reply_of(task, NGX_EIAM_REDIS_NIL);
}


/* the pool frees it */

static void
ngx_eiam_redis_reply_free(void *reply)
{
}


#if (HIREDIS_MAJOR >= 1)

static void *
ngx_eiam_redis_reply_double(const redisReadTask *task, double value,
    char *text, size_t len)
{
    return NULL;
}


static void *
ngx_eiam_redis_reply_bool(const redisReadTask *task, int value)
{
    return NULL;
}

#endif

#else /* !NGX_EIAM_HAVE_REDIS */

ngx_uint_t
ngx_eiam_redis_reply_supported(void)
{
    return 0;
}


ngx_eiam_redis_reader_t *
ngx_eiam_redis_reply_create_reader(ngx_log_t *log)
{
    return NULL;
}


void
ngx_eiam_redis_reply_destroy_reader(ngx_eiam_redis_reader_t *reader)
{
}


ngx_int_t
ngx_eiam_redis_reply_feed(ngx_eiam_redis_reader_t *reader, const u_char *data,
    size_t len)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_eiam_redis_reply_next(ngx_eiam_redis_reader_t *reader,
    ngx_eiam_redis_reply_t **reply)
{
    return NGX_ERROR;
}

#endif


ngx_uint_t
ngx_eiam_redis_reply_is_error(const ngx_eiam_redis_reply_t *reply,
    const char *word)
{
    ngx_str_t  first;

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_ERROR) {
        return 0;
    }

    first = ngx_eiam_redis_reply_error_word(reply);

    return first.len == ngx_strlen(word)
           && ngx_memcmp(first.data, word, first.len) == 0;
}


ngx_uint_t
ngx_eiam_redis_reply_is(const ngx_eiam_redis_reply_t *reply, const char *text)
{
    return reply
           && (reply->type == NGX_EIAM_REDIS_STATUS
               || reply->type == NGX_EIAM_REDIS_STRING)
           && reply->text.len == ngx_strlen(text)
           && ngx_memcmp(reply->text.data, text, reply->text.len) == 0;
}


ngx_uint_t
ngx_eiam_redis_reply_has_values(const ngx_eiam_redis_reply_t *reply,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_ARRAY
        || reply->nelts != n)
    {
        return 0;
    }

    for (i = 0; i < n; i++) {

        if (reply->elts[i].type != NGX_EIAM_REDIS_STRING
            && reply->elts[i].type != NGX_EIAM_REDIS_NIL)
        {
            return 0;
        }
    }

    return 1;
}


ngx_str_t
ngx_eiam_redis_reply_error_word(const ngx_eiam_redis_reply_t *reply)
{
    size_t     len;
    ngx_str_t  word;

    ngx_str_set(&word, "ERR");

    if (reply == NULL || reply->type != NGX_EIAM_REDIS_ERROR) {
        return word;
    }

    for (len = 0; len < reply->text.len; len++) {

        if (reply->text.data[len] < 'A' || reply->text.data[len] > 'Z') {
            break;
        }
    }

    if (len && len <= NGX_EIAM_REDIS_WORD_MAX
        && (len == reply->text.len || reply->text.data[len] == ' '))
    {
        word.len = len;
        word.data = reply->text.data;
    }

    return word;
}
