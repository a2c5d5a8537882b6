/* A file of revoked tokens is refused, or each of its lines that is neither empty nor a comment revokes what stands there;
 * what is written as a line is read back. */
#include <ctype.h>
#include "auth/priv/revoked_line.h"
#include "file.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The plainest reading: a word of letters and digits, and nothing or a comment behind it. Other lines are quoted, or have
 * other characters. */
static void check_line(const struct dnc_revoked *r, struct dnc_str line)
{
	char jti[DNC_JTI_MAX];
	size_t n = 0;

	line = dnc_str_trim(line);
	if (!line.n || line.p[0] == '#' || line.p[0] == '"')
		return;
	while (n < line.n && isalnum((unsigned char)line.p[n]))
		n++;
	if (n < line.n && !is_blank(line.p[n])) {
		if (line.p[n] == ',' || line.p[n] == ';' || line.p[n] == '#' || line.p[n] == '\'' ||
			line.p[n] <= 0)
			abort();
		return;
	}
	if (!n || n >= sizeof jti)
		abort();
	memcpy(jti, line.p, n);
	jti[n] = '\0';
	if (!dnc_revoked_has(r, jti))
		abort();
}

static void check_file(const uint8_t *data, size_t size)
{
	struct dnc_error err = {0};
	struct dnc_revoked *r = dnc_revoked_load(fuzz_file(data, size), &err);
	struct dnc_str text = {(const char *)data, size};

	if (!r && !err.message[0])
		abort();
	if (r && dnc_str_starts(text, DNC_STR("\xef\xbb\xbf")))
		text.p += 3, text.n -= 3;
	while (r && text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) : text.n;

		check_line(r, (struct dnc_str){text.p, n});
		text.p += n + (end ? 1 : 0);
		text.n -= n + (end ? 1 : 0);
	}
	dnc_revoked_free(r);
}

static void check_written(const uint8_t *data, size_t size)
{
	static struct dnc_json_parser *parser;
	struct dnc_str jti = {(const char *)data, size};
	struct dnc_buf line = {0};
	char read[DNC_JTI_MAX];
	struct dnc_error err;

	if (!parser)
		parser = dnc_json_parser_new();
	if (revoked_line_write(&line, jti, &err) == 0) {
		line.n--; /* its end */
		if (!dnc_buf_reserve(&line, DNC_JSON_PADDING) || line.n > REVOKED_LINE_MAX ||
			revoked_line_read(parser, dnc_buf_view(&line), read, &err) != 1 ||
			!dnc_str_eq(dnc_str(read), jti))
			abort();
	} else if (line.n) {
		abort();
	}
	dnc_buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == 1)
		check_written(data + 1, size - 1);
	else
		check_file(data, size);
	return 0;
}
