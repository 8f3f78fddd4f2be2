
/*
 * YAML as far as it means the same as JSON: the core schema of YAML 1.2, with
 * strings for keys.  This is the only file that knows libyaml.  Tags, merge
 * keys, duplicate keys, keys that are no scalars, several documents in one
 * file, aliases that refer to a value around them, and aliases that make a
 * document much larger than its text are refused.
 */


#ifndef _NGX_EIAM_YAML_H_INCLUDED_
#define _NGX_EIAM_YAML_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


#define NGX_EIAM_YAML_ALIASED_MAX  1000000    /* values that aliases repeat */


/* NGX_OK and the root, or NGX_ERROR and document->fault */
ngx_int_t ngx_eiam_yaml_parse(ngx_eiam_document_t *document,
    const ngx_str_t *text, ngx_eiam_node_t *root);


#endif /* _NGX_EIAM_YAML_H_INCLUDED_ */
