#include "priv/template.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include "base/escape.h"
#include "priv/columns.h"
#include "priv/show.h"

/* The template while it is read. */
struct source {
	const char *start, *p;
	char *literal; /* where the next byte of a literal goes */
	struct dnc_error *err;
};

static int fail(struct source *s, const char *at, const char *why)
{
	dnc_error_set(s->err, EINVAL, "%s", why);
	if (s->err)
		s->err->offset = (size_t)(at - s->start);
	return -1;
}

/* Copies text up to the next field, without its escapes. */
static int read_literal(struct source *s, struct show_piece *piece)
{
	static const char names[] = "nt\\", values[] = "\n\t\\";
	char *start = s->literal;

	while (*s->p && (*s->p != '{' || s->p[1] == '{')) {
		const char *name;

		if (*s->p == '\\') {
			name = s->p[1] ? strchr(names, s->p[1]) : NULL;
			if (!name)
				return fail(s, s->p, "after \\ only n, t and \\ are allowed");
			*s->literal++ = values[name - names];
			s->p += 2;
			continue;
		}
		if (*s->p == '}' && s->p[1] != '}')
			return fail(s, s->p, "a } without a {; write }} for the character");
		if (*s->p == '{' || *s->p == '}')
			s->p++;
		*s->literal++ = *s->p++;
	}
	piece->literal = (struct dnc_str){start, (size_t)(s->literal - start)};
	return 0;
}

static int read_number(struct source *s, unsigned *number)
{
	const char *start = s->p;

	for (*number = 0; *s->p >= '0' && *s->p <= '9'; s->p++) {
		*number = *number * 10 + (unsigned)(*s->p - '0');
		if (*number > SHOW_WIDTH_MAX)
			return fail(s, start, "a width of more than 1000 columns");
	}
	return 0;
}

/* [<>^][WIDTH][.MOST] */
static int read_layout(struct source *s, struct show_piece *piece)
{
	if (*s->p && strchr("<>^", *s->p))
		piece->align = *s->p++;
	if (read_number(s, &piece->width) < 0)
		return -1;
	if (*s->p == '.') {
		s->p++;
		if (read_number(s, &piece->most) < 0)
			return -1;
		if (!piece->most)
			return fail(s, s->p, "after . a number of columns must follow");
	}
	return *s->p == '}' ? 0
	                    : fail(s, s->p,
				      "after : only an alignment (< > ^), a width and .MOST "
				      "may stand before the }");
}

static int read_field(struct source *s, struct show_piece *piece)
{
	const char *start = s->p++;
	size_t n = strcspn(s->p, "{}:");
	struct dnc_str name = {s->p, n};

	if (s->p[n] != '}' && s->p[n] != ':')
		return fail(s, start, "a { without a }; write {{ for the character");
	if (show_field_read(&piece->field, name, s->err) < 0) {
		if (s->err)
			s->err->offset = (size_t)(s->p - s->start);
		return -1;
	}
	s->p += n;
	if (*s->p == ':') {
		s->p++;
		if (read_layout(s, piece) < 0)
			return -1;
	}
	s->p++;
	piece->has_field = true;
	return 0;
}

static void drop_newline(struct show_template *t)
{
	struct show_piece *last = &t->piece[t->count - 1];

	if (!last->has_field && last->literal.n && last->literal.p[last->literal.n - 1] == '\n')
		last->literal.n--;
}

int show_template_read(struct show_template *t, const char *text, struct dnc_error *err)
{
	struct source s = {.err = err};

	if (strlen(text) > SHOW_TEMPLATE_BYTES)
		return dnc_error_set(err, EINVAL, "longer than %d bytes", (int)SHOW_TEMPLATE_BYTES);
	t->text = strdup(text);
	t->literals = malloc(strlen(text) + 1);
	t->piece = calloc(SHOW_PIECES_MAX, sizeof *t->piece);
	if (!t->text || !t->literals || !t->piece)
		return dnc_error_nomem(err);
	s.start = s.p = t->text;
	s.literal = t->literals;
	do {
		struct show_piece *piece = &t->piece[t->count];

		if (t->count == SHOW_PIECES_MAX)
			return fail(&s, s.p, "more than 127 fields");
		piece->align = '<';
		if (read_literal(&s, piece) < 0 || (*s.p && read_field(&s, piece) < 0))
			return -1;
		t->count++;
	} while (*s.p);
	drop_newline(t);
	return 0;
}

void show_template_free(struct show_template *t)
{
	free(t->piece);
	free(t->text);
	free(t->literals);
	*t = (struct show_template){0};
}

/* The value in S->text, escaped. */
static void write_value(struct dnc_show *s, const struct show_field *f, const struct dnc_event *e)
{
	struct show_value v;

	show_field_value(f, e, &s->zone, &v);
	dnc_buf_clear(&s->text);
	if (v.text && v.there) {
		dnc_escape(&s->text, v.str, DNC_ESCAPE_TEXT);
		return;
	}
	dnc_buf_clear(&s->cell);
	show_value_write(&s->cell, e, &v);
	dnc_escape(&s->text, dnc_buf_view(&s->cell), DNC_ESCAPE_JSON);
}

static void write_piece(struct dnc_show *s, struct dnc_buf *out, const struct show_piece *p,
	const struct dnc_event *e)
{
	unsigned used, left;

	write_value(s, &p->field, e);
	if (!p->width && !p->most) {
		dnc_buf_str(out, dnc_buf_view(&s->text));
		return;
	}
	dnc_buf_clear(&s->cell);
	used = show_cut(&s->cell, dnc_buf_view(&s->text), p->most ? p->most : UINT_MAX);
	left = used < p->width ? p->width - used : 0;
	show_blanks(out, p->align == '>' ? left : p->align == '^' ? left / 2 : 0);
	dnc_buf_str(out, dnc_buf_view(&s->cell));
	show_blanks(out, p->align == '<' ? left : p->align == '^' ? left - left / 2 : 0);
}

void show_template(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	for (size_t i = 0; i < s->template.count; i++) {
		const struct show_piece *p = &s->template.piece[i];

		dnc_buf_str(out, p->literal);
		if (p->has_field)
			write_piece(s, out, p, e);
	}
}
