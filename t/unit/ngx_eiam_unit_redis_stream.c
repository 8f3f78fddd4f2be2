/* Entries of a stream: what is one, and what is not. */

#include "ngx_eiam_unit.h"
#include <ngx_eiam_redis_stream.h>


#define NGX_EIAM_UNIT_STREAM_DEPTH  8


static ngx_uint_t ngx_eiam_unit_redis_stream_count(const char *text,
    ngx_uint_t entries);
static void ngx_eiam_unit_redis_stream_parse(const char **p,
    ngx_eiam_redis_reply_t *reply, ngx_eiam_redis_reply_t **unused);


/* replies in short: s(tring), n(il), i(nteger), [array] */

void
ngx_eiam_unit_redis_stream(ngx_eiam_unit_t *unit)
{
    ngx_uint_t  i, wrong;

    static const char  *bad[] = {
        "i", "s5-1", "[]", "[[]]", "[[skey]]", "[[skey,n]]", "[[skey,s]]",
        "[i]", "[[skey,[],s]]", "[[skey,[]],[skey,[]]]", NULL
    };

    wrong = 0;

    for (i = 0; bad[i]; i++) {
        wrong += ngx_eiam_unit_redis_stream_count(bad[i], 0)
                 != (ngx_uint_t) -1;
    }

    ngx_eiam_unit_ok(unit, wrong == 0 && i == 10,
                     "2.4-C: an answer of another form is none");
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_redis_stream_count("n", 0) == 0
                     && ngx_eiam_unit_redis_stream_count("[[skey,[]]]", 0)
                        == 0,
                     "there may be no entries");
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_redis_stream_count(
                         "[[skey,[[s5-1,[se,sx]],[s5-2,[se,sy]]]]]", 2)
                     == 2,
                     "2.4-C: each entry has a position and a value");
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_redis_stream_count(
                         "[[skey,[[s5-1,[sf,sx]],[s5-2,[se,sy,sf,sz]],"
                         "[s5-3,n],[s5-4,[se]],[s5-5,[se,i]]]]]", 0)
                     == 5,
                     "2.4-C: one of another form has no value, but a position");
    ngx_eiam_unit_ok(unit,
                     ngx_eiam_unit_redis_stream_count(
                         "[[skey,[[s5-1,[se,sx]],[s5,[se,sy]]]]]", 1)
                     == (ngx_uint_t) -1,
                     "one without a position is no entry");
}


/* how many there are, if so many have values; or -1 */

static ngx_uint_t
ngx_eiam_unit_redis_stream_count(const char *text, ngx_uint_t values)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i, found;
    ngx_eiam_redis_entry_t         entry;
    ngx_eiam_redis_reply_t         replies[256], *unused;
    const ngx_eiam_redis_reply_t  *entries;

    unused = &replies[1];
    ngx_eiam_unit_redis_stream_parse(&text, &replies[0], &unused);

    rc = ngx_eiam_redis_stream_entries(&replies[0], &entries);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? 0 : (ngx_uint_t) -1;
    }

    found = 0;

    for (i = 0; i < entries->nelts; i++) {

        if (ngx_eiam_redis_stream_entry(&entries->elts[i], &entry) != NGX_OK
            || entry.position.msec != 5 || entry.position.sequence != i + 1)
        {
            return (ngx_uint_t) -1;
        }

        found += entry.value.len != 0;
    }

    return (found == values) ? entries->nelts : (ngx_uint_t) -1;
}


static void
ngx_eiam_unit_redis_stream_parse(const char **p,
    ngx_eiam_redis_reply_t *reply, ngx_eiam_redis_reply_t **unused)
{
    const char  *start;

    ngx_memzero(reply, sizeof(ngx_eiam_redis_reply_t));

    switch (*(*p)++) {

    case 's':
        start = *p;

        while (**p && **p != ',' && **p != ']') {
            (*p)++;
        }

        reply->type = NGX_EIAM_REDIS_STRING;
        reply->text.data = (u_char *) start;
        reply->text.len = *p - start;
        return;

    case '[':
        reply->type = NGX_EIAM_REDIS_ARRAY;
        reply->elts = *unused;
        *unused += NGX_EIAM_UNIT_STREAM_DEPTH;

        while (**p != ']') {
            ngx_eiam_unit_redis_stream_parse(p, &reply->elts[reply->nelts++],
                                             unused);
            *p += (**p == ',');
        }

        (*p)++;
        return;

    case 'i':
        reply->type = NGX_EIAM_REDIS_INTEGER;
        return;

    default:
        reply->type = NGX_EIAM_REDIS_NIL;
    }
}
