/* csv_header.c - which column of a CSV file holds which field of the event. */
#include <stdio.h>
#include <stdlib.h>
#include "priv/header_names.h"
#include "priv/format.h"
#include "unpack/encoding.h"

static bool names_number(struct dnc_str header, char delimiter)
{
	struct csv_cut c = {.rest = header, .delimiter = delimiter, .more = true};

	while (csv_cut_field(&c))
		if (csv_number_header(c.field))
			return true;
	return false;
}

/* The text of a header may have one of the others in it: "Name, Title;Phone". */
char csv_guess_delimiter(struct dnc_str header)
{
	static const char delimiters[] = ",;\t|";
	size_t count[sizeof delimiters - 1] = {0}, best = 0;
	bool quoted = false, named[sizeof delimiters - 1];

	for (size_t i = 0; i < header.n; i++) {
		const char *found = strchr(delimiters, header.p[i]);

		if (header.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && found && *found)
			count[found - delimiters]++;
	}
	for (size_t i = 0; i < sizeof count / sizeof count[0]; i++) {
		named[i] = count[i] && names_number(header, delimiters[i]);
		if (named[i] > named[best] || (named[i] == named[best] && count[i] > count[best]))
			best = i;
	}
	return delimiters[best];
}

static bool is_named(const struct csv_state *csv, const char *field, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (csv->headers[i] && strcmp(csv->headers[i], field) == 0)
			return true;
	return false;
}

/* The column that holds FIELD; the count of columns if there is none. */
static size_t find_named(const struct csv_state *csv, const char *field)
{
	size_t i = 0;

	while (i < csv->count && (!csv->headers[i] || strcmp(csv->headers[i], field) != 0))
		i++;
	return i;
}

/* Refuses two columns for one field: only the user knows which one counts. */
static enum dnc_source_result refuse_second(struct dnc_source *s, size_t first, size_t second)
{
	const struct csv_state *csv = &s->csv;
	struct dnc_str a = field_at(csv, first), b = field_at(csv, second);
	char after[4 * CSV_NAME_MAX];

	if (dnc_str_caseeq(dnc_str_trim(a), dnc_str_trim(b)))
		return csv_refuse_header(s, "has the header \"", a, "\" twice; rename one of them",
			(struct dnc_str){0}, "", true);
	snprintf(after, sizeof after,
		"\" both mean %s; select one with --column %s=HEADER (the other is then kept "
		"under its own name)",
		csv->headers[first], csv->headers[first]);
	return csv_refuse_header(
		s, "has two columns for one field: \"", a, "\" and \"", b, after, false);
}

/* NAME, with a number appended if a column has this name already. */
static char *free_name(const struct csv_state *csv, const char *name)
{
	char numbered[CSV_NAME_MAX + 12]; /* "_" and an int */

	snprintf(numbered, sizeof numbered, "%s", name);
	for (int n = 2; is_named(csv, numbered, csv->count); n++)
		snprintf(numbered, sizeof numbered, "%s_%d", name, n);
	return strdup(numbered);
}

/* Names the columns whose headers mean a field for CERTAIN, or those that usually mean one, if no other column holds it.
 * CHOSEN are those of --column. */
static enum dnc_source_result name_known(
	struct dnc_source *s, const bool chosen[CSV_MAX_COLUMNS], bool certain)
{
	struct csv_state *csv = &s->csv;
	bool taken[CSV_MAX_COLUMNS];

	for (size_t i = 0; i < csv->count; i++)
		taken[i] = csv->headers[i];
	for (size_t i = 0; i < csv->count; i++) {
		char field[CSV_NAME_MAX];
		size_t holder;

		if (taken[i] || !csv_header_field(field_at(csv, i), certain, field))
			continue;
		holder = find_named(csv, field);
		/* A column that is chosen or certain leaves to the others their own names. */
		if (holder < csv->count && (chosen[holder] || (!certain && taken[holder])))
			continue;
		if (holder < csv->count && dnc_event_has_field(DNC_TYPES, dnc_str(field)))
			return refuse_second(s, holder, i);
		if (holder == csv->count && !(csv->headers[i] = strdup(field)))
			return DNC_SOURCE_FAILED;
	}
	return DNC_SOURCE_MORE;
}

/* Refuses a number of one side of a call beside one of the other side: only the user knows which one is the consumer's. */
static enum dnc_source_result check_sides(struct dnc_source *s, const bool chosen[CSV_MAX_COLUMNS])
{
	const struct csv_state *csv = &s->csv;
	size_t holder = find_named(csv, "phone_number");
	enum csv_side side = CSV_NO_SIDE;

	if (holder < csv->count && !chosen[holder])
		side = csv_header_side(field_at(csv, holder));
	for (size_t i = 0; side && i < csv->count; i++) {
		enum csv_side other = csv_header_side(field_at(csv, i));

		if (!chosen[i] && other && other != side)
			return csv_refuse_header(s, "has the numbers of both sides of a call: \"",
				field_at(csv, holder), "\" and \"", field_at(csv, i),
				"\"; select that of the consumer with --column "
				"phone_number=HEADER (the other is then kept under its own name)",
				false);
	}
	return DNC_SOURCE_MORE;
}

/* Finds the columns that --column does not name and that say more of the number. */
static void find_beside(struct csv_state *csv, const bool chosen[CSV_MAX_COLUMNS])
{
	size_t holder = find_named(csv, "phone_number");
	struct dnc_beside_owner owner = {0};

	if (holder < csv->count)
		owner = dnc_beside_owner(field_at(csv, holder),
			(enum dnc_side)csv_header_side(field_at(csv, holder)));
	for (size_t i = 0; i < csv->count; i++) {
		csv->beside[i] = chosen[i] || i == holder
		                         ? DNC_BESIDE_NOTHING
		                         : (uint8_t)dnc_beside_of(field_at(csv, i), owner);
		csv->kinds_beside |= 1u << csv->beside[i] & ~1u;
	}
}

/* Names the columns that --column does not name. An unknown header keeps its own name. */
static enum dnc_source_result name_others(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	bool chosen[CSV_MAX_COLUMNS];
	enum dnc_source_result rc;

	for (size_t i = 0; i < csv->count; i++) {
		chosen[i] = csv->headers[i];
		if (chosen[i])
			continue;
		csv->contrary[i] = csv_contrary_header(field_at(csv, i));
	}
	if ((rc = name_known(s, chosen, true)) || (rc = name_known(s, chosen, false)) ||
		(rc = check_sides(s, chosen)))
		return rc;
	for (size_t i = 0; i < csv->count; i++) {
		char name[CSV_NAME_MAX];

		if (csv->headers[i])
			continue;
		csv_header_own_name(field_at(csv, i), i, name);
		if (!(csv->headers[i] = free_name(csv, name)))
			return DNC_SOURCE_FAILED;
	}
	s->beside.advice = "keep that as text with --column event_data.NAME=HEADER, or use a map";
	find_beside(csv, chosen);
	csv_mark_seconds(s, chosen);
	return DNC_SOURCE_MORE;
}

/* Keeps the headers as they are, for a map, which names the fields itself. */
static enum dnc_source_result name_plain(struct csv_state *csv)
{
	for (size_t i = 0; i < csv->count; i++) {
		struct dnc_str header = field_at(csv, i);
		char *name = header.n ? strndup(header.p, header.n) : NULL;
		char numbered[CSV_NAME_MAX + 8];

		if (!header.n) {
			snprintf(numbered, sizeof numbered, "column_%zu", i + 1);
			name = strdup(numbered);
		}
		for (int n = 2; name && is_named(csv, name, i); n++) {
			free(name);
			if (asprintf(&name, "%.*s_%d", DNC_STR_ARG(header), n) < 0)
				name = NULL;
		}
		if (!(csv->headers[i] = name))
			return DNC_SOURCE_FAILED;
	}
	return DNC_SOURCE_MORE;
}

/* True if a column of the first line holds a number: then the file has no header. */
static bool looks_like_a_row(const struct dnc_source *s, size_t *at)
{
	for (*at = 0; *at < s->csv.count; ++*at)
		if (source_is_cell_number(s, field_at(&s->csv, *at)))
			return true;
	return false;
}

static enum dnc_source_result check_text(struct dnc_source *s)
{
	struct dnc_str raw = s->record.raw;

	if (s->csv.count > CSV_MAX_COLUMNS)
		return source_refuse(
			s, DNC_REFUSED_HEADER, "has more than %d columns", CSV_MAX_COLUMNS);
	if (memchr(raw.p, '\0', raw.n))
		return source_refuse(
			s, DNC_REFUSED_CONTENT, "is not text: its header contains NUL bytes");
	if (!dnc_json_is_utf8(raw))
		return source_refuse(s, DNC_REFUSED_CONTENT, "has a header that is not UTF-8; %s",
			dnc_encoding_advice(raw));
	return DNC_SOURCE_MORE;
}

/* Refuses a file without a column that its format needs. */
static enum dnc_source_result check_needs(struct dnc_source *s)
{
	for (const char *p = s->format->needs; *p;) {
		size_t n = strcspn(p, " ");
		char field[CSV_NAME_MAX];

		snprintf(field, sizeof field, "%.*s", (int)n, p);
		if (find_named(&s->csv, field) == s->csv.count)
			return csv_refuse_header(s, "has no column that is known to contain ",
				dnc_str(field), "; name it with --column", (struct dnc_str){0}, "",
				true);
		p += n + (p[n] == ' ');
	}
	return DNC_SOURCE_MORE;
}

enum dnc_source_result csv_read_header(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	enum dnc_source_result rc = check_text(s);
	size_t at;

	csv->header_done = true;
	if (rc)
		return rc;
	csv->columns = csv->count;
	if (s->options.no_header)
		return csv_name_by_number(s);
	if (looks_like_a_row(s, &at))
		return csv_refuse_header(s, "has no header: its first line holds the number \"",
			field_at(csv, at),
			"\"; use --no-header, or --format=numbers if each line is a "
			"number and nothing else",
			(struct dnc_str){0}, "", false);
	if (s->options.map)
		return name_plain(csv);
	rc = csv_name_chosen(s);
	if (!rc)
		rc = name_others(s);
	if (rc)
		return rc;
	if (s->format->needs && (rc = check_needs(s)))
		return rc;
	if (!is_named(csv, "phone_number", csv->count) && !is_named(csv, "type", csv->count))
		return csv_refuse_header(s,
			"has no column that is known to contain the phone number",
			(struct dnc_str){0}, "; name it with --column phone_number=HEADER",
			(struct dnc_str){0}, "", true);
	return DNC_SOURCE_MORE;
}
