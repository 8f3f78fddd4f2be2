
/*
 * Replies of Redis, whole and in pieces; what a Sentinel says, and how commands
 * are written.
 */

#include "ngx_eiam_unit.h"
#include <ngx_eiam_redis_command.h>
#include <ngx_eiam_redis_sentinel.h>


#define NGX_EIAM_UNIT_SHOWN  256                /* bytes of a reply as text */


typedef struct {
    ngx_str_t    bytes;
    const char  *shown;       /* NULL: refused; "": not complete yet */
} ngx_eiam_unit_reply_t;


static const ngx_eiam_unit_reply_t  ngx_eiam_unit_replies[] = {

    { ngx_string("+OK\r\n"), "+OK" },
    { ngx_string("-ERR no\r\n"), "-ERR no" },
    { ngx_string(":-9223372036854775807\r\n"), ":-9223372036854775807" },
    { ngx_string("$0\r\n\r\n"), "$" },
    { ngx_string("$4\r\na\r\nb\r\n"), "$a\r\nb" },
    { ngx_string("$-1\r\n"), "_" },
    { ngx_string("*-1\r\n"), "_" },
    { ngx_string("*0\r\n"), "[]" },
    { ngx_string("*2\r\n$1\r\na\r\n$-1\r\n"), "[$a,_]" },
    { ngx_string("*2\r\n*1\r\n:1\r\n*1\r\n-E\r\n"), "[[:1],[-E]]" },
    { ngx_string("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
      "[[[[[[[:1]]]]]]]" },
    { ngx_string("+a\r\n+b\r\n"), "+a+b" },

    { ngx_string(""), "" },
    { ngx_string("+OK\r"), "" },
    { ngx_string("$5\r\nabc"), "" },
    { ngx_string("*1\r\n"), "" },
    { ngx_string("*2000000000\r\n"), NULL },
    { ngx_string("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
                 ":1\r\n"), NULL },
    { ngx_string("HTTP/1.1 400 Bad Request\r\n"), NULL },
    { ngx_string("\r\n"), NULL },
    { ngx_string("*-2\r\n"), NULL },
    { ngx_string("$-2\r\n"), NULL },
    { ngx_string("*x\r\n"), NULL },
    { ngx_string(":1x\r\n"), NULL },
    { ngx_string("%1\r\n+a\r\n:1\r\n"), NULL },
    { ngx_string(">1\r\n+a\r\n"), NULL },
    { ngx_string("+OK\r\n%0\r\n"), NULL },

    { ngx_null_string, NULL }
};


static void ngx_eiam_unit_reply_split(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_reply_t *row);
static ngx_uint_t ngx_eiam_unit_reply_is(const ngx_eiam_unit_reply_t *row,
    size_t split, ngx_log_t *log);
static ngx_int_t ngx_eiam_unit_reply_read(ngx_eiam_redis_reader_t *reader,
    const u_char *data, size_t len, u_char **p);
static u_char *ngx_eiam_unit_reply_show(u_char *p,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_unit_reply_size(ngx_eiam_unit_t *unit, size_t len,
    ngx_int_t expected);
static void ngx_eiam_unit_reply_word(ngx_eiam_unit_t *unit, const char *text,
    const char *word);
static void ngx_eiam_unit_reply_master(ngx_eiam_unit_t *unit, const char *host,
    const char *port, const char *expected);
static void ngx_eiam_unit_reply_command(ngx_eiam_unit_t *unit);


void
ngx_eiam_unit_redis_reply(ngx_eiam_unit_t *unit)
{
    const ngx_eiam_unit_reply_t  *row;

    if (!ngx_eiam_redis_reply_supported()) {
        ngx_eiam_unit_ok(unit, 1, "2.4-8: not built with hiredis");
        return;
    }

    for (row = ngx_eiam_unit_replies; row->bytes.data; row++) {
        ngx_eiam_unit_reply_split(unit, row);
    }

    ngx_eiam_unit_reply_size(unit, 65536, NGX_OK);
    ngx_eiam_unit_reply_size(unit, 65537, NGX_ERROR);
    ngx_eiam_unit_reply_size(unit, 500000, NGX_ERROR);

    ngx_eiam_unit_reply_word(unit, "NOAUTH Authentication required.", "NOAUTH");
    ngx_eiam_unit_reply_word(unit, "READONLY", "READONLY");
    ngx_eiam_unit_reply_word(unit, "unknown {key}", "ERR");
    ngx_eiam_unit_reply_word(unit, "NO{key}", "ERR");
    ngx_eiam_unit_reply_word(unit, "", "ERR");

    ngx_eiam_unit_reply_master(unit, "10.0.0.1", "6379", "10.0.0.1:6379 1");
    ngx_eiam_unit_reply_master(unit, "::1", "1", "[::1]:1 1");
    ngx_eiam_unit_reply_master(unit, "redis-1.example", "65535",
                               "redis-1.example:65535 0");
    ngx_eiam_unit_reply_master(unit, "10.0.0.1", "0", NULL);
    ngx_eiam_unit_reply_master(unit, "10.0.0.1", "65536", NULL);
    ngx_eiam_unit_reply_master(unit, "10.0.0.1", "", NULL);
    ngx_eiam_unit_reply_master(unit, "", "6379", NULL);
    ngx_eiam_unit_reply_master(unit, "a b", "6379", NULL);
    ngx_eiam_unit_reply_master(unit, "a\n", "6379", NULL);

    ngx_eiam_unit_reply_command(unit);
}


/* in two pieces, at each byte; and byte by byte */

static void
ngx_eiam_unit_reply_split(ngx_eiam_unit_t *unit,
    const ngx_eiam_unit_reply_t *row)
{
    size_t      i;
    ngx_uint_t  ok;

    ok = 1;

    for (i = 0; i <= row->bytes.len; i++) {
        ok &= ngx_eiam_unit_reply_is(row, i, unit->pool->log);
    }

    ok &= ngx_eiam_unit_reply_is(row, (size_t) -1, unit->pool->log);

    ngx_eiam_unit_ok(unit, ok, "2.4-1: reply %ui, split at every byte: %s",
                     (ngx_uint_t) (row - ngx_eiam_unit_replies),
                     row->shown == NULL ? "refused"
                     : *row->shown ? "read" : "not complete");
}


static ngx_uint_t
ngx_eiam_unit_reply_is(const ngx_eiam_unit_reply_t *row, size_t split,
    ngx_log_t *log)
{
    u_char                   *p, shown[NGX_EIAM_UNIT_SHOWN];
    size_t                    i;
    ngx_int_t                 rc;
    ngx_eiam_redis_reader_t  *reader;

    p = shown;
    rc = NGX_OK;

    reader = ngx_eiam_redis_reply_create_reader(log);
    if (reader == NULL) {
        return 0;
    }

    if (split == (size_t) -1) {

        for (i = 0; i < row->bytes.len && rc == NGX_OK; i++) {
            rc = ngx_eiam_unit_reply_read(reader, &row->bytes.data[i], 1, &p);
        }

    } else {
        rc = ngx_eiam_unit_reply_read(reader, row->bytes.data, split, &p);

        if (rc == NGX_OK) {
            rc = ngx_eiam_unit_reply_read(reader, row->bytes.data + split,
                                          row->bytes.len - split, &p);
        }
    }

    ngx_eiam_redis_reply_destroy_reader(reader);

    if (row->shown == NULL) {
        return rc == NGX_ERROR;
    }

    return rc == NGX_OK && (size_t) (p - shown) == ngx_strlen(row->shown)
           && ngx_memcmp(shown, row->shown, p - shown) == 0;
}


static ngx_int_t
ngx_eiam_unit_reply_read(ngx_eiam_redis_reader_t *reader, const u_char *data,
    size_t len, u_char **p)
{
    ngx_int_t                rc;
    ngx_eiam_redis_reply_t  *reply;

    if (ngx_eiam_redis_reply_feed(reader, data, len) != NGX_OK) {
        return NGX_ERROR;
    }

    while ((rc = ngx_eiam_redis_reply_next(reader, &reply)) == NGX_OK) {
        *p = ngx_eiam_unit_reply_show(*p, reply);
    }

    return (rc == NGX_AGAIN) ? NGX_OK : NGX_ERROR;
}


static u_char *
ngx_eiam_unit_reply_show(u_char *p, const ngx_eiam_redis_reply_t *reply)
{
    ngx_uint_t  i;

    switch (reply->type) {

    case NGX_EIAM_REDIS_STATUS:
        return ngx_sprintf(p, "+%V", &reply->text);

    case NGX_EIAM_REDIS_ERROR:
        return ngx_sprintf(p, "-%V", &reply->text);

    case NGX_EIAM_REDIS_STRING:
        return ngx_sprintf(p, "$%V", &reply->text);

    case NGX_EIAM_REDIS_INTEGER:
        return ngx_sprintf(p, ":%L", reply->integer);

    case NGX_EIAM_REDIS_NIL:
        *p++ = '_';
        return p;

    default: /* NGX_EIAM_REDIS_ARRAY */
        *p++ = '[';

        for (i = 0; i < reply->nelts; i++) {

            if (i) {
                *p++ = ',';
            }

            p = ngx_eiam_unit_reply_show(p, &reply->elts[i]);
        }

        *p++ = ']';
        return p;
    }
}


/* an element of this size, in pieces of 16 KB as from a connection */

static void
ngx_eiam_unit_reply_size(ngx_eiam_unit_t *unit, size_t len, ngx_int_t expected)
{
    u_char                   *text, *p, *last;
    size_t                    n;
    ngx_int_t                 rc;
    ngx_eiam_redis_reply_t   *reply;
    ngx_eiam_redis_reader_t  *reader;

    text = ngx_pnalloc(unit->pool, len + 64);
    reader = ngx_eiam_redis_reply_create_reader(unit->pool->log);

    if (text == NULL || reader == NULL) {
        ngx_eiam_unit_ok(unit, 0, "no memory");
        return;
    }

    p = ngx_sprintf(text, "*1\r\n$%uz\r\n", len);
    ngx_memset(p, 'x', len);
    last = ngx_sprintf(p + len, "\r\n");

    rc = NGX_AGAIN;

    for (p = text; p < last && rc == NGX_AGAIN; p += n) {
        n = ngx_min(last - p, 16 * 1024);
        rc = ngx_eiam_redis_reply_feed(reader, p, n);

        if (rc == NGX_OK) {
            rc = ngx_eiam_redis_reply_next(reader, &reply);
        }
    }

    ngx_eiam_unit_ok(unit, rc == expected, "2.4-1: an element of %uz bytes is "
                     "%s", len, expected == NGX_OK ? "read" : "refused");

    ngx_eiam_redis_reply_destroy_reader(reader);
}


static void
ngx_eiam_unit_reply_word(ngx_eiam_unit_t *unit, const char *text,
    const char *word)
{
    ngx_str_t               found;
    ngx_eiam_redis_reply_t  reply;

    ngx_memzero(&reply, sizeof(ngx_eiam_redis_reply_t));

    reply.type = NGX_EIAM_REDIS_ERROR;
    reply.text.data = (u_char *) text;
    reply.text.len = ngx_strlen(text);

    found = ngx_eiam_redis_reply_error_word(&reply);

    ngx_eiam_unit_ok(unit, found.len == ngx_strlen(word)
                           && ngx_memcmp(found.data, word, found.len) == 0
                           && ngx_eiam_redis_reply_is_error(&reply, word),
                     "2.4-1: the error \"%s\" may be told as \"%s\"", text,
                     word);
}


static void
ngx_eiam_unit_reply_master(ngx_eiam_unit_t *unit, const char *host,
    const char *port, const char *expected)
{
    u_char                   *p, shown[NGX_EIAM_UNIT_SHOWN];
    ngx_int_t                 rc;
    ngx_eiam_redis_reply_t    reply, elts[2];
    ngx_eiam_redis_master_t   master;

    ngx_memzero(&reply, sizeof(ngx_eiam_redis_reply_t));
    ngx_memzero(elts, sizeof(elts));

    reply.type = NGX_EIAM_REDIS_ARRAY;
    reply.nelts = 2;
    reply.elts = elts;

    elts[0].type = NGX_EIAM_REDIS_STRING;
    elts[0].text.data = (u_char *) host;
    elts[0].text.len = ngx_strlen(host);

    elts[1].type = NGX_EIAM_REDIS_STRING;
    elts[1].text.data = (u_char *) port;
    elts[1].text.len = ngx_strlen(port);

    rc = ngx_eiam_redis_sentinel_read(&reply, &master);

    if (expected && rc == NGX_OK) {
        p = ngx_sprintf(shown, "%V %ui%Z", &master.address.name,
                        master.address.naddrs);
        rc = (ngx_strcmp(shown, expected) == 0 && p) ? NGX_OK : NGX_ABORT;
    }

    ngx_eiam_unit_ok(unit, rc == (expected ? NGX_OK : NGX_ERROR),
                     "2.4-1: a Sentinel names \"%s\", port \"%s\"", host, port);
}


static void
ngx_eiam_unit_reply_command(ngx_eiam_unit_t *unit)
{
    u_char                    *p, text[NGX_EIAM_UNIT_SHOWN];
    ngx_eiam_redis_command_t   command;

    static const char       expected[] =
                        "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n";
    static const ngx_str_t  args[] = { ngx_string("a\r\nb"),
                                       ngx_string("") };

    ngx_memzero(&command, sizeof(ngx_eiam_redis_command_t));

    command.verb = NGX_EIAM_REDIS_SET;
    command.args = args;
    command.nargs = 2;

    p = ngx_eiam_redis_command_write(text, &command);

    ngx_eiam_unit_ok(unit, (size_t) (p - text) == sizeof(expected) - 1
                           && ngx_memcmp(text, expected, p - text) == 0
                           && ngx_eiam_redis_command_size(&command)
                              >= sizeof(expected) - 1,
                     "2.4-1: no argument of a command can be a second command");
}
