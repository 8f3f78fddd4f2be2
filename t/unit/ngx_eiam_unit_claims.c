
#include "ngx_eiam_unit.h"
#include <ngx_eiam_claims.h>


typedef struct {
    const char  *text;
    ngx_int_t    rc;
    time_t       time;
} ngx_eiam_unit_claims_time_t;


typedef struct {
    const char  *text;
    ngx_int_t    rc;
    const char  *read;
} ngx_eiam_unit_claims_text_t;


static void ngx_eiam_unit_claims_times(ngx_eiam_unit_t *unit);
static void ngx_eiam_unit_claims_texts(ngx_eiam_unit_t *unit);


static const ngx_eiam_unit_claims_time_t  ngx_eiam_unit_claims_time[] = {
    { "{\"t\": 0}", NGX_OK, 0 },
    { "{\"t\": 1700000000}", NGX_OK, 1700000000 },
    { "{\"t\": 1700000000.0}", NGX_OK, 1700000000 },
    { "{\"t\": 1700000000.999}", NGX_OK, 1700000000 },
    { "{\"t\": 17e8}", NGX_OK, 1700000000 },
    { "{\"t\": 0.5}", NGX_OK, 0 },
    { "{\"t\": -0.0}", NGX_OK, 0 },
    { "{\"t\": -0.5}", NGX_OK, -1 },
    { "{\"t\": -1}", NGX_OK, -1 },
    { "{\"t\": -1.5}", NGX_OK, -2 },
    { "{\"t\": 1e-300}", NGX_OK, 0 },
    { "{\"t\": 9007199254740991}", NGX_OK, 9007199254740991 },
    { "{\"t\": -9007199254740991}", NGX_OK, -9007199254740991 },
    { "{\"t\": 9007199254740992}", NGX_ERROR, 0 },
    { "{\"t\": -9007199254740992}", NGX_ERROR, 0 },
    { "{\"t\": 9223372036854775807}", NGX_ERROR, 0 },
    { "{\"t\": -9223372036854775808}", NGX_ERROR, 0 },
    { "{\"t\": 1e300}", NGX_ERROR, 0 },
    { "{\"t\": -1e300}", NGX_ERROR, 0 },
    { "{\"t\": \"1700000000\"}", NGX_ERROR, 0 },
    { "{\"t\": null}", NGX_ERROR, 0 },
    { "{\"t\": true}", NGX_ERROR, 0 },
    { "{\"t\": [1700000000]}", NGX_ERROR, 0 },
    { "{\"T\": 1700000000}", NGX_DECLINED, 0 },
    { "{}", NGX_DECLINED, 0 },
    { NULL, 0, 0 }
};


static const ngx_eiam_unit_claims_text_t  ngx_eiam_unit_claims_text[] = {
    { "{\"s\": \"crm\"}", NGX_OK, "crm" },
    { "{\"s\": \"12345678\"}", NGX_OK, "12345678" },
    { "{\"s\": \"a b\\\"\\\\\"}", NGX_OK, "a b\"\\" },
    { "{\"s\": \"\\u4e2d\"}", NGX_OK, "\xe4\xb8\xad" },
    { "{\"s\": \"123456789\"}", NGX_ERROR, NULL },
    { "{\"s\": \"\"}", NGX_ERROR, NULL },
    { "{\"s\": \"a\\nb\"}", NGX_ERROR, NULL },
    { "{\"s\": \"a\\u007f\"}", NGX_ERROR, NULL },
    { "{\"s\": \"\\u0001\"}", NGX_ERROR, NULL },
    { "{\"s\": 1}", NGX_ERROR, NULL },
    { "{\"s\": null}", NGX_ERROR, NULL },
    { "{\"s\": [\"crm\"]}", NGX_ERROR, NULL },
    { "{\"S\": \"crm\"}", NGX_DECLINED, NULL },
    { NULL, 0, NULL }
};


void
ngx_eiam_unit_claims(ngx_eiam_unit_t *unit)
{
    ngx_eiam_unit_claims_times(unit);
    ngx_eiam_unit_claims_texts(unit);
}


static void
ngx_eiam_unit_claims_times(ngx_eiam_unit_t *unit)
{
    time_t                              time;
    ngx_int_t                           rc;
    ngx_str_t                           text;
    ngx_eiam_node_t                     root;
    ngx_eiam_document_t                 document;
    const ngx_eiam_unit_claims_time_t  *row;

    for (row = ngx_eiam_unit_claims_time; row->text; row++) {

        text.data = (u_char *) row->text;
        text.len = ngx_strlen(row->text);
        time = 4711;

        rc = ngx_eiam_unit_parse(&document, unit->pool, &text, &root);

        if (rc == NGX_OK) {
            rc = ngx_eiam_claims_time(&root, "t", &time);
        }

        ngx_eiam_unit_ok(unit, rc == row->rc
                               && time == (rc == NGX_OK ? row->time : 4711)
                               && (document.fault.len > 0)
                                  == (rc == NGX_ERROR),
                         "the time of %s %V", row->text, &document.fault);
    }
}


static void
ngx_eiam_unit_claims_texts(ngx_eiam_unit_t *unit)
{
    ngx_int_t                           rc;
    ngx_str_t                           text, read;
    ngx_eiam_node_t                     root;
    ngx_eiam_document_t                 document;
    const ngx_eiam_unit_claims_text_t  *row;

    for (row = ngx_eiam_unit_claims_text; row->text; row++) {

        text.data = (u_char *) row->text;
        text.len = ngx_strlen(row->text);
        ngx_str_null(&read);

        rc = ngx_eiam_unit_parse(&document, unit->pool, &text, &root);

        if (rc == NGX_OK) {
            rc = ngx_eiam_claims_text(&root, "s", 8, &read);
        }

        text.data = (u_char *) row->read;
        text.len = row->read ? ngx_strlen(row->read) : 0;

        ngx_eiam_unit_ok(unit, rc == row->rc
                               && ngx_eiam_unit_equal(&read, &text),
                         "the text of %s %V", row->text, &document.fault);
    }
}
