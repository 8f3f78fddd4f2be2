
/* The setters of the directives, and what nginx checks their values by. */


#ifndef _NGX_HTTP_EIAM_DIRECTIVE_H_INCLUDED_
#define _NGX_HTTP_EIAM_DIRECTIVE_H_INCLUDED_


#include <ngx_http_eiam.h>


/* a kind of file that a directive names: the directive's post */

typedef struct {
    size_t                     files;         /* those read: in main conf */
    size_t                     size;          /* of what one is read into */
    ngx_int_t                (*read)(ngx_eiam_document_t *document,
                                     ngx_http_eiam_main_conf_t *mcf,
                                     ngx_pool_t *pool, void *file);
} ngx_http_eiam_file_t;


extern ngx_http_eiam_file_t  ngx_http_eiam_directive_policy_file;
extern ngx_http_eiam_file_t  ngx_http_eiam_directive_applications_file;
extern ngx_conf_enum_t  ngx_http_eiam_directive_modes[];
extern ngx_conf_enum_t  ngx_http_eiam_directive_languages[];

char *ngx_http_eiam_directive_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_directive_scope_implies(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_directive_path(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_directive_realm(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_directive_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_directive_introspection(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_directive_circuit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* a slot for texts, which is NGX_CONF_UNSET_PTR at first */
char *ngx_http_eiam_directive_texts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

extern ngx_conf_num_bounds_t  ngx_http_eiam_directive_limit_bounds;
extern ngx_conf_post_t  ngx_http_eiam_directive_not_zero;


#endif /* _NGX_HTTP_EIAM_DIRECTIVE_H_INCLUDED_ */
