
/*
 * Values of documents, and the only file that knows jansson.  A tree of values
 * lives in a pool, does not change once it has been read, and is freed as a
 * whole with its pool.
 */


#ifndef _NGX_EIAM_VALUE_H_INCLUDED_
#define _NGX_EIAM_VALUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_EIAM_VALUE_DEPTH_MAX  2048      /* levels, as in jansson */


typedef enum {
    NGX_EIAM_OBJECT = 0,
    NGX_EIAM_ARRAY,
    NGX_EIAM_STRING,
    NGX_EIAM_NUMBER,
    NGX_EIAM_INTEGER,
    NGX_EIAM_BOOLEAN,
    NGX_EIAM_NULL,
    NGX_EIAM_ANY
} ngx_eiam_type_e;


typedef struct {
    ngx_uint_t               line;
    ngx_uint_t               column;
    u_char                   reason[256];
} ngx_eiam_value_error_t;


/*
 * Parses a JSON text.  Integers are read as real numbers with "reals", and if
 * one of them has more than 64 bits.  NULL: error says why.
 */
void *ngx_eiam_value_parse(ngx_pool_t *pool, const ngx_str_t *text,
    ngx_uint_t reals, ngx_eiam_value_error_t *error);

/*
 * Functions that make single values, between begin and end.  NULL: no memory,
 * or JSON has no such value.  A value may occur several times in a tree.
 */
void ngx_eiam_value_begin(ngx_pool_t *pool);
void ngx_eiam_value_end(void);

void *ngx_eiam_value_object(void);
void *ngx_eiam_value_array(void);
void *ngx_eiam_value_string(const ngx_str_t *text);
void *ngx_eiam_value_real(double number);
void *ngx_eiam_value_boolean(ngx_uint_t is_true);
void *ngx_eiam_value_null(void);

/* NGX_OK, or NGX_ERROR: no memory */
ngx_int_t ngx_eiam_value_set(void *object, const ngx_str_t *key, void *value);
ngx_int_t ngx_eiam_value_append(void *array, void *value);

ngx_uint_t ngx_eiam_value_is(const void *value, ngx_eiam_type_e type);

/* the number of members or elements */
ngx_uint_t ngx_eiam_value_count(const void *value);

/* NULL: there is none */
void *ngx_eiam_value_member(const void *object, const ngx_str_t *key);
void *ngx_eiam_value_element(const void *array, ngx_uint_t index);

/* an iterator over the members, in the order of the document; NULL: the end */
void *ngx_eiam_value_first(void *object);
void *ngx_eiam_value_next(void *object, void *iterator);
void *ngx_eiam_value_at(void *iterator, ngx_str_t *key);

/* the value, whose type the caller has checked */
ngx_str_t ngx_eiam_value_text(const void *string);
ngx_uint_t ngx_eiam_value_is_true(const void *boolean);
double ngx_eiam_value_number(const void *number);


#endif /* _NGX_EIAM_VALUE_H_INCLUDED_ */
