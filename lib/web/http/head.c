#include "web/http/head.h"
#include "web/http/chars.h"
#include "web/http/framing.h"
#include "web/http/request_line.h"

static const char no_end_of_line[] =
	"the head has a line feed or carriage return alone: end lines with both, CR LF";

/* A line of a field (RFC 9112 section 5). Its bytes are those of values. */
static bool read_field(struct http_head *head, struct dnc_str line, struct http_field *field)
{
	const char *colon = memchr(line.p, ':', line.n);
	size_t n = colon ? (size_t)(colon - line.p) : 0;

	*field = (struct http_field){.name = {line.p, n}, .value = {line.p, 0}};
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return http_head_refuse(head, 400,
			"a line of the head starts with a blank: send each field in one line");
	if (!n || !http_all_are(field->name, HTTP_TOKEN))
		return http_head_refuse(head, 400,
			"a line of the head is no NAME: VALUE: send a name of letters, digits and "
			"'-', and the colon right behind it");
	field->value = dnc_str_trim((struct dnc_str){colon + 1, line.n - n - 1});
	return true;
}

/* A line is looked at when its end has come. START is where the request line starts, END where the line feed is. */
static bool check_line(struct http_head *head, const char *p, size_t start, size_t end)
{
	const char *before = memrchr(p + start, '\n', end - start);
	const char *from = before ? before + 1 : p + start;
	struct dnc_str line = {from, (size_t)(p + end - 1 - from)};
	struct http_field field;

	if (!before)
		return request_line_read(head, line);
	return !line.n || read_field(head, line, &field);
}

/* True when the line that ends with the line feed at END is empty. */
static bool is_empty_line(const char *p, size_t start, size_t end)
{
	return end >= start + 2 && p[end - 2] == '\n';
}

/* What can be said of byte AT by itself and the one before it. */
static bool check_byte(struct http_head *head, const char *p, size_t at)
{
	bool after_cr = at && p[at - 1] == '\r';

	if (after_cr != (p[at] == '\n'))
		return http_head_refuse(head, 400, no_end_of_line);
	if (!http_char_is(p[at], HTTP_VALUE) && p[at] != '\r' && p[at] != '\n')
		return http_head_refuse(head, 400,
			"the head has a control character: leave it out, or encode the value");
	return true;
}

/* Looks at the bytes from *SCANNED up to N, or to the end of the head: *END is then where it is, else 0. */
static bool scan(
	struct http_head *head, const char *p, size_t n, size_t start, size_t *scanned, size_t *end)
{
	*end = 0;
	for (; *scanned < n && !*end; ++*scanned) {
		size_t at = *scanned;

		if (!check_byte(head, p, at))
			return false;
		if (p[at] != '\n' || at < start)
			continue;
		if (is_empty_line(p, start, at))
			*end = at + 1;
		else if (!check_line(head, p, start, at))
			return false;
	}
	return true;
}

/* The first bytes, of which a bad one tells what does not speak HTTP. */
static bool check_start(struct http_head *head, const char *p, size_t n)
{
	enum { TLS_HANDSHAKE = 0x16 };
	size_t method = 0;

	if (n && p[0] == TLS_HANDSHAKE)
		return http_head_refuse(head, 400,
			"this port does not speak TLS: use http:// or ws://, without the s");
	while (method < n && method <= HTTP_METHOD_BYTES && http_char_is(p[method], HTTP_TOKEN))
		method++;
	if (method > HTTP_METHOD_BYTES)
		return http_head_refuse(head, 501, "the method is not known: use GET or POST");
	return method == n || (method && p[method] == ' ') ||
	       http_head_refuse(head, 400,
		       "the request does not start with a method: send METHOD TARGET HTTP/1.1");
}

/* The head has no end in N bytes. Is it too large, or its request line? SEEN bytes were there at the last call. */
static bool check_size(struct http_head *head, const char *p, size_t n, size_t start, size_t seen)
{
	size_t line = start + REQUEST_LINE_BYTES + 2;

	if (seen < line && n >= line && !memchr(p + start, '\n', line - start))
		return http_head_refuse(head, 414,
			"the request line is too long: send fewer or shorter arguments in the query "
			"string");
	if (n == HTTP_HEAD_BYTES)
		return http_head_refuse(
			head, 431, "the head is too large: send fewer or shorter fields");
	return true;
}

/* The head is whole, from START to its empty line. */
static bool read_whole(struct http_head *head, const char *p, size_t start)
{
	const char *line = p + start, *last = p + head->bytes - 2;
	const char *end = memchr(line, '\n', head->bytes - start);

	if (!request_line_read(head, (struct dnc_str){line, (size_t)(end - 1 - line)}))
		return false;
	for (line = end + 1; line < last; line = end + 1) {
		end = memchr(line, '\n', (size_t)(last - line));
		if (head->count == HTTP_HEAD_FIELDS)
			return http_head_refuse(
				head, 431, "the head has more than 100 fields: send fewer");
		if (!read_field(head, (struct dnc_str){line, (size_t)(end - 1 - line)},
			    &head->fields[head->count++]))
			return false;
	}
	return framing_read(head);
}

enum http_head_verdict http_head_read(
	const char *p, size_t n, size_t *scanned, struct http_head *out)
{
	size_t start = n >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0, end;
	size_t limit = n < HTTP_HEAD_BYTES ? n : HTTP_HEAD_BYTES, seen = *scanned;

	if (n == 1 && p[0] == '\r')
		return HTTP_HEAD_MORE;
	if (!check_start(out, p + start, limit - start) ||
		!scan(out, p, limit, start, scanned, &end))
		return HTTP_HEAD_REFUSED;
	if (!end)
		return check_size(out, p, limit, start, seen) ? HTTP_HEAD_MORE : HTTP_HEAD_REFUSED;
	*out = (struct http_head){.bytes = end};
	return read_whole(out, p, start) ? HTTP_HEAD_READ : HTTP_HEAD_REFUSED;
}
