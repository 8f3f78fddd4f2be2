
#include "ngx_eiam_unit.h"


typedef struct {
    const char        *title;
    ngx_str_t          target;
    ngx_eiam_below_e   below;
} ngx_eiam_unit_base_t;


static void ngx_eiam_unit_base_rows(ngx_eiam_unit_t *unit,
    const ngx_str_t *path, const ngx_eiam_unit_base_t *row);


static const ngx_eiam_unit_base_t  ngx_eiam_unit_base_tenant[] = {

    { "the base itself is below it",
      ngx_string("/api/v2/tenant"), NGX_EIAM_BELOW_PLAIN },
    { "a path below the base",
      ngx_string("/api/v2/tenant/users"), NGX_EIAM_BELOW_PLAIN },
    { "a slash at the end",
      ngx_string("/api/v2/tenant/"), NGX_EIAM_BELOW_PLAIN },
    { "another case",
      ngx_string("/API/v2/Tenant/users"), NGX_EIAM_BELOW_PLAIN },
    { "encoded letters have one reading",
      ngx_string("/%61pi/v2/ten%41nt/users"), NGX_EIAM_BELOW_PLAIN },

    { "no target at all", ngx_string(""), NGX_EIAM_OUTSIDE },
    { "the root", ngx_string("/"), NGX_EIAM_OUTSIDE },
    { "a shorter path", ngx_string("/api/v2"), NGX_EIAM_OUTSIDE },
    { "a prefix is not a segment",
      ngx_string("/api/v2/tenantX/users"), NGX_EIAM_OUTSIDE },
    { "an extension makes another segment",
      ngx_string("/api/v2/tenant.json"), NGX_EIAM_OUTSIDE },
    { "a path before the base in plain letters",
      ngx_string("/x/api/v2/tenant/users"), NGX_EIAM_OUTSIDE },
    { "dots that leave other segments",
      ngx_string("/img/../css/main..css"), NGX_EIAM_OUTSIDE },
    { "escapes that lead elsewhere",
      ngx_string("/docs/%e4%b8%ad%2Fx;v=1"), NGX_EIAM_OUTSIDE },
    { "the base in another order",
      ngx_string("/tenant;/v2/api"), NGX_EIAM_OUTSIDE },
    { "an escape that is none",
      ngx_string("/%zz/%4/%"), NGX_EIAM_OUTSIDE },

    { "a parameter of a segment",
      ngx_string("/api;x/v2/tenant/users"), NGX_EIAM_BELOW_LOOSE },
    { "an encoded parameter",
      ngx_string("/api%3bx/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a climb", ngx_string("/x/../api/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a climb with a parameter",
      ngx_string("/x/..;/api/v2/tenant/users"), NGX_EIAM_BELOW_LOOSE },
    { "an encoded climb",
      ngx_string("/x/%2e%2e/api/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a climb encoded twice",
      ngx_string("/x/%252e%252e/api/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a climb encoded in pieces",
      ngx_string("/x/%%32e%2%65/api/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "an encoded slash",
      ngx_string("/api%2Fv2%2ftenant"), NGX_EIAM_BELOW_LOOSE },
    { "a slash encoded four times",
      ngx_string("/api%2525252fv2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a backslash", ngx_string("/api\\v2\\tenant"), NGX_EIAM_BELOW_LOOSE },
    { "an encoded backslash",
      ngx_string("/api%5cv2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "two slashes", ngx_string("//api/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a dot segment", ngx_string("/api/./v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a NUL behind it",
      ngx_string("/api/v2/tenant%00.png"), NGX_EIAM_BELOW_LOOSE },
    { "a raw NUL", ngx_string("/api/v2/tenant\0x"), NGX_EIAM_BELOW_LOOSE },
    { "an encoded question mark",
      ngx_string("/api/v2/tenant%3fx"), NGX_EIAM_BELOW_LOOSE },
    { "an encoded number sign",
      ngx_string("/api/v2/tenant%23x"), NGX_EIAM_BELOW_LOOSE },
    { "a control character that some drop",
      ngx_string("/ap%09i/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a dot at a segment's end",
      ngx_string("/api./v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a space at a segment's end",
      ngx_string("/api%20/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "an overlong slash",
      ngx_string("/api%c0%afv2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "an overlong slash of three bytes",
      ngx_string("/api%e0%80%afv2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "an overlong slash of four bytes",
      ngx_string("/api\xf0\x80\x80\xafv2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a full-width slash",
      ngx_string("/api\xef\xbc\x8fv2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "full-width letters",
      ngx_string("/\xef\xbd\x81pi/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "an escape of UTF-16",
      ngx_string("/api%u002fv2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a full-width slash in UTF-16",
      ngx_string("/api%uff0fv2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a division slash",
      ngx_string("/x/..%e2%88%95api/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a division slash in UTF-16",
      ngx_string("/x/..%u2215api/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a space at a segment's start",
      ngx_string("/%20api/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "a letter whose lower case is ASCII",
      ngx_string("/ap\xc4\xb0/v2/tenant"), NGX_EIAM_BELOW_LOOSE },
    { "bytes beyond ASCII that some drop",
      ngx_string("/a\xffpi/v2/tenant"), NGX_EIAM_BELOW_LOOSE },

    { NULL, ngx_null_string, NGX_EIAM_OUTSIDE }
};


static const ngx_eiam_unit_base_t  ngx_eiam_unit_base_root[] = {
    { "everything is below a base of no segments",
      ngx_string("/x/y"), NGX_EIAM_BELOW_PLAIN },
    { "an ambiguous target is loosely below it",
      ngx_string("/x/../y"), NGX_EIAM_BELOW_LOOSE },
    { NULL, ngx_null_string, NGX_EIAM_OUTSIDE }
};


void
ngx_eiam_unit_base(ngx_eiam_unit_t *unit)
{
    static const ngx_str_t  tenant = ngx_string("/api/v2/tenant");
    static const ngx_str_t  root = ngx_null_string;

    ngx_eiam_unit_base_rows(unit, &tenant, ngx_eiam_unit_base_tenant);
    ngx_eiam_unit_base_rows(unit, &root, ngx_eiam_unit_base_root);
}


static void
ngx_eiam_unit_base_rows(ngx_eiam_unit_t *unit, const ngx_str_t *path,
    const ngx_eiam_unit_base_t *row)
{
    ngx_str_t            target;
    ngx_uint_t           ok, side;
    ngx_eiam_base_t      base;
    ngx_eiam_reading_t   reading;

    if (ngx_eiam_base_init(&base, path, unit->pool) != NGX_OK) {
        ngx_eiam_unit_ok(unit, 0, "a base is made");
        return;
    }

    for ( /* void */ ; row->title; row++) {

        ok = 1;

        for (ngx_eiam_unit_sides(side)) {
            target = ngx_eiam_unit_place(0, side, &row->target);
            ok &= (ngx_eiam_base_read(&reading, &target, unit->pool)
                   == NGX_OK
                   && ngx_eiam_base_below(&base, &reading) == row->below);
        }

        ngx_eiam_unit_ok(unit, ok, "%s", row->title);
    }
}
