/* Each line of an INI file that is neither empty nor a comment is told, as an entry, a section or wrong, in order and with the
 * text that stands there; keys and values are where they are said to be. */
#include "base/ini.h"
#include "file.h"

static const char blanks[] = " \t\f\v\r";

struct check {
	struct dnc_str text; /* the whole file */
	unsigned line;       /* of the text that comes next */
	unsigned told;       /* the last line that was told */
};

/* The next line, without its end. */
static struct dnc_str take_line(struct check *c)
{
	const char *end = memchr(c->text.p, '\n', c->text.n);
	struct dnc_str line = {c->text.p, end ? (size_t)(end - c->text.p) : c->text.n};

	c->text.p += line.n + (end ? 1 : 0);
	c->text.n -= line.n + (end ? 1 : 0);
	c->line++;
	return line;
}

/* True if nobody need tell LINE. */
static bool says_nothing(struct dnc_str line, bool first)
{
	size_t at = 0;

	if (first && line.n >= 3 && memcmp(line.p, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	while (at < line.n && line.p[at] && strchr(blanks, line.p[at]))
		at++;
	return at == line.n || line.p[at] == '#' || line.p[at] == ';';
}

/* Passes over what need not be told before line NUMBER; *LINE gets that one. */
static void advance(struct check *c, unsigned number, struct dnc_str *line)
{
	while (c->line < number) {
		if (!c->text.n)
			abort();
		*line = take_line(c);
		if (c->line < number && !says_nothing(*line, c->line == 1))
			abort();
	}
}

static struct dnc_str present;

static void check_line(struct check *c, const struct dnc_ini_entry *e)
{
	if (e->line < c->told || !e->line)
		abort();
	c->told = e->line;
	advance(c, e->line, &present);
	if (e->text.n > present.n || memcmp(e->text.p, present.p, e->text.n) != 0)
		abort();
}

static int on_entry(void *ctx, const struct dnc_ini_entry *e)
{
	struct dnc_str rest;

	check_line(ctx, e);
	if (present.n - e->text.n > 1 || e->key_at > e->text.n || e->value_at > e->text.n ||
		strlen(e->section) > DNC_INI_NAME_MAX)
		abort();
	if (!e->key) {
		size_t n = strlen(e->section);

		if (e->text.p[e->key_at - 1] != '[' || e->text.p[e->key_at + n] != ']' ||
			memcmp(e->text.p + e->key_at, e->section, n) != 0)
			abort();
		return 0;
	}
	if (!e->continues && memcmp(e->text.p + e->key_at, e->key, strlen(e->key)) != 0)
		abort();
	if (!e->value.n)
		return 0;
	rest = (struct dnc_str){e->text.p + e->value_at, e->text.n - e->value_at};
	if (rest.n < e->value.n || memcmp(rest.p, e->value.p, e->value.n) != 0)
		abort();
	return 0;
}

static int on_wrong(void *ctx, const struct dnc_ini_entry *e, size_t at, const char *why)
{
	check_line(ctx, e);
	if (at > e->text.n || !why[0])
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check c = {.text = {(const char *)data, size}};
	const struct dnc_ini_events all = {.entry = on_entry, .wrong = on_wrong, .ctx = &c};
	struct dnc_error err = {0};
	struct dnc_str line;

	if (dnc_ini_read(fuzz_file(data, size), &all, &err) < 0)
		abort(); /* lines that are wrong do not end it */
	while (c.text.n) {
		line = take_line(&c);
		if (!says_nothing(line, c.line == 1) || (!c.text.n && data[size - 1] != '\n'))
			abort();
	}
	return 0;
}
