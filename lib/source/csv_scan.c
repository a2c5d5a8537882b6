/* csv_scan.c - cuts lines into fields (RFC 4180): where a field ends is found by memchr(), and its bytes are copied at once, which
 * takes a fifth of the time of a parser that goes from byte to byte. */
#include "priv/csv.h"

static void skip(struct dnc_str *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

/* Where the field that is being read starts in the buffer. */
static size_t field_start(const struct csv_state *csv)
{
	size_t before = csv->count < CSV_MAX_COLUMNS ? csv->count : CSV_MAX_COLUMNS;

	return before ? csv->ends[before - 1] : 0;
}

/* Removes the marks of a cell that a spreadsheet keeps as text, of which the field consists: ="2025550143". */
static void remove_marks(struct dnc_buf *b, size_t start)
{
	char *field = b->p + start;
	size_t n = b->n - start;

	if (n < 3 || field[0] != '=' || field[1] != '"' ||
		memchr(field + 2, '"', n - 2) != field + n - 1)
		return;
	memmove(field, field + 2, n - 3);
	b->n -= 3;
}

/* What was added since the last field is one. Those beyond the last column are only counted. */
static void end_field(struct csv_state *csv)
{
	size_t start = field_start(csv);

	if (csv->fields.n > start && csv->fields.p[start] == '=')
		remove_marks(&csv->fields, start);
	if (csv->count < CSV_MAX_COLUMNS)
		csv->ends[csv->count] = csv->fields.n;
	else
		csv->fields.n = start;
	csv->count++;
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/* Passes over blanks that are no delimiters. True if all of them are spaces. */
static bool skip_blanks(struct dnc_str *s, char delimiter)
{
	bool spaces = true;

	for (; s->n && (s->p[0] == ' ' || s->p[0] == '\t') && s->p[0] != delimiter; skip(s, 1))
		spaces &= s->p[0] == ' ';
	return spaces;
}

/* Adds quoted text, and passes over the quote that ends it. Of two quotes one is meant. False if the line ends before. */
static bool add_quoted(struct dnc_buf *b, struct dnc_str *s)
{
	const char *quote;

	while ((quote = memchr(s->p, '"', s->n))) {
		size_t n = (size_t)(quote - s->p);
		bool two = n + 1 < s->n && quote[1] == '"';

		dnc_buf_add(b, s->p, n + two);
		skip(s, n + 1 + two);
		if (!two)
			return true;
	}
	dnc_buf_str(b, *s);
	s->n = 0;
	return false;
}

/* Adds text up to the next delimiter or the end of the line, without blanks at its end. False if a quote is in it. */
static bool add_plain(struct dnc_buf *b, struct dnc_str *s, char delimiter)
{
	const char *end = memchr(s->p, delimiter, s->n);
	size_t n = end ? (size_t)(end - s->p) : s->n, text;

	while (!end && n && is_line_end(s->p[n - 1]))
		n--;
	for (text = n; text && (s->p[text - 1] == ' ' || s->p[text - 1] == '\t');)
		text--;
	if (memchr(s->p, '"', text))
		return false;
	dnc_buf_add(b, s->p, text);
	skip(s, n);
	return true;
}

/* The place after the quote that ends the quoted text at the start of S; 0 if it does not end. */
static size_t quoted_length(struct dnc_str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] != '"')
			continue;
		if (i + 1 == s.n || s.p[i + 1] != '"')
			return i + 1;
		i++;
	}
	return 0;
}

/* True if the field at the start of S is quoted text after a "=", as spreadsheets' users write a number that must stay text:
 * ="2025550143". */
static bool is_marked(struct dnc_str s, char delimiter)
{
	size_t n;

	if (s.n < 2 || s.p[0] != '=' || s.p[1] != '"')
		return false;
	skip(&s, 1);
	n = quoted_length(s);
	skip(&s, n);
	while (s.n && s.p[0] == ' ' && delimiter != ' ')
		skip(&s, 1);
	return n && (!s.n || s.p[0] == delimiter || is_line_end(s.p[0]));
}

/* Reads the start of a field. Quoted text follows if it is true that CSV is quoted. False if the line is not CSV. */
static bool begin_field(struct csv_state *csv, struct dnc_str *s)
{
	if (skip_blanks(s, csv->delimiter) && is_marked(*s, csv->delimiter))
		skip(s, 1);
	if (s->n && s->p[0] == '"' && csv->delimiter != '"') {
		csv->quoted = true;
		skip(s, 1);
		return true;
	}
	return add_plain(&csv->fields, s, csv->delimiter);
}

enum csv_scanned csv_scan(struct csv_state *csv, struct dnc_str line)
{
	for (;;) {
		if (!csv->quoted && !begin_field(csv, &line))
			return CSV_WRONG;
		if (csv->quoted) {
			if (!add_quoted(&csv->fields, &line))
				return CSV_OPEN;
			csv->quoted = false;
			skip_blanks(&line, csv->delimiter);
		}
		if (line.n && line.p[0] != csv->delimiter && !is_line_end(line.p[0]))
			return CSV_WRONG;
		end_field(csv);
		if (!line.n || line.p[0] != csv->delimiter)
			return CSV_ROW;
		skip(&line, 1);
	}
}
