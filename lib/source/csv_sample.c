/* csv_sample.c - second numbers in the rows at the start of a file. Nothing was published yet: the file is refused as a whole, so
 * that no number of it is lost. */
#include <ctype.h>
#include "phone/phone.h"
#include "priv/format.h"

/* A column is one of telephone numbers if nine of ten fields are, and some are written as such or there are so many. */
enum { NUMBERS = 9, OF_FIELDS = 10, PLAIN_MIN = 5 };

/* What the fields of a column are that are not empty, and differ from the row's number. */
struct tally {
	size_t filled, numbers, written; /* numbers; those of them that are written as such */
	uint64_t line;                   /* of the first one */
};

/* A sample that is being read. */
struct reading {
	struct dnc_source *s;
	size_t next;   /* the next of the lines that were kept */
	uint64_t line; /* where the row starts */
	struct tally tally[CSV_MAX_COLUMNS];
};

/* Reads the next row into the fields; false at the end. What is no row is left out: it is rejected later. */
static bool next_row(struct reading *r)
{
	const struct kept *kept = &r->s->kept;
	struct csv_state *csv = &r->s->csv;
	enum csv_scanned scanned = CSV_WRONG;

	while (scanned == CSV_WRONG && r->next < kept->count) {
		dnc_buf_clear(&csv->fields);
		csv->count = 0;
		r->line = kept->first + r->next;
		do {
			const struct sample_line *l = &kept->lines[r->next++];

			scanned = r->s->format->scan(
				csv, (struct dnc_str){kept->text.p + l->at, l->n + l->end_n});
		} while (scanned == CSV_OPEN && r->next < kept->count);
		csv->quoted = false;
		if (scanned == CSV_ROW && csv->count != csv->columns)
			scanned = CSV_WRONG;
	}
	return scanned == CSV_ROW;
}

/* Groups of digits of a date in any order, with the same mark between them: 4/5/2026, 23.04.2026. */
static bool is_date(struct dnc_str field)
{
	size_t groups = 1, digits = 0, longest = 0;
	char mark = '\0';

	for (size_t i = 0; i < field.n; i++) {
		char c = field.p[i];

		if (isdigit((unsigned char)c)) {
			longest = ++digits > longest ? digits : longest;
			continue;
		}
		if (!strchr("./-", c) || (mark && c != mark))
			return false;
		mark = c;
		digits = 0;
		groups++;
	}
	return groups == 3 && longest <= 4 && field.n <= sizeof "23.04.2026" - 1;
}

/* True if FIELD has marks that telephone numbers have, and that decimals (2025550143.0) do not have. */
static bool is_marked(struct dnc_str field)
{
	size_t dots = 0;

	for (size_t i = 0; i < field.n; i++) {
		if (strchr("+()-/ ", field.p[i]))
			return true;
		dots += field.p[i] == '.';
	}
	return dots > 1;
}

/* True if FIELD is a valid number. Where national numbers start with a zero, as that of the row, WRITTEN so, does, others do,
 * too. *MARKED says that it is not digits alone. */
static bool is_number(
	struct dnc_source *s, struct dnc_str field, struct dnc_str written, bool *marked)
{
	char digits[CSV_CELL_DIGITS], e164[DNC_PHONE_MAX];
	struct dnc_str number;
	int64_t ms;
	size_t n;

	if (field.n < 7 || !strchr("+(0123456789t", field.p[0]) || is_date(field))
		return false;
	if (written.n && written.p[0] == '0' && isdigit((unsigned char)field.p[0]) &&
		field.p[0] != '0')
		return false;
	*marked = is_marked(field);
	return source_cell_number(s, field, &number, digits) &&
	       dnc_phone_normalize(dnc_str_trim(number), s->options.region, true, e164, &n) ==
	               DNC_PHONE_OK &&
	       !(*marked && csv_read_time(field, &ms));
}

/* Counts column I of the row. One that holds many other things is not asked any more. */
static void count(struct reading *r, size_t i, struct dnc_str written)
{
	enum { OTHERS_MAX = 5 };
	struct dnc_str field = dnc_str_trim(field_at(&r->s->csv, i));
	struct tally *t = &r->tally[i];
	bool marked;

	if (!field.n || dnc_str_eq(field, written) ||
		t->filled > t->numbers + OTHERS_MAX + t->numbers / NUMBERS)
		return;
	t->filled++;
	if (!is_number(r->s, field, written, &marked))
		return;
	if (!t->numbers++)
		t->line = r->line;
	t->written += marked;
}

static bool are_numbers(const struct tally *t, enum csv_second second)
{
	return t->numbers && OF_FIELDS * t->numbers >= NUMBERS * t->filled &&
	       (2 * t->written >= t->numbers ||
		       (second == SECOND_PLAIN && t->numbers >= PLAIN_MIN));
}

enum dnc_source_result csv_check_sample(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	struct reading r = {.s = s, .next = s->kept.taken};

	while (csv->asks && next_row(&r)) {
		struct dnc_str written = dnc_str_trim(field_at(csv, csv->phone));
		size_t second = csv->seconds ? csv_find_second(s) : csv->columns;

		if (second < csv->columns)
			return csv_refuse_second(s, second, r.line);
		for (size_t i = 0; i < csv->columns; i++)
			if (csv->second[i] > SECOND_NAMED)
				count(&r, i, written);
	}
	for (size_t i = 0; i < csv->columns; i++)
		if (are_numbers(&r.tally[i], csv->second[i]))
			return csv_refuse_second(s, i, r.tally[i].line);
	return dnc_buf_ok(&csv->fields) ? DNC_SOURCE_MORE : DNC_SOURCE_FAILED;
}
