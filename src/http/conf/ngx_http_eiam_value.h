
/*
 * Setters for words, numbers and times.  They do what nginx's own setters do,
 * but their messages name the possible values.
 */


#ifndef _NGX_HTTP_EIAM_VALUE_H_INCLUDED_
#define _NGX_HTTP_EIAM_VALUE_H_INCLUDED_


#include <ngx_http_eiam.h>


typedef struct {
    ngx_int_t    min;
    ngx_int_t    max;
    const char  *fault;                  /* logged for any other value */
} ngx_http_eiam_bounds_t;


extern ngx_http_eiam_bounds_t  ngx_http_eiam_value_seconds_any;
extern ngx_http_eiam_bounds_t  ngx_http_eiam_value_seconds_some;
extern ngx_http_eiam_bounds_t  ngx_http_eiam_value_seconds_a_day;
extern ngx_http_eiam_bounds_t  ngx_http_eiam_value_msec_some;
extern ngx_http_eiam_bounds_t  ngx_http_eiam_value_failures;
extern ngx_http_eiam_bounds_t  ngx_http_eiam_value_flights;
extern ngx_http_eiam_bounds_t  ngx_http_eiam_value_token;

extern ngx_conf_enum_t  ngx_http_eiam_value_modes[];
extern ngx_conf_enum_t  ngx_http_eiam_value_flags[];
extern ngx_conf_enum_t  ngx_http_eiam_value_languages[];
extern ngx_conf_enum_t  ngx_http_eiam_value_paths[];


/* the directive's post is an array of ngx_conf_enum_t */
char *ngx_http_eiam_value_word(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* the directive's post is an ngx_http_eiam_bounds_t */
char *ngx_http_eiam_value_number(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_value_size(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_value_seconds(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_value_msec(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* for other setters: the value, or NGX_ERROR, and the fault has been logged */
ngx_int_t ngx_http_eiam_value_find(ngx_conf_t *cf, const ngx_str_t *word,
    const ngx_conf_enum_t *values);
ngx_int_t ngx_http_eiam_value_check(ngx_conf_t *cf, const ngx_str_t *text,
    ngx_int_t value, const ngx_http_eiam_bounds_t *bounds);


#endif /* _NGX_HTTP_EIAM_VALUE_H_INCLUDED_ */
