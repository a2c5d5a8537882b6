#include "priv/revoked_line.h"
#include <errno.h>
#include <stdio.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Those that separate or quote elsewhere are not among them: who writes them means something else. */
static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~:+/|@!$&*%^?", c));
}

static int fault(struct dnc_error *err, size_t at, const char *what)
{
	dnc_error_set(err, EINVAL, "%s", what);
	if (err)
		err->offset = at;
	return -1;
}

static int refuse_character(struct dnc_error *err, size_t at, char c)
{
	unsigned char byte = (unsigned char)c;
	char what[96];

	if (byte == '\r')
		return fault(err, at, "a carriage return without a line feed");
	if (byte > 0x20 && byte < 0x7f)
		snprintf(what, sizeof what,
			"unexpected %c: write one jti a line, one with %c in it as a JSON string",
			c, c);
	else if (is_blank(c))
		snprintf(what, sizeof what,
			"unexpected text after a blank: write one jti a line, and # before a comment");
	else
		snprintf(what, sizeof what,
			"byte 0x%02x: outside of comments only printable ASCII is allowed", byte);
	return fault(err, at, what);
}

/* A comment holds no character that shows as the end of a line: what follows that would seem to be listed. */
static int check_comment(struct dnc_str line, size_t at, struct dnc_error *err)
{
	static const struct dnc_str ends[] = {
		DNC_STR("\xc2\x85"), DNC_STR("\xe2\x80\xa8"), DNC_STR("\xe2\x80\xa9")};

	for (; at < line.n; at++) {
		struct dnc_str rest = {line.p + at, line.n - at};
		unsigned char byte = (unsigned char)line.p[at];

		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return refuse_character(err, at, line.p[at]);
		for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
			if (dnc_str_starts(rest, ends[i]))
				return fault(err, at, "a line separator in a comment");
	}
	return 0;
}

/* What follows a jti: nothing, blanks, or blanks and a comment. */
static int check_rest(struct dnc_str line, size_t at, struct dnc_error *err)
{
	size_t from = at;

	while (at < line.n && is_blank(line.p[at]))
		at++;
	if (at == line.n)
		return 0;
	if (at > from && line.p[at] == '#')
		return check_comment(line, at, err);
	return refuse_character(err, at, at > from && is_bare(line.p[at]) ? ' ' : line.p[at]);
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static int set_jti(char jti[DNC_JTI_MAX], struct dnc_str text, size_t at, struct dnc_error *err)
{
	if (!text.n || text.n >= DNC_JTI_MAX)
		return fault(err, at, "a jti must have 1 to 127 bytes");
	for (size_t i = 0; i < text.n; i++)
		if (is_control(text.p[i]))
			return fault(err, at, "a jti must not have control characters");
	memcpy(jti, text.p, text.n);
	jti[text.n] = '\0';
	return 0;
}

/* The string at AT, whose first quote has been seen. Sets END behind its last one. */
static int read_quoted(struct dnc_json_parser *parser, struct dnc_str line, size_t at, size_t *end,
	char jti[DNC_JTI_MAX], struct dnc_error *err)
{
	struct dnc_error why;
	struct dnc_json doc;
	size_t i = at + 1;

	for (; i < line.n && line.p[i] != '"'; i++) {
		if (is_control(line.p[i]) || (unsigned char)line.p[i] > 0x7f)
			return refuse_character(err, i, line.p[i]);
		if (line.p[i] == '\\')
			i++;
	}
	if (i >= line.n)
		return fault(err, at, "the quote is not closed");
	*end = i + 1;
	if (dnc_json_parse(parser, line.p + at, *end - at, &doc, &why) < 0)
		return why.code == DNC_ERROR_NO_MEMORY
		               ? dnc_error_nomem(err)
		               : fault(err, at, "what is quoted is not a JSON string");
	return set_jti(jti, doc.node[0].text, at, err);
}

/* How many characters of base64's padding are at AT. Elsewhere than at the end = would be between a name and its value. */
static size_t padding(struct dnc_str line, size_t at)
{
	size_t n = 0;

	while (at + n < line.n && line.p[at + n] == '=')
		n++;
	return at + n == line.n || is_blank(line.p[at + n]) ? n : 0;
}

int revoked_line_read(struct dnc_json_parser *parser, struct dnc_str line, char jti[DNC_JTI_MAX],
	struct dnc_error *err)
{
	size_t from = 0, at;

	while (from < line.n && is_blank(line.p[from]))
		from++;
	if (from == line.n)
		return 0;
	if (line.p[from] == '#')
		return check_comment(line, from, err);
	at = from;
	if (line.p[from] == '"') {
		if (read_quoted(parser, line, from, &at, jti, err) < 0)
			return -1;
	} else {
		while (at < line.n && is_bare(line.p[at]))
			at++;
		at += padding(line, at);
		if (at == from || line.p[from] == '=')
			return refuse_character(err, from, line.p[from]);
		if (set_jti(jti, (struct dnc_str){line.p + from, at - from}, from, err) < 0)
			return -1;
	}
	return check_rest(line, at, err) < 0 ? -1 : 1;
}

static bool is_all_bare(struct dnc_str jti)
{
	while (jti.n > 1 && jti.p[jti.n - 1] == '=')
		jti.n--; /* padding */
	for (size_t i = 0; i < jti.n; i++)
		if (!is_bare(jti.p[i]))
			return false;
	return true;
}

static void write_escape(struct dnc_buf *out, unsigned unit)
{
	dnc_buf_printf(out, "\\u%04x", unit);
}

/* Appends the first character of S, which is UTF-8, as it stands in a JSON string of ASCII. Returns its length. */
static size_t write_character(struct dnc_buf *out, struct dnc_str s)
{
	unsigned char first = (unsigned char)s.p[0];
	size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	unsigned code = n == 1 ? first : first & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)s.p[i] & 0x3f);
	if (code >= 0x10000) { /* a surrogate pair: RFC 8259 section 7 */
		write_escape(out, 0xd800 + ((code - 0x10000) >> 10));
		write_escape(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
	} else if (n > 1 || code == '"' || code == '\\') {
		write_escape(out, code);
	} else {
		dnc_buf_chr(out, s.p[0]);
	}
	return n;
}

int revoked_line_write(struct dnc_buf *out, struct dnc_str jti, struct dnc_error *err)
{
	char copy[DNC_JTI_MAX];

	if (set_jti(copy, jti, DNC_NO_OFFSET, err) < 0)
		return -1;
	if (!dnc_json_is_utf8(jti))
		return fault(err, DNC_NO_OFFSET, "a jti must be UTF-8");
	if (is_all_bare(jti)) {
		dnc_buf_str(out, jti);
	} else {
		dnc_buf_chr(out, '"');
		while (jti.n) {
			size_t n = write_character(out, jti);

			jti.p += n;
			jti.n -= n;
		}
		dnc_buf_chr(out, '"');
	}
	dnc_buf_chr(out, '\n');
	return 0;
}
