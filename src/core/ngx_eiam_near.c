
#include <ngx_eiam_near.h>


#define NGX_EIAM_NEAR_LEN       64       /* bytes of a name */
#define NGX_EIAM_NEAR_DISTANCE  2


static ngx_uint_t ngx_eiam_near_distance(const ngx_str_t *one,
    const ngx_str_t *two);


void
ngx_eiam_near_init(ngx_eiam_near_t *near, const ngx_str_t *name)
{
    near->name = name;
    ngx_str_null(&near->nearest);
    near->distance = NGX_EIAM_NEAR_DISTANCE + 1;
}


void
ngx_eiam_near_compare(ngx_eiam_near_t *near, const ngx_str_t *known)
{
    ngx_uint_t  distance;

    if (near->name->len > NGX_EIAM_NEAR_LEN || known->len > NGX_EIAM_NEAR_LEN)
    {
        return;
    }

    distance = ngx_eiam_near_distance(near->name, known);

    /* a third of a name at most may be changed */

    if (distance < near->distance && distance * 3 <= known->len) {
        near->distance = distance;
        near->nearest = *known;
    }
}


/*
 * The letters to insert, remove or replace, and the neighbours to exchange,
 * whatever their case: the optimal string alignment distance, row by row.
 */

static ngx_uint_t
ngx_eiam_near_distance(const ngx_str_t *one, const ngx_str_t *two)
{
    size_t      i, k;
    u_char     *a, *b;
    ngx_uint_t  rows[3][NGX_EIAM_NEAR_LEN + 1], *row, *above, *second, n;

    a = one->data;
    b = two->data;

    for (k = 0; k <= two->len; k++) {
        rows[0][k] = k;
    }

    for (i = 1; i <= one->len; i++) {

        row = rows[i % 3];
        above = rows[(i + 2) % 3];
        second = rows[(i + 1) % 3];

        row[0] = i;

        for (k = 1; k <= two->len; k++) {

            n = ngx_min(above[k], row[k - 1]) + 1;
            n = ngx_min(n, above[k - 1]
                           + (ngx_tolower(a[i - 1]) != ngx_tolower(b[k - 1])));

            if (i > 1 && k > 1
                && ngx_tolower(a[i - 1]) == ngx_tolower(b[k - 2])
                && ngx_tolower(a[i - 2]) == ngx_tolower(b[k - 1]))
            {
                n = ngx_min(n, second[k - 2] + 1);
            }

            row[k] = n;
        }
    }

    return rows[one->len % 3][two->len];
}
