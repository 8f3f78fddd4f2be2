
/*
 * Is there a way around the gate?  An input is "steps target": steps of
 * readings.cc, one letter each, a space, and the path of a request line up to
 * the end of the line.  A control character, which no path contains, stands for
 * one of the pieces below.
 *
 * A target that some reading takes below the base path must not count as
 * outside of it; a target that the gate lets pass must have a single reading.
 */

extern "C" {
#include "fuzz.h"
#include <ngx_eiam_base.h>
#include <ngx_eiam_target.h>
}

#include "readings.h"

using std::string;


static const string  base_path = "/ask/b1";

/* roughly nginx, Tomcat, Jetty, Spring, Apache, IIS, PHP, Node, Go, .NET */

static const char *const  servers[] = {
    "", "d", "dmr", "pdmr", "rpdmr", "pdrmw", "drm", "dubmrt", "dd", "dpmr",
    "rdbmr", "bdmrt", "dzmr", "cdmr", "dcmr", "donbmr", "dunmr", "qdpmr",
    "dkmr", "damr", "dmri", "dpmrw", "sdmrw"
};


static const char *const  pieces[] = {
    "", "/ask", "/b1", "/ask/b1", "ask", "b1", "/..", "..", "/", ".", "",
    ";", "%2e", "%2f", "%5c", "%3b", "%25", "%20", "%00", "%0a", "%23", "%3f",
    "%ff", "%u002f", "%u2215", "%u2216", "%c0%af", "%ef%bc%8f", "%e2%88%95",
    "%e2%84%aa", "(x)", ":x"
};


static string
expanded(const string &text)
{
    string  out;

    for (unsigned char c : text) {
        out += c < 0x20 ? pieces[c] : string(1, (char) c);
    }

    return out;
}


static string
copy(ngx_str_t text)
{
    return string((char *) text.data, text.len);
}


static ngx_str_t
view(const string &text)
{
    ngx_str_t  s;

    s.data = (u_char *) text.data();
    s.len = text.size();

    return s;
}


/* no step changes a target that passes as unambiguous */

static void
passes(const string &raw, const string &decoded, void *charset,
    const char *but)
{
    ngx_str_t  r = view(raw), d = view(decoded);

    if (ngx_eiam_target_check(&r, &d, charset) != NGX_OK) {
        return;
    }

    fuzz_require(reading("d", raw) == decoded, "decoded once", &r);

    for (const step_t *step = steps; step->run; step++) {
        if (strchr(but, step->letter) == nullptr) {
            fuzz_require(step->run(decoded) == decoded, "one reading", &r);
        }
    }
}


/*
 * A strict target without a dot is below the base if and only if it begins with
 * the base; a dot may be cut off a name, or make it that of a script.
 */

static void
agrees(const string &raw, ngx_eiam_below_e below)
{
    ngx_str_t  r = view(raw), d = r;

    if (ngx_eiam_target_check(&r, &d, NULL) != NGX_OK) {
        return;
    }

    if (is_below(raw, base_path)) {
        fuzz_require(below != NGX_EIAM_OUTSIDE, "below the base", &r);

    } else if (raw.find('.') == string::npos) {
        fuzz_require(below == NGX_EIAM_OUTSIDE, "beside the base", &r);
    }
}


static void
reads(const string &letters, const string &raw, ngx_eiam_below_e below)
{
    ngx_str_t  r = view(raw);

    if (below == NGX_EIAM_OUTSIDE
        && is_below(reading(letters, raw), base_path))
    {
        fprintf(stderr, "read by the steps \"%s\"\n", letters.c_str());
        fuzz_require(0, "outside in every reading", &r);
    }
}


extern "C" int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void        *charset;
    ngx_str_t           rest, path = view(base_path);
    fuzz_input_t        input;
    ngx_eiam_base_t     base;
    ngx_eiam_below_e    below;
    ngx_eiam_reading_t  read;

    fuzz_open(&input, data, size);

    if (charset == NULL) {
        charset = fuzz_charset();
    }

    rest = input.text;

    string  way = copy(fuzz_take(&rest, ' ')).substr(0, 8);
    string  raw = expanded(copy(fuzz_take(&rest, '\n')));

    rest = view(raw);

    if (ngx_eiam_base_init(&base, &path, input.pool) == NGX_OK
        && ngx_eiam_base_read(&read, &rest, input.pool) == NGX_OK)
    {
        below = ngx_eiam_base_below(&base, &read);

        agrees(raw, below);
        reads(way, raw, below);

        for (const char *server : servers) {
            reads(server, raw, below);
        }
    }

    passes(raw, raw, NULL, "ti");
    passes(raw, reading("d", raw), charset, "tinxsak");

    fuzz_close(&input);

    return 0;
}
