#include "web/http/request_line.h"
#include "web/http/authority.h"
#include "web/http/chars.h"

/* The part of REST before the first blank, which is taken off with it; p is NULL when there is no blank. */
static struct dnc_str next_part(struct dnc_str *rest)
{
	const char *blank = rest->n ? memchr(rest->p, ' ', rest->n) : NULL;
	struct dnc_str part = {NULL, 0};

	if (!blank)
		return part;
	part = (struct dnc_str){rest->p, (size_t)(blank - rest->p)};
	rest->p = blank + 1;
	rest->n -= part.n + 1;
	return part;
}

static bool read_method(struct http_head *head, struct dnc_str method)
{
	head->method = method;
	if (!method.n || !http_all_are(method, HTTP_TOKEN))
		return http_head_refuse(head, 400,
			"the request does not start with a method: send METHOD TARGET HTTP/1.1");
	return true;
}

/* HTTP/1.2 and later are read as 1.1, as RFC 9110 section 2.5 says. */
static bool read_version(struct http_head *head, struct dnc_str version)
{
	static const char form[] = "HTTP/0.0";
	const char *v = version.p;

	if (version.n != sizeof form - 1 || memcmp(v, form, 5) != 0 || v[5] < '0' || v[5] > '9' ||
		v[6] != '.' || v[7] < '0' || v[7] > '9')
		return http_head_refuse(head, 400,
			"the request line does not end with a version: send METHOD TARGET HTTP/1.1, "
			"with one blank between them");
	if (v[5] != '1')
		return http_head_refuse(
			head, 505, "the version of HTTP is not supported: use HTTP/1.1");
	head->http_1_0 = v[7] == '0';
	return true;
}

static bool is_escaped(struct dnc_str s, enum http_chars chars)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!http_char_is(s.p[i], chars))
			return false;
		if (s.p[i] == '%' && (s.n - i < 3 || http_hex_digit(s.p[i + 1]) < 0 ||
					     http_hex_digit(s.p[i + 2]) < 0))
			return false;
	}
	return true;
}

static bool read_path_and_query(struct http_head *head, struct dnc_str s)
{
	const char *mark = s.n ? memchr(s.p, '?', s.n) : NULL;

	head->path = (struct dnc_str){s.p, mark ? (size_t)(mark - s.p) : s.n};
	if (mark)
		head->query = (struct dnc_str){mark + 1, s.n - head->path.n - 1};
	if (!is_escaped(head->path, HTTP_PATH) || !is_escaped(head->query, HTTP_QUERY))
		return http_head_refuse(head, 400,
			"the target has a character that no URI has, or half an escape: percent-encode "
			"it as %XX");
	/* An absolute target may have no path. */
	if (!head->path.n)
		head->path = DNC_STR("/");
	return true;
}

/* The bytes of "http://" or "https://" at the start of S; 0: neither. */
static size_t scheme_bytes(struct dnc_str s)
{
	static const struct dnc_str schemes[] = {{"http://", 7}, {"https://", 8}};

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (s.n >= schemes[i].n &&
			dnc_str_caseeq((struct dnc_str){s.p, schemes[i].n}, schemes[i]))
			return schemes[i].n;
	return 0;
}

/* RFC 9112 section 3.2.2. */
static bool read_absolute(struct http_head *head, struct dnc_str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '/' && s.p[n] != '?')
		n++;
	head->host = (struct dnc_str){s.p, n};
	if (!authority_is_valid(head->host))
		return http_head_refuse(head, 400,
			"the target names no valid host: send its path alone, and the host as Host");
	return read_path_and_query(head, (struct dnc_str){s.p + n, s.n - n});
}

static bool read_target(struct http_head *head, struct dnc_str target)
{
	size_t scheme = scheme_bytes(target);

	if (target.n > HTTP_TARGET_BYTES)
		return http_head_refuse(head, 414,
			"the target is too long: send fewer or shorter arguments in the query string");
	if (scheme)
		return read_absolute(head, (struct dnc_str){target.p + scheme, target.n - scheme});
	if (target.n && target.p[0] == '/')
		return read_path_and_query(head, target);
	if (dnc_str_eq(target, DNC_STR("*")) && dnc_str_eq(head->method, DNC_STR("OPTIONS"))) {
		head->path = target;
		return true;
	}
	return http_head_refuse(head, 400,
		"the target is neither a path nor an address: start it with '/', http:// or https://");
}

bool request_line_read(struct http_head *head, struct dnc_str line)
{
	struct dnc_str rest = line, method = next_part(&rest), target = next_part(&rest);

	head->query = head->host = (struct dnc_str){NULL, 0};
	/* The version comes first: the target of another one may look different. */
	return read_method(head, method) && read_version(head, target.p ? rest : target) &&
	       read_target(head, target);
}
