
#include <ngx_eiam_redis_attempt.h>


static void ngx_eiam_redis_attempt_look_up(ngx_eiam_redis_link_t *link);
static void ngx_eiam_redis_attempt_connect(ngx_eiam_redis_link_t *link);
static void ngx_eiam_redis_attempt_ask_sentinel(ngx_eiam_redis_link_t *link);
static void ngx_eiam_redis_attempt_master(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_redis_attempt_introduce(ngx_eiam_redis_link_t *link);
static ngx_int_t ngx_eiam_redis_attempt_authenticate(
    ngx_eiam_redis_link_t *link, ngx_uint_t i);
static ngx_int_t ngx_eiam_redis_attempt_ask(ngx_eiam_redis_link_t *link,
    ngx_uint_t i, ngx_eiam_redis_verb_e verb, const ngx_str_t *args,
    ngx_uint_t nargs, ngx_eiam_redis_command_pt handler);
static void ngx_eiam_redis_attempt_authenticated(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_redis_attempt_named(void *data,
    const ngx_eiam_redis_reply_t *reply);
static void ngx_eiam_redis_attempt_role(void *data,
    const ngx_eiam_redis_reply_t *reply);


/*
 * An attempt tries each of the addresses once, beginning with the last one that
 * was good; with Sentinels each of them, and the master that it names.
 */

void
ngx_eiam_redis_attempt_step(ngx_event_t *ev)
{
    ngx_eiam_redis_link_t  *link;

    link = ev->data;

    ngx_eiam_redis_connection_enter(&link->connection);

    if (link->addr) {
        ngx_eiam_redis_attempt_connect(link);

    } else {
        ngx_eiam_redis_attempt_look_up(link);
    }

    ngx_eiam_redis_connection_leave(&link->connection);
}


static void
ngx_eiam_redis_attempt_look_up(ngx_eiam_redis_link_t *link)
{
    ngx_int_t                  rc;
    ngx_eiam_redis_address_t  *address;

    if (link->located) {
        address = &link->master.address;

    } else {
        address = link->redis->addresses.elts;
        address += link->address;
    }

    link->name = address->name;
    link->state = NGX_EIAM_REDIS_LOCATING;

    rc = ngx_eiam_redis_lookup_begin(&link->lookup, address);

    if (rc == NGX_AGAIN) {
        return;
    }

    ngx_eiam_redis_attempt_connect(link);
}


void
ngx_eiam_redis_attempt_found(void *data)
{
    ngx_eiam_redis_link_t  *link = data;

    ngx_eiam_redis_connection_enter(&link->connection);
    ngx_eiam_redis_attempt_connect(link);
    ngx_eiam_redis_connection_leave(&link->connection);
}


static void
ngx_eiam_redis_attempt_connect(ngx_eiam_redis_link_t *link)
{
    const ngx_str_t  *host;

    if (link->lookup.naddrs == 0) {
        ngx_eiam_redis_link_ended(link, NGX_EIAM_REDIS_UNREACHABLE,
                                  "cannot be reached: its name has no "
                                  "address", 0);
        return;
    }

    link->state = NGX_EIAM_REDIS_CONNECTING;

    if (link->redis->sentinel.len && !link->located) {
        link->state = NGX_EIAM_REDIS_LOCATING;
    }

    host = link->redis->ssl_name.len ? &link->redis->ssl_name
                                     : &link->lookup.address->host;

    ngx_eiam_redis_connection_open(&link->connection,
                                   &link->lookup.addrs[link->addr], host);
}


void
ngx_eiam_redis_attempt_opened(void *data)
{
    ngx_eiam_redis_link_t  *link = data;

    link->asked = 0;

    if (link->state == NGX_EIAM_REDIS_LOCATING) {
        ngx_eiam_redis_attempt_ask_sentinel(link);

    } else {
        ngx_eiam_redis_attempt_introduce(link);
    }
}


static void
ngx_eiam_redis_attempt_ask_sentinel(ngx_eiam_redis_link_t *link)
{
    ngx_str_t  args[2];

    ngx_str_set(&args[0], "get-master-addr-by-name");
    args[1] = link->redis->sentinel;

    (void) ngx_eiam_redis_attempt_ask(link, 0, NGX_EIAM_REDIS_SENTINEL, args, 2,
                                   ngx_eiam_redis_attempt_master);
}


static void
ngx_eiam_redis_attempt_master(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_redis_link_t  *link = data;

    ngx_int_t  rc;

    if (reply == NULL) {
        return;
    }

    /*
     * A Sentinel without a password refuses AUTH, so the password is sent only
     * to a Sentinel that asks for one.
     */

    if (ngx_eiam_redis_reply_is_error(reply, "NOAUTH") && !link->asked
        && link->redis->password.len)
    {
        link->asked = 1;

        if (ngx_eiam_redis_attempt_authenticate(link, 1) == NGX_OK) {
            ngx_eiam_redis_attempt_ask_sentinel(link);
        }

        return;
    }

    if (reply->type == NGX_EIAM_REDIS_ERROR) {
        ngx_eiam_redis_link_fail(link, NGX_EIAM_REDIS_DENIED,
                                 "has denied access");
        return;
    }

    rc = ngx_eiam_redis_sentinel_read(reply, &link->master);

    if (rc == NGX_DECLINED) {
        ngx_eiam_redis_link_fail(link, NGX_EIAM_REDIS_NO_MASTER,
                                 "is a Sentinel that knows no such master");
        return;
    }

    if (rc == NGX_ERROR) {
        ngx_eiam_redis_link_fail(link, NGX_EIAM_REDIS_INVALID,
                                 "has sent a malformed answer");
        return;
    }

    ngx_eiam_redis_connection_close(&link->connection);

    link->located = 1;
    link->addr = 0;

    ngx_add_timer(&link->timer, 0);
}


/* authentication, name and role are sent in one write */

static void
ngx_eiam_redis_attempt_introduce(ngx_eiam_redis_link_t *link)
{
    static const ngx_str_t  name[] = {
        ngx_string("SETNAME"),
        ngx_string("ngx_eiam")
    };

    if (link->redis->password.len
        && ngx_eiam_redis_attempt_authenticate(link, 0) != NGX_OK)
    {
        return;
    }

    if (ngx_eiam_redis_attempt_ask(link, 1, NGX_EIAM_REDIS_CLIENT, name, 2,
                                ngx_eiam_redis_attempt_named)
        != NGX_OK)
    {
        return;
    }

    (void) ngx_eiam_redis_attempt_ask(link, 2, NGX_EIAM_REDIS_ROLE, NULL, 0,
                                   ngx_eiam_redis_attempt_role);
}


static ngx_int_t
ngx_eiam_redis_attempt_authenticate(ngx_eiam_redis_link_t *link, ngx_uint_t i)
{
    ngx_str_t   args[2];
    ngx_uint_t  named;

    args[0] = link->redis->user;
    args[1] = link->redis->password;

    named = (link->redis->user.len != 0);

    return ngx_eiam_redis_attempt_ask(link, i, NGX_EIAM_REDIS_AUTH,
                                   &args[1 - named], 1 + named,
                                   ngx_eiam_redis_attempt_authenticated);
}


static ngx_int_t
ngx_eiam_redis_attempt_ask(ngx_eiam_redis_link_t *link, ngx_uint_t i,
    ngx_eiam_redis_verb_e verb, const ngx_str_t *args, ngx_uint_t nargs,
    ngx_eiam_redis_command_pt handler)
{
    ngx_eiam_redis_command_t  *command;

    command = &link->commands[i];

    ngx_eiam_redis_command_detach(command);

    ngx_eiam_redis_command_set(command, verb, args, nargs,
                               NGX_EIAM_REDIS_TIMEOUT, handler, link);
    command->background = 1;

    if (ngx_eiam_redis_connection_send(&link->connection, command) == NGX_OK) {
        return NGX_OK;
    }

    ngx_eiam_redis_link_fail(link, NGX_EIAM_REDIS_UNREACHABLE,
                             "cannot be reached: no memory");

    return NGX_ERROR;
}


/* no reply: the connection has ended, which is reported elsewhere */

static void
ngx_eiam_redis_attempt_authenticated(void *data,
    const ngx_eiam_redis_reply_t *reply)
{
    if (reply && !ngx_eiam_redis_reply_is(reply, "OK")) {
        ngx_eiam_redis_link_fail(data, NGX_EIAM_REDIS_DENIED,
                                 "has denied access");
    }
}


/* the connection's name is for operators, who see it in CLIENT LIST */

static void
ngx_eiam_redis_attempt_named(void *data, const ngx_eiam_redis_reply_t *reply)
{
}


static void
ngx_eiam_redis_attempt_role(void *data, const ngx_eiam_redis_reply_t *reply)
{
    ngx_eiam_redis_link_t  *link = data;

    if (reply == NULL) {
        return;
    }

    if (reply->type == NGX_EIAM_REDIS_ERROR) {
        ngx_eiam_redis_link_fail(link, NGX_EIAM_REDIS_DENIED,
                                 "has denied access");
        return;
    }

    if (reply->type != NGX_EIAM_REDIS_ARRAY || reply->nelts == 0
        || !ngx_eiam_redis_reply_is(&reply->elts[0], "master"))
    {
        ngx_eiam_redis_link_fail(link, NGX_EIAM_REDIS_NO_MASTER,
                                 "is not the master");
        return;
    }

    if (link->state == NGX_EIAM_REDIS_READY) {
        ngx_eiam_redis_link_lasts(link);
        return;
    }

    link->state = NGX_EIAM_REDIS_GREETING;

    if (link->greet) {
        link->greet(link);
        return;
    }

    ngx_eiam_redis_link_ready(link);
}


/* the last of the link's own commands, ROLE, is sent once more */

void
ngx_eiam_redis_attempt_check(ngx_eiam_redis_link_t *link)
{
    ngx_eiam_redis_command_t  *command;

    command = &link->commands[2];

    if (command->slot == NULL
        && ngx_eiam_redis_connection_send(&link->connection, command) == NGX_OK)
    {
        link->checked = ngx_current_msec;
    }
}
