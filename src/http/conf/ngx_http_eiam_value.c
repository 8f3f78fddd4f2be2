
#include <ngx_http_eiam_invalid.h>
#include <ngx_http_eiam_value.h>
#include <ngx_eiam_flight.h>


#define NGX_HTTP_EIAM_VALUES_MAX  256    /* of a list of values */


static char *ngx_http_eiam_value_set(ngx_command_t *cmd, void *conf,
    ngx_int_t value);


ngx_http_eiam_bounds_t  ngx_http_eiam_value_seconds_any = {
    0, NGX_MAX_INT_T_VALUE,
    "is not a time in seconds, such as \"30s\" or \"5m\""
};


ngx_http_eiam_bounds_t  ngx_http_eiam_value_seconds_some = {
    1, NGX_MAX_INT_T_VALUE,
    "is not a time of at least a second, such as \"30s\" or \"5m\""
};


ngx_http_eiam_bounds_t  ngx_http_eiam_value_seconds_a_day = {
    0, 86400,
    "is not a time in seconds of at most a day, such as \"30s\" or \"5m\""
};


ngx_http_eiam_bounds_t  ngx_http_eiam_value_msec_some = {
    1, NGX_MAX_INT_T_VALUE,
    "is not a time of at least a millisecond, such as \"500ms\" or \"10s\""
};


ngx_http_eiam_bounds_t  ngx_http_eiam_value_failures = {
    0, NGX_MAX_INT32_VALUE,
    "is not a number of failures, such as \"5\", or \"0\" for no circuit"
};


ngx_http_eiam_bounds_t  ngx_http_eiam_value_flights = {
    1, NGX_EIAM_FLIGHTS_MAX,
    "is not a number from 1 to 1024"
};


ngx_http_eiam_bounds_t  ngx_http_eiam_value_token = {
    1, 65536,
    "is not a size of at most 64k, such as \"8k\""
};


ngx_conf_enum_t  ngx_http_eiam_value_modes[] = {
    { ngx_string("on"), NGX_HTTP_EIAM_ON },
    { ngx_string("off"), NGX_HTTP_EIAM_OFF },
    { ngx_string("report"), NGX_HTTP_EIAM_REPORT },
    { ngx_null_string, 0 }
};


ngx_conf_enum_t  ngx_http_eiam_value_flags[] = {
    { ngx_string("on"), 1 },
    { ngx_string("off"), 0 },
    { ngx_null_string, 0 }
};


ngx_conf_enum_t  ngx_http_eiam_value_languages[] = {
    { ngx_string("en"), NGX_EIAM_EN },
    { ngx_string("zh"), NGX_EIAM_ZH },
    { ngx_string("auto"), NGX_HTTP_EIAM_AUTO },
    { ngx_null_string, 0 }
};


ngx_conf_enum_t  ngx_http_eiam_value_paths[] = {
    { ngx_string("strict"), 0 },
    { ngx_string("utf8"), 1 },
    { ngx_null_string, 0 }
};


char *
ngx_http_eiam_value_word(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    return ngx_http_eiam_value_set(cmd, conf,
                       ngx_http_eiam_value_find(cf, &value[1], cmd->post));
}


ngx_int_t
ngx_http_eiam_value_find(ngx_conf_t *cf, const ngx_str_t *word,
    const ngx_conf_enum_t *values)
{
    u_char      *p, *last, list[NGX_HTTP_EIAM_VALUES_MAX];
    ngx_uint_t   i;

    p = list;
    last = list + sizeof(list);

    for (i = 0; values[i].name.len; i++) {

        if (word->len == values[i].name.len
            && ngx_strcasecmp(word->data, values[i].name.data) == 0)
        {
            return values[i].value;
        }

        p = ngx_slprintf(p, last, "%s\"%V\"", i ? ", " : "", &values[i].name);
    }

    (void) ngx_http_eiam_invalid(cf, "\"%V\" is none of %*s", word,
                                 (size_t) (p - list), list);

    return NGX_ERROR;
}


char *
ngx_http_eiam_value_number(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;
    n = ngx_atoi(value[1].data, value[1].len);

    return ngx_http_eiam_value_set(cmd, conf,
                    ngx_http_eiam_value_check(cf, &value[1], n, cmd->post));
}


char *
ngx_http_eiam_value_msec(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t   n;
    ngx_str_t  *value;

    value = cf->args->elts;
    n = ngx_parse_time(&value[1], 0);

    return ngx_http_eiam_value_set(cmd, conf,
                    ngx_http_eiam_value_check(cf, &value[1], n, cmd->post));
}


/* a word, a number and an ngx_msec_t are all stored as ngx_uint_t */

static char *
ngx_http_eiam_value_set(ngx_command_t *cmd, void *conf, ngx_int_t value)
{
    ngx_uint_t  *slot;

    slot = (ngx_uint_t *) ((u_char *) conf + cmd->offset);

    if (value == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (*slot != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    *slot = value;

    return NGX_CONF_OK;
}


char *
ngx_http_eiam_value_size(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    return ngx_http_eiam_value_set(cmd, conf,
                    ngx_http_eiam_value_check(cf, &value[1],
                                              ngx_parse_size(&value[1]),
                                              cmd->post));
}


char *
ngx_http_eiam_value_seconds(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    time_t     *slot;
    ngx_int_t   n;
    ngx_str_t  *value;

    slot = (time_t *) ((u_char *) conf + cmd->offset);

    if (*slot != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_http_eiam_value_check(cf, &value[1], ngx_parse_time(&value[1], 1),
                                  cmd->post);
    if (n == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    *slot = n;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_eiam_value_check(ngx_conf_t *cf, const ngx_str_t *text,
    ngx_int_t value, const ngx_http_eiam_bounds_t *bounds)
{
    if (value == NGX_ERROR || value < bounds->min || value > bounds->max) {
        (void) ngx_http_eiam_invalid(cf, "\"%V\" %s", text, bounds->fault);
        return NGX_ERROR;
    }

    return value;
}
