
/*
 * Setters of directives whose values are not just a word, a number or a time.
 */


#ifndef _NGX_HTTP_EIAM_DIRECTIVE_H_INCLUDED_
#define _NGX_HTTP_EIAM_DIRECTIVE_H_INCLUDED_


#include <ngx_http_eiam.h>


/* a kind of file that directives name; it is the post of such a directive */

typedef struct {
    size_t                     files;         /* offset of the array of files in
                                                 the main conf */
    size_t                     size;          /* of the structure for a file */
    ngx_int_t                (*read)(ngx_conf_t *cf,
                                     ngx_eiam_document_t *document,
                                     void *file);
} ngx_http_eiam_file_t;


extern ngx_http_eiam_file_t  ngx_http_eiam_directive_policy_file;
extern ngx_http_eiam_file_t  ngx_http_eiam_directive_applications_file;

char *ngx_http_eiam_directive_policy(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_eiam_directive_applications(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
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

/* sets an array of ngx_str_t, which was NGX_CONF_UNSET_PTR */
char *ngx_http_eiam_directive_texts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* logs what to write in place of a value that is no path of a location */
char *ngx_http_eiam_directive_no_location(ngx_conf_t *cf,
    const ngx_str_t *value);


#endif /* _NGX_HTTP_EIAM_DIRECTIVE_H_INCLUDED_ */
