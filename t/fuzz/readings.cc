
#include "readings.h"

#include <cstdint>
#include <vector>

using std::string;


static bool
is_hex(const string &s, size_t i, size_t n)
{
    if (i + n > s.size()) {
        return false;
    }

    return s.substr(i, n).find_first_not_of("0123456789abcdefABCDEF")
           == string::npos;
}


static string
replaced(string s, const string &from, const string &to)
{
    for (size_t i = s.find(from); i != string::npos;
         i = s.find(from, i + to.size()))
    {
        s.replace(i, from.size(), to);
    }

    return s;
}


static string
utf8(unsigned c)
{
    if (c < 0x80) {
        return string(1, (char) c);
    }

    if (c < 0x800) {
        return { (char) (0xc0 | c >> 6), (char) (0x80 | (c & 0x3f)) };
    }

    return { (char) (0xe0 | c >> 12), (char) (0x80 | (c >> 6 & 0x3f)),
             (char) (0x80 | (c & 0x3f)) };
}


/* the path's segments, with the one before the first slash */

static std::vector<string>
split(const string &path)
{
    std::vector<string>  segments(1);

    for (char c : path) {
        if (c == '/') {
            segments.push_back("");
        } else {
            segments.back() += c;
        }
    }

    return segments;
}


static string
join(const std::vector<string> &segments)
{
    string  path;

    for (size_t i = 0; i < segments.size(); i++) {
        path += (i ? "/" : "") + segments[i];
    }

    return path;
}


static string
decode(string s)
{
    string  out;

    for (size_t i = 0; i < s.size(); i++) {

        if (s[i] == '%' && is_hex(s, i + 1, 2)) {
            out += (char) std::stoi(s.substr(i + 1, 2), nullptr, 16);
            i += 2;
        } else {
            out += s[i];
        }
    }

    return out;
}


static string
decode_utf16(string s)
{
    string  out;

    for (size_t i = 0; i < s.size(); i++) {

        if (s[i] == '%' && i + 1 < s.size() && (s[i + 1] | 0x20) == 'u'
            && is_hex(s, i + 2, 4))
        {
            out += utf8(std::stoi(s.substr(i + 2, 4), nullptr, 16));
            i += 5;
        } else {
            out += s[i];
        }
    }

    return out;
}


/* a decoder of UTF-8 that accepts overlong forms */

static string
overlong(string s)
{
    string  out;

    for (size_t i = 0; i < s.size(); i++) {

        unsigned char  c = s[i];
        size_t         more = c >= 0xf0 && c < 0xf8 ? 3
                              : c >= 0xe0 && c < 0xf0 ? 2
                              : c >= 0xc0 && c < 0xe0 ? 1 : 0;
        unsigned       code = c & (0x3f >> more);
        size_t         n = 0;

        while (n < more && i + n + 1 < s.size()
               && ((unsigned char) s[i + n + 1] & 0xc0) == 0x80)
        {
            code = code << 6 | ((unsigned char) s[i + ++n] & 0x3f);
        }

        if (more && n == more && code < 0x80) {
            out += (char) code;
            i += n;
        } else {
            out += s[i];
        }
    }

    return out;
}


/* Unicode's compatibility forms and best fits of characters with a meaning */

static string
narrow(string s)
{
    static const struct {
        const char  *from;
        const char  *to;
    } forms[] = {
        { "\xe2\x81\x84", "/" }, { "\xe2\x88\x95", "/" },
        { "\xe2\xa7\xb8", "/" }, { "\xe2\x88\x96", "\\" },
        { "\xe2\xa7\xb5", "\\" }, { "\xef\xb9\xa8", "\\" },
        { "\xe2\x80\xa4", "." }, { "\xe2\x80\xa5", ".." },
        { "\xe2\x80\xa6", "..." }, { "\xef\xb9\x92", "." },
        { "\xef\xbd\xa1", "." }, { "\xe3\x80\x82", "." },
        { "\xcd\xbe", ";" }, { "\xef\xb9\x94", ";" },
        { "\xe2\x84\xaa", "k" }, { "\xc5\xbf", "s" },
        { "\xc4\xb1", "i" }, { "\xc4\xb0", "i" },
    };

    for (const auto &form : forms) {
        s = replaced(s, form.from, form.to);
    }

    for (unsigned c = 0x21; c <= 0x7e; c++) {
        s = replaced(s, utf8(c + 0xfee0), string(1, (char) c));
    }

    return s;
}


static string
without(const string &s, bool (*dropped)(unsigned char))
{
    string  out;

    for (char c : s) {
        if (!dropped(c)) {
            out += c;
        }
    }

    return out;
}


static string
without_controls(string s)
{
    return without(s, [](unsigned char c) {
        return (c && c < 0x20) || c == 0x7f;
    });
}


static string
without_8bit(string s)
{
    return without(s, [](unsigned char c) { return c >= 0x80; });
}


static string
until_nul(string s)
{
    return s.substr(0, s.find('\0'));
}


static string
until_query(string s)
{
    return s.substr(0, s.find_first_of("?#"));
}


static string
slashed(string s)
{
    return replaced(s, "\\", "/");
}


static string
spaced(string s)
{
    return replaced(s, "+", " ");
}


static string
merged(string s)
{
    for (size_t i; (i = s.find("//")) != string::npos; /* void */ ) {
        s.erase(i, 1);
    }

    return s;
}


/* removes the name of a stream from a file's name, as NTFS does */

static string
without_streams(string s)
{
    auto  segments = split(s);

    for (auto &segment : segments) {
        segment = segment.substr(0, segment.find(':'));
    }

    return join(segments);
}


/* removes the id of a session, as ASP.NET does */

static string
without_session(string s)
{
    std::vector<string>  out;

    for (const auto &segment : split(s)) {
        if (segment.size() < 2 || segment.front() != '('
            || segment.back() != ')')
        {
            out.push_back(segment);
        }
    }

    return join(out);
}


/* the path after the name of a script */

static string
path_info(string s)
{
    auto  segments = split(s);

    for (size_t i = 0; i + 1 < segments.size(); i++) {
        if (segments[i].find('.') != string::npos) {
            segments.erase(segments.begin() + 1, segments.begin() + i + 1);
            break;
        }
    }

    return join(segments);
}


static string
without_parameters(string s)
{
    auto  segments = split(s);

    for (auto &segment : segments) {
        segment = segment.substr(0, segment.find(';'));
    }

    return join(segments);
}


static string
resolved(string s)
{
    std::vector<string>  out;

    for (const auto &segment : split(s)) {

        if (segment == "..") {
            if (out.size() > 1) {
                out.pop_back();
            }

        } else if (segment != ".") {
            out.push_back(segment);
        }
    }

    return join(out);
}


static string
trimmed(const string &s, const char *front, const char *back)
{
    auto  segments = split(s);

    for (auto &segment : segments) {
        size_t  first = segment.find_first_not_of(front);
        size_t  last = segment.find_last_not_of(back);

        segment = first == string::npos || last == string::npos
                  || last < first
                  ? "" : segment.substr(first, last + 1 - first);
    }

    return join(segments);
}


/* trims the name of a file, as Windows does */

static string
trimmed_end(string s)
{
    return trimmed(s, "", ". ");
}


/* trims the segments of a path, as Spring before 4.3 does */

static string
trimmed_both(string s)
{
    return trimmed(s, " \t\r\n\v\f", " \t\r\n\v\f");
}


const step_t  steps[] = {
    { 'd', decode },
    { 'u', decode_utf16 },
    { 'o', overlong },
    { 'n', narrow },
    { 'p', without_parameters },
    { 'b', slashed },
    { 'm', merged },
    { 'r', resolved },
    { 'c', without_controls },
    { 'x', without_8bit },
    { 'z', until_nul },
    { 'q', until_query },
    { 't', trimmed_end },
    { 'w', trimmed_both },
    { 's', spaced },
    { 'a', without_streams },
    { 'k', without_session },
    { 'i', path_info },
    { 0, nullptr }
};


string
reading(const string &letters, string path)
{
    for (char letter : letters) {
        for (const step_t *step = steps; step->run; step++) {
            if (step->letter == letter) {
                path = step->run(path);
            }
        }
    }

    return path;
}


bool
is_below(const string &path, const string &base)
{
    if (path.size() < base.size()) {
        return false;
    }

    for (size_t i = 0; i < base.size(); i++) {
        char  c = path[i];

        if (c >= 'A' && c <= 'Z') {
            c += 'a' - 'A';
        }

        if (c != base[i]) {
            return false;
        }
    }

    return path.size() == base.size() || path[base.size()] == '/';
}
