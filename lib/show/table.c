/* table.c - events as rows of CSV (RFC 4180) and of tab-separated values. */
#include "base/escape.h"
#include "priv/show.h"

/* Text that a spreadsheet takes for a formula may run programs and send what is in other cells elsewhere. An apostrophe
 * before it prevents that. The rule is that of the dashboard (lib/web/page/assets/csv.js); tests/unit/csv_cells.ndjson
 * has cases for both. */

/* What spreadsheets skip before a formula: control characters and blanks, of Unicode, too. */
static size_t skip_blanks(struct dnc_str s)
{
	static const struct dnc_str wide[] = {
		DNC_STR("\u00a0"), DNC_STR("\u3000"), DNC_STR("\ufeff")};
	size_t i = 0;

	while (i < s.n) {
		struct dnc_str rest = {s.p + i, s.n - i};
		size_t k = 0;

		if ((unsigned char)s.p[i] <= ' ') {
			i++;
			continue;
		}
		while (k < 3 && !dnc_str_starts(rest, wide[k]))
			k++;
		if (k == 3)
			break;
		i += wide[k].n;
	}
	return i;
}

/* = + - @, and the full-width ones, which some spreadsheets read alike. */
static bool starts_formula(struct dnc_str s)
{
	static const struct dnc_str signs[] = {DNC_STR("="), DNC_STR("+"), DNC_STR("-"),
		DNC_STR("@"), DNC_STR("\uff1d"), DNC_STR("\uff0b"), DNC_STR("\uff0d"),
		DNC_STR("\uff20")};

	for (size_t k = 0; k < sizeof signs / sizeof signs[0]; k++)
		if (dnc_str_starts(s, signs[k]))
			return true;
	return false;
}

static size_t skip_digits(struct dnc_str s, size_t i)
{
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i;
}

/* True for a sign and a number, and nothing else: +12025550143, -3, -1.5. */
static bool is_number(struct dnc_str s)
{
	size_t end = skip_digits(s, 1), point = end;

	if (end == 1 || !memchr("+-", s.p[0], 2))
		return false;
	if (end < s.n && s.p[end] == '.')
		end = skip_digits(s, end + 1);
	return end == s.n && end != point + 1;
}

/* True for a masked number, alone or with a blank and text after it, as summaries have it: +1******0143 suppressed.
 * No formula has two stars side by side. */
static bool starts_masked(struct dnc_str s)
{
	size_t i = skip_digits(s, 1), stars = i;

	while (i < s.n && s.p[i] == '*')
		i++;
	if (s.p[0] != '+' || stars == 1 || i < stars + 2)
		return false;
	i = skip_digits(s, i);
	return i == s.n || s.p[i] == ' ';
}

static bool is_formula(struct dnc_str s)
{
	size_t i = skip_blanks(s);

	if (s.n && (s.p[0] == '\t' || s.p[0] == '\r'))
		return true;
	return starts_formula((struct dnc_str){s.p + i, s.n - i}) && !is_number(s) &&
	       !starts_masked(s);
}

static void write_csv_cell(struct dnc_buf *out, struct dnc_str s)
{
	bool formula = is_formula(s), quoted = false;

	for (size_t i = 0; i < s.n && !quoted; i++)
		quoted = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' || s.p[i] == '\r';
	if (quoted)
		dnc_buf_chr(out, '"');
	if (formula)
		dnc_buf_chr(out, '\'');
	if (!quoted) {
		dnc_buf_str(out, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			dnc_buf_chr(out, '"');
		dnc_buf_chr(out, s.p[i]);
	}
	dnc_buf_chr(out, '"');
}

static void write_tsv_cell(struct dnc_buf *out, struct dnc_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '\t':
			dnc_buf_lit(out, "\\t");
			break;
		case '\n':
			dnc_buf_lit(out, "\\n");
			break;
		case '\r':
			dnc_buf_lit(out, "\\r");
			break;
		case '\\':
			dnc_buf_lit(out, "\\\\");
			break;
		default:
			dnc_buf_chr(out, s.p[i]);
		}
	}
}

struct table {
	char separator;
	struct dnc_str end; /* of a row, before the newline */
	void (*cell)(struct dnc_buf *out, struct dnc_str s);
};

static const struct table csv = {',', DNC_STR("\r"), write_csv_cell},
			  tsv = {'\t', DNC_STR(""), write_tsv_cell};

static void write_cell(struct dnc_show *s, const struct table *t, struct dnc_buf *out,
	const struct dnc_event *e, const struct show_field *f)
{
	struct show_value v;

	show_field_value(f, e, &s->zone, &v);
	if (!v.there)
		return;
	dnc_buf_clear(&s->cell);
	show_value_write(&s->cell, e, &v);
	if (s->options.terminal) {
		dnc_buf_clear(&s->text);
		dnc_escape(&s->text, dnc_buf_view(&s->cell), DNC_ESCAPE_TEXT);
		t->cell(out, dnc_buf_view(&s->text));
	} else {
		t->cell(out, dnc_buf_view(&s->cell));
	}
}

static void write_row(
	struct dnc_show *s, const struct table *t, struct dnc_buf *out, const struct dnc_event *e)
{
	for (size_t i = 0; i < s->fields.count; i++) {
		if (i)
			dnc_buf_chr(out, t->separator);
		if (e)
			write_cell(s, t, out, e, &s->fields.field[i]);
		else
			t->cell(out, s->fields.field[i].name);
	}
	dnc_buf_str(out, t->end);
}

void show_csv(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	write_row(s, &csv, out, e);
}

void show_csv_header(struct dnc_show *s, struct dnc_buf *out)
{
	write_row(s, &csv, out, NULL);
}

void show_tsv(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	write_row(s, &tsv, out, e);
}

void show_tsv_header(struct dnc_show *s, struct dnc_buf *out)
{
	write_row(s, &tsv, out, NULL);
}
