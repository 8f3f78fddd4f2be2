
/*
 * Answers of Redis.  Any bytes are replies, or the beginning of a reply, or
 * malformed; read in pieces they yield the same replies.  A master that a
 * Sentinel names can be logged.  The first byte says where the rest is split.
 */

#include "fuzz.h"
#include <ngx_eiam_redis_reply.h>
#include <ngx_eiam_redis_sentinel.h>


static uint64_t reply_read(const u_char *data, size_t len, size_t split,
    ngx_int_t *rc);
static uint64_t reply_sum(const ngx_eiam_redis_reply_t *reply, uint64_t sum);
static void reply_master(const ngx_eiam_redis_reply_t *reply);


static ngx_log_t  reply_log;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t   whole, pieces;
    ngx_int_t  one, two;

    if (size == 0) {
        return 0;
    }

    whole = reply_read(data + 1, size - 1, size - 1, &one);
    pieces = reply_read(data + 1, size - 1, data[0] % size, &two);

    if (one != two || (one != NGX_ERROR && whole != pieces)) {
        abort();
    }

    return 0;
}


static uint64_t
reply_read(const u_char *data, size_t len, size_t split, ngx_int_t *rc)
{
    uint64_t                  sum;
    ngx_uint_t                i;
    ngx_eiam_redis_reply_t   *reply;
    ngx_eiam_redis_reader_t  *reader;

    sum = 0;
    *rc = NGX_AGAIN;

    reader = ngx_eiam_redis_reply_create_reader(&reply_log);
    if (reader == NULL) {
        abort();
    }

    for (i = 0; i < 2 && *rc == NGX_AGAIN; i++) {

        if (ngx_eiam_redis_reply_feed(reader, i ? data + split : data,
                                      i ? len - split : split)
            != NGX_OK)
        {
            abort();
        }

        while ((*rc = ngx_eiam_redis_reply_next(reader, &reply)) == NGX_OK) {
            sum = reply_sum(reply, sum);
            reply_master(reply);
        }
    }

    ngx_eiam_redis_reply_destroy_reader(reader);

    return sum;
}


static uint64_t
reply_sum(const ngx_eiam_redis_reply_t *reply, uint64_t sum)
{
    ngx_str_t   word;
    ngx_uint_t  i;

    sum = sum * 31 + reply->type;
    sum = sum * 31 + (uint64_t) reply->integer;

    for (i = 0; i < reply->text.len; i++) {
        sum = sum * 31 + reply->text.data[i];
    }

    for (i = 0; i < reply->nelts; i++) {
        sum = reply_sum(&reply->elts[i], sum);
    }

    word = ngx_eiam_redis_reply_error_word(reply);

    for (i = 0; i < word.len; i++) {

        if (word.data[i] < 'A' || word.data[i] > 'Z') {
            abort();
        }
    }

    return sum;
}


static void
reply_master(const ngx_eiam_redis_reply_t *reply)
{
    ngx_uint_t               i;
    ngx_str_t               *name;
    ngx_eiam_redis_master_t  master;

    if (ngx_eiam_redis_sentinel_read(reply, &master) != NGX_OK) {
        return;
    }

    name = &master.address.name;

    for (i = 0; i < name->len; i++) {

        if (name->data[i] <= ' ' || name->data[i] >= 0x7f) {
            abort();
        }
    }
}
