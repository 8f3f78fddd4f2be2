/*
 * The load generator of bench/gate: HTTP/1.1 over kept connections, each with
 * one request under way, as fast as they are answered or at a fixed rate.
 *
 *     load port[,port] request tokens connections seconds rate requests
 *
 * Of two gateways one is loaded at a time, in turns of 20 ms, so that whatever
 * else the machine does affects both alike.  "request" is a file with one
 * request, in which "@" stands for the token.  "tokens" is a file with one
 * token in each line, used in turn (beginning with any of them, or with the
 * first one if the number of requests is limited), or "new" for tokens that
 * never recur.  A rate of 0 is no rate, and 0 requests are no limit.
 *
 * With a rate, a request counts from the moment at which it was due, even if no
 * connection was free then.  Percentiles are taken over 20 ms, and the median
 * of these counts: over longer times, a machine that stands still for some
 * milliseconds now and then, as virtual ones do, would determine the 99th
 * percentile.
 *
 * Prints a JSON array with an object for each port; times are in microseconds.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_REQUEST  8192
#define MAX_ANSWER   65536
#define MAX_SAMPLES  (1 << 20)     /* of a slice */
#define MAX_SLICES   4096
#define SLICE        20000000      /* ns */
#define GRACE        1000000000    /* ns: for the last answers of a slice */
#define FOREVER      UINT64_MAX

typedef struct side_s  side_t;

typedef struct {
    side_t   *side;
    int       fd;
    int       busy;
    uint64_t  since;
    size_t    have;
    char      in[MAX_ANSWER + 1];
} conn_t;

/* A gateway, and what became of the requests. */

struct side_s {
    struct sockaddr_in  address;
    conn_t             *conns;
    int                 busy;          /* of them */
    int                 from;          /* the next one to use */
    size_t              turn;          /* tokens so far */
    size_t              done;
    uint64_t            time;          /* ns */
    unsigned            by_status[1000];
    uint64_t            reconnects;
    uint32_t           *sample;        /* of this slice */
    size_t              samples;
    uint32_t            p50[MAX_SLICES];
    uint32_t            p99[MAX_SLICES];
    size_t              slices;
};

static char    *before, *after, *tokens;
static char   **token;
static size_t   token_count;
static uint64_t seed;
static int      ep, conn_count;


static uint64_t
now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}


static char *
slurp(const char *name)
{
    long   size;
    char  *text;
    FILE  *f;

    f = fopen(name, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0) {
        err(1, "%s", name);
    }
    rewind(f);
    text = malloc(size + 1);
    if (text == NULL || fread(text, 1, size, f) != (size_t) size) {
        err(1, "%s", name);
    }
    text[size] = '\0';
    fclose(f);
    return text;
}


static void
read_tokens(const char *name)
{
    char    *line;
    size_t   lines;

    if (strcmp(name, "new") == 0) {
        seed = now();
        return;
    }
    tokens = slurp(name);
    lines = 1;
    for (line = tokens; *line; line++) {
        lines += *line == '\n';
    }
    token = malloc(lines * sizeof(char *));
    for (line = strtok(tokens, "\n"); line; line = strtok(NULL, "\n")) {
        token[token_count++] = line;
    }
    if (token_count == 0) {
        errx(1, "%s: no tokens", name);
    }
}


static void
read_request(const char *name)
{
    before = slurp(name);
    after = strchr(before, '@');
    if (after) {
        *after++ = '\0';
    }
}


static void
open_conn(conn_t *c)
{
    int                 one;
    struct epoll_event  event;

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0
        || connect(c->fd, (struct sockaddr *) &c->side->address,
                   sizeof(c->side->address)))
    {
        err(1, "connect");
    }
    one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    event.events = EPOLLIN;
    event.data.ptr = c;
    if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &event)) {
        err(1, "epoll_ctl");
    }
    c->have = 0;
}


static void
send_request(conn_t *c, uint64_t since)
{
    int          n;
    char         out[MAX_REQUEST], fresh[64];
    const char  *t;

    t = "";
    if (after && token) {
        t = token[c->side->turn++ % token_count];

    } else if (after) {
        snprintf(fresh, sizeof(fresh), "a%07x%016llx%016llx", getpid(),
                 (unsigned long long) seed,
                 (unsigned long long) c->side->turn++);
        t = fresh;
    }
    n = snprintf(out, sizeof(out), "%s%s%s", before, t, after ? after : "");
    if (n >= (int) sizeof(out)) {
        errx(1, "request too long");
    }
    if (send(c->fd, out, n, MSG_NOSIGNAL) != n && errno != EPIPE
        && errno != ECONNRESET)
    {
        err(1, "send");
    }
    c->busy = 1;
    c->side->busy++;
    c->since = since;
}


static void
answered(conn_t *c, int status)
{
    side_t  *s = c->side;

    s->by_status[status > 0 && status < 1000 ? status : 0]++;
    s->done++;
    s->busy--;
    c->busy = 0;
    c->have = 0;
}


/* True once all of the answer is there. */

static int
complete(conn_t *c)
{
    char    *body, *field;
    size_t   head;

    c->in[c->have] = '\0';
    body = strstr(c->in, "\r\n\r\n");
    if (body == NULL) {
        return 0;
    }
    body += 4;
    head = body - c->in;
    for (field = c->in; field < body; field = strstr(field, "\r\n") + 2) {
        if (strncasecmp(field, "content-length:", 15) == 0) {
            return c->have >= head + strtoul(field + 15, NULL, 10);
        }
    }
    return c->have - head >= 5
           && memcmp(c->in + c->have - 5, "0\r\n\r\n", 5) == 0;
}


/* True if the connection is free for another request. */

static int
read_answer(conn_t *c)
{
    side_t  *s = c->side;
    ssize_t  n;

    n = recv(c->fd, c->in + c->have, MAX_ANSWER - c->have, 0);
    if (n <= 0) {
        close(c->fd);
        s->reconnects++;
        open_conn(c);
        if (c->busy) {
            answered(c, 0);
            return 1;
        }
        return 0;
    }
    if (!c->busy) {
        return 0;
    }
    c->have += n;
    if (!complete(c)) {
        if (c->have == MAX_ANSWER) {
            errx(1, "answer too long");
        }
        return 0;
    }
    if (s->samples < MAX_SAMPLES) {
        s->sample[s->samples++] = (now() - c->since) / 100;
    }
    answered(c, c->have > 12 ? atoi(c->in + 9) : 0);
    return 1;
}


static int
by_value(const void *a, const void *b)
{
    uint32_t  x = *(const uint32_t *) a, y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


/* Puts the values in order. */

static uint32_t
percentile(uint32_t *value, size_t count, double part)
{
    qsort(value, count, sizeof(*value), by_value);
    return count ? value[(size_t) (part * (count - 1))] : 0;
}


static void
end_slice(side_t *s)
{
    if (s->samples && s->slices < MAX_SLICES) {
        s->p50[s->slices] = percentile(s->sample, s->samples, 0.5);
        s->p99[s->slices] = percentile(s->sample, s->samples, 0.99);
        s->slices++;
    }
    s->samples = 0;
}


static void
report(side_t *s)
{
    int    i;
    char  *comma;

    comma = "";
    printf("{\"status\":{");
    for (i = 0; i < 1000; i++) {
        if (s->by_status[i]) {
            printf("%s\"%d\":%u", comma, i, s->by_status[i]);
            comma = ",";
        }
    }
    printf("},\"requests\":%zu,\"seconds\":%.6f,\"reconnects\":%llu,"
           "\"p50\":%.1f,\"p99\":%.1f}", s->done, s->time / 1e9,
           (unsigned long long) s->reconnects,
           percentile(s->p50, s->slices, 0.5) / 10.0,
           percentile(s->p99, s->slices, 0.5) / 10.0);
}


/* What is due goes out on the connections that are free. */

static void
send_due(side_t *s, double step, uint64_t *due, uint64_t t)
{
    int      i;
    conn_t  *c;

    for (i = 0; i < conn_count && *due <= t; i++) {
        c = &s->conns[s->from];
        s->from = (s->from + 1) % conn_count;
        if (!c->busy) {
            send_request(c, *due);
            *due += step;
        }
    }
}


/*
 * Asks one of them for a while, and waits for the last answers. At a rate all
 * that is due is sent, so the time is that until the last of it was.
 */

static void
drive(side_t *s, uint64_t length, double rate, size_t limit)
{
    int                 i, n, open;
    double              step;
    uint64_t            start, end, due, sent, t;
    struct timespec     wait;
    struct epoll_event  events[256];

    step = rate > 0 ? 1e9 / rate : 0;
    start = now();
    end = length == FOREVER ? FOREVER : start + length;
    due = start;
    sent = 0;
    for (i = 0; rate == 0 && i < conn_count; i++) {
        if (!s->conns[i].busy) {
            send_request(&s->conns[i], start);
        }
    }
    for (t = start; ; t = now()) {
        open = (rate > 0 ? due : t) < end && (limit == 0 || s->done < limit);
        if (!open && sent == 0) {
            sent = t;
        }
        if ((!open && (s->busy == 0 || limit)) || t - GRACE > end) {
            break;
        }
        wait.tv_sec = 0;
        wait.tv_nsec = 10000000;
        if (open && rate > 0) {
            send_due(s, step, &due, t);
            wait.tv_nsec = due <= t ? 1000000
                           : due - t < 10000000 ? due - t : 10000000;
        }
        n = epoll_pwait2(ep, events, 256, &wait, NULL);
        for (i = 0; i < n; i++) {
            conn_t  *c = events[i].data.ptr;

            if (read_answer(c) && c->side == s && open && rate == 0
                && (limit == 0 || s->done < limit))
            {
                send_request(c, now());
            }
        }
    }
    s->time += (rate > 0 && sent ? sent : t) - start;
    end_slice(s);
}


static void
init(side_t *s, int port, size_t first)
{
    int  i;

    s->address.sin_family = AF_INET;
    s->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->address.sin_port = htons(port);
    s->conns = calloc(conn_count, sizeof(conn_t));
    s->sample = malloc(MAX_SAMPLES * sizeof(*s->sample));
    if (s->conns == NULL || s->sample == NULL) {
        err(1, "start");
    }
    s->turn = first;
    for (i = 0; i < conn_count; i++) {
        s->conns[i].side = s;
        open_conn(&s->conns[i]);
    }
}


int
main(int argc, char **argv)
{
    int            i, count;
    char          *second;
    double         rate;
    size_t         limit, first;
    uint64_t       length;
    static side_t  side[2];

    if (argc != 8) {
        errx(2, "load port[,port] request tokens connections seconds rate "
             "requests");
    }
    second = strchr(argv[1], ',');
    count = second ? 2 : 1;
    read_request(argv[2]);
    read_tokens(argv[3]);
    conn_count = atoi(argv[4]);
    length = FOREVER;
    if (atof(argv[5]) > 0) {
        length = atof(argv[5]) * 1e9;
    }
    rate = atof(argv[6]);
    limit = strtoul(argv[7], NULL, 10);
    ep = epoll_create1(0);
    if (ep < 0) {
        err(1, "start");
    }
    first = limit == 0 && token_count ? now() / 1000 % token_count : 0;
    for (i = 0; i < count; i++) {
        init(&side[i], atoi(i ? second + 1 : argv[1]), first);
    }
    do {
        for (i = 0; i < count; i++) {
            drive(&side[i], limit == 0 && length > SLICE ? SLICE : length,
                  rate, limit);
        }
    } while (limit == 0 && side[0].time < length);
    for (i = 0; i < count; i++) {
        printf(i ? "," : "[");
        report(&side[i]);
    }
    printf("]\n");
    return 0;
}
