
#include <ngx_eiam_value.h>

#include <jansson.h>


static void *ngx_eiam_value_allocate(size_t size);
static void ngx_eiam_value_release(void *p);


static ngx_pool_t     *ngx_eiam_value_pool;       /* of the tree */
static json_malloc_t   ngx_eiam_value_malloc;
static json_free_t     ngx_eiam_value_free;


void *
ngx_eiam_value_parse(ngx_pool_t *pool, const ngx_str_t *text,
    ngx_uint_t reals, ngx_eiam_value_error_t *error)
{
    size_t        flags;
    json_t       *value;
    json_error_t  e;

    flags = JSON_REJECT_DUPLICATES | (reals ? JSON_DECODE_INT_AS_REAL : 0);

    ngx_eiam_value_begin(pool);

    value = json_loadb((char *) text->data, text->len, flags, &e);

    if (value == NULL && json_error_code(&e) == json_error_numeric_overflow) {
        value = json_loadb((char *) text->data, text->len,
                           flags|JSON_DECODE_INT_AS_REAL, &e);
    }

    ngx_eiam_value_end();

    if (value == NULL) {
        error->line = ngx_max(e.line, 0);
        error->column = ngx_max(e.column, 0);
        ngx_cpystrn(error->reason, (u_char *) e.text, sizeof(error->reason));
    }

    return value;
}


/* other modules may use jansson too, with allocators of their own */

void
ngx_eiam_value_begin(ngx_pool_t *pool)
{
    ngx_eiam_value_pool = pool;

    json_get_alloc_funcs(&ngx_eiam_value_malloc, &ngx_eiam_value_free);
    json_set_alloc_funcs(ngx_eiam_value_allocate, ngx_eiam_value_release);
}


void
ngx_eiam_value_end(void)
{
    json_set_alloc_funcs(ngx_eiam_value_malloc, ngx_eiam_value_free);
}


static void *
ngx_eiam_value_allocate(size_t size)
{
    return ngx_palloc(ngx_eiam_value_pool, size);
}


static void
ngx_eiam_value_release(void *p)
{
}


void *
ngx_eiam_value_object(void)
{
    return json_object();
}


void *
ngx_eiam_value_array(void)
{
    return json_array();
}


void *
ngx_eiam_value_string(const ngx_str_t *text)
{
    return json_stringn_nocheck((char *) text->data, text->len);
}


void *
ngx_eiam_value_real(double number)
{
    return json_real(number);
}


void *
ngx_eiam_value_boolean(ngx_uint_t is_true)
{
    return json_boolean(is_true);
}


void *
ngx_eiam_value_null(void)
{
    return json_null();
}


ngx_int_t
ngx_eiam_value_set(void *object, const ngx_str_t *key, void *value)
{
    return json_object_setn_nocheck(object, (char *) key->data, key->len,
                                    value)
           == 0 ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_eiam_value_append(void *array, void *value)
{
    return json_array_append(array, value) == 0 ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_eiam_value_is(const void *value, ngx_eiam_type_e type)
{
    const json_t  *json = value;

    switch (type) {

    case NGX_EIAM_OBJECT:
        return json_is_object(json);

    case NGX_EIAM_ARRAY:
        return json_is_array(json);

    case NGX_EIAM_STRING:
        return json_is_string(json);

    case NGX_EIAM_NUMBER:
        return json_is_number(json);

    case NGX_EIAM_INTEGER:
        return json_is_integer(json);

    case NGX_EIAM_BOOLEAN:
        return json_is_boolean(json);

    case NGX_EIAM_NULL:
        return json_is_null(json);

    default: /* NGX_EIAM_ANY */
        return 1;
    }
}


ngx_uint_t
ngx_eiam_value_count(const void *value)
{
    const json_t  *json = value;

    return json_is_array(json) ? json_array_size(json)
                               : json_object_size(json);
}


void *
ngx_eiam_value_member(const void *object, const ngx_str_t *key)
{
    return json_object_getn(object, (char *) key->data, key->len);
}


void *
ngx_eiam_value_element(const void *array, ngx_uint_t index)
{
    return json_array_get(array, index);
}


void *
ngx_eiam_value_first(void *object)
{
    return json_object_iter(object);
}


void *
ngx_eiam_value_next(void *object, void *iterator)
{
    return json_object_iter_next(object, iterator);
}


void *
ngx_eiam_value_at(void *iterator, ngx_str_t *key)
{
    key->data = (u_char *) json_object_iter_key(iterator);
    key->len = json_object_iter_key_len(iterator);

    return json_object_iter_value(iterator);
}


ngx_str_t
ngx_eiam_value_text(const void *string)
{
    ngx_str_t  text;

    text.data = (u_char *) json_string_value(string);
    text.len = json_string_length(string);

    return text;
}


ngx_uint_t
ngx_eiam_value_is_true(const void *boolean)
{
    const json_t  *json = boolean;

    return json_is_true(json);
}


double
ngx_eiam_value_number(const void *number)
{
    return json_number_value(number);
}
