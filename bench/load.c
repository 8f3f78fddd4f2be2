/*
 * The load generator of bench/gate: HTTP/1.1 over kept connections, each with
 * one request under way, as fast as they are answered or at a fixed rate.
 *
 *     load port request tokens connections seconds rate requests
 *
 * "request" is a file with one request, in which "@" stands for the token;
 * "tokens" a file with one token a line, used in turn, or "new" for tokens
 * that never come again. A rate of 0 is none, 0 requests are no limit.
 *
 * With a rate a request counts from the moment it was due, also if no
 * connection was free then. Prints a JSON object, times in microseconds.
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
#define MAX_SAMPLES  (1 << 23)

typedef struct {
    int       fd;
    int       busy;
    uint64_t  since;
    size_t    have;
    char      in[MAX_ANSWER + 1];
} conn_t;

static struct sockaddr_in   address;
static char                *before, *after, *tokens;
static char               **token;
static size_t               token_count, turn;
static uint64_t             seed;

static conn_t              *conns;
static int                  ep, conn_count;
static unsigned             by_status[1000];
static uint64_t             reconnects;
static uint32_t            *sample;
static size_t               samples;


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
        || connect(c->fd, (struct sockaddr *) &address, sizeof(address)))
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
        t = token[turn++ % token_count];

    } else if (after) {
        snprintf(fresh, sizeof(fresh), "a%07x%016llx%016llx", getpid(),
                 (unsigned long long) seed, (unsigned long long) turn++);
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
    c->since = since;
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
    int      status;
    ssize_t  n;

    n = recv(c->fd, c->in + c->have, MAX_ANSWER - c->have, 0);
    if (n <= 0) {
        close(c->fd);
        reconnects++;
        open_conn(c);
        if (c->busy) {
            by_status[0]++;
            c->busy = 0;
            return 1;
        }
        return 0;
    }
    c->have += n;
    if (!complete(c)) {
        if (c->have == MAX_ANSWER) {
            errx(1, "answer too long");
        }
        return 0;
    }
    status = c->have > 12 ? atoi(c->in + 9) : 0;
    by_status[status > 0 && status < 1000 ? status : 0]++;
    if (samples < MAX_SAMPLES) {
        sample[samples++] = (now() - c->since) / 100;
    }
    c->have = 0;
    c->busy = 0;
    return 1;
}


static int
by_value(const void *a, const void *b)
{
    uint32_t  x = *(const uint32_t *) a, y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


static double
percentile(double part)
{
    return samples ? sample[(size_t) (part * (samples - 1))] / 10.0 : 0;
}


static void
report(double seconds)
{
    int       i;
    char     *comma;
    uint64_t  all;

    qsort(sample, samples, sizeof(*sample), by_value);
    all = 0;
    comma = "";
    printf("{\"status\":{");
    for (i = 0; i < 1000; i++) {
        all += by_status[i];
        if (by_status[i]) {
            printf("%s\"%d\":%u", comma, i, by_status[i]);
            comma = ",";
        }
    }
    printf("},\"requests\":%llu,\"seconds\":%.6f,\"reconnects\":%llu,"
           "\"p50\":%.1f,\"p99\":%.1f}\n", (unsigned long long) all, seconds,
           (unsigned long long) reconnects, percentile(0.5), percentile(0.99));
}


/* What is due goes out on the connections that are free. */

static int
send_due(double step, uint64_t *due, uint64_t t, int from)
{
    int  i;

    for (i = 0; i < conn_count && *due <= t; i++) {
        conn_t  *c = &conns[(from + i) % conn_count];

        if (!c->busy) {
            send_request(c, *due);
            *due += step;
            from++;
        }
    }
    return from % conn_count;
}


static void
drive(double seconds, double rate, size_t limit)
{
    int                 i, n, from;
    double              step;
    size_t              done;
    uint64_t            start, end, due, t;
    struct timespec     wait;
    struct epoll_event  events[256];

    step = rate > 0 ? 1e9 / rate : 0;
    start = now();
    end = seconds > 0 ? start + seconds * 1e9 : UINT64_MAX;
    due = start;
    from = 0;
    done = 0;
    for (i = 0; rate == 0 && i < conn_count; i++) {
        send_request(&conns[i], start);
    }
    for (t = start; t < end && (limit == 0 || done < limit); t = now()) {
        wait.tv_sec = 0;
        wait.tv_nsec = 50000000;
        if (rate > 0) {
            from = send_due(step, &due, t, from);
            wait.tv_nsec = due > t && due - t < 50000000 ? due - t
                           : due > t ? 50000000 : 1000000;
        }
        n = epoll_pwait2(ep, events, 256, &wait, NULL);
        for (i = 0; i < n; i++) {
            if (read_answer(events[i].data.ptr)) {
                done++;
                if (rate == 0 && (limit == 0 || done < limit)) {
                    send_request(events[i].data.ptr, now());
                }
            }
        }
    }
    report((now() - start) / 1e9);
}


int
main(int argc, char **argv)
{
    int  i;

    if (argc != 8) {
        errx(2, "load port request tokens connections seconds rate requests");
    }
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(atoi(argv[1]));
    read_request(argv[2]);
    read_tokens(argv[3]);
    conn_count = atoi(argv[4]);
    conns = calloc(conn_count, sizeof(conn_t));
    sample = malloc(MAX_SAMPLES * sizeof(*sample));
    ep = epoll_create1(0);
    if (conns == NULL || sample == NULL || ep < 0) {
        err(1, "start");
    }
    for (i = 0; i < conn_count; i++) {
        open_conn(&conns[i]);
    }
    drive(atof(argv[5]), atof(argv[6]), strtoul(argv[7], NULL, 10));
    return 0;
}
