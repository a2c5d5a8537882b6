/* csv.c - files with a header line: dialer exports and vendor lists. */
#include "base/clock.h"
#include "priv/format.h"

struct dnc_str csv_column(const struct csv_state *csv, const char *field)
{
	for (size_t i = 0; i < csv->columns; i++)
		if (strcmp(csv->headers[i], field) == 0)
			return field_at(csv, i);
	return (struct dnc_str){0};
}

static bool is_time(const char *field)
{
	size_t n = strlen(field);

	return strcmp(field, "timestamp") == 0 || (n > 3 && strcmp(field + n - 3, "_at") == 0);
}

/* Writes a date and time as RFC 3339 without computing it again: VALUE, which was read, has both, to the second. */
static bool copy_time(struct dnc_str value, char text[DNC_TIME_LEN])
{
	static const char form[] = "0000-00-00T00:00:00.000Z";
	enum { SECONDS_END = 19, TIME_AT = 10 };
	bool leap = value.n == SECONDS_END && value.p[SECONDS_END - 2] == '6';

	if (value.n != SECONDS_END || leap)
		return false;
	memcpy(text, form, DNC_TIME_LEN);
	memcpy(text, value.p, SECONDS_END);
	text[TIME_AT] = form[TIME_AT];
	return true;
}

enum time_read {
	NO_TIME,
	RFC_3339, /* as it is */
	CHANGED,  /* to what dnc_clock_format() writes */
};

/* Makes VALUE RFC 3339 in TEXT unless it is; *MS is the time. */
static enum time_read read_time(struct dnc_str *value, char text[DNC_TIME_LEN], int64_t *ms)
{
	bool local = dnc_clock_parse_local(*value, ms);

	if (!local && dnc_clock_parse(*value, ms))
		return *ms < DNC_EVENT_TIME_MIN ? NO_TIME : RFC_3339;
	if ((!local && !csv_read_time(*value, ms)) || *ms < DNC_EVENT_TIME_MIN)
		return NO_TIME;
	if (!local || !copy_time(*value, text))
		dnc_clock_format(*ms, text);
	*value = (struct dnc_str){text, DNC_TIME_LEN};
	return CHANGED;
}

/* True if FIELD of an event of TYPE must be a time; other texts are kept as they are. */
static bool needs_time(enum dnc_type type, const char *field)
{
	return dnc_event_has_field(type, dnc_str(field));
}

bool csv_add_field(
	struct dnc_source *s, enum dnc_type type, const char *field, struct dnc_str value)
{
	char text[DNC_TIME_LEN];
	int64_t ms;

	if (!value.n || !*field)
		return true;
	if (is_time(field) && !read_time(&value, text, &ms) && needs_time(type, field))
		return false;
	source_add(s, field, value);
	return true;
}

enum dnc_source_result csv_reject_time(struct dnc_source *s, const char *field)
{
	return source_reject(s, DNC_REJECT_INVALID_TIMESTAMP, field,
		"%s is not a date that can be read without a guess, as 2026-04-23 08:00 is: convert it with a "
		"map, or keep it as text with --column event_data.NAME=HEADER",
		field);
}

/* What each column is, found once. Of two columns with one name the first one counts. */
static void plan_columns(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	const struct {
		const char *name, *value;
	} given[CSV_GIVEN] = {{"provider", s->options.provider},
		{"provider_id", s->options.provider_id}, {"reason", s->options.reason},
		{"source", s->options.source}};

	for (size_t i = csv->columns; i--;) {
		struct csv_column *column = &csv->plan[i];

		dnc_cell_name_set(&column->name, csv->headers[i]);
		column->time = is_time(csv->headers[i]);
		column->cell = *csv->headers[i];
		if (strcmp(csv->headers[i], "type") == 0)
			csv->type = i + 1, column->cell = false;
		else if (strcmp(csv->headers[i], "phone_number") == 0)
			csv->number = i + 1, column->cell = false;
		for (size_t k = 0; k < CSV_GIVEN; k++)
			if (strcmp(csv->headers[i], given[k].name) == 0)
				csv->given[k].column = i + 1;
	}
	for (size_t k = 0; k < CSV_GIVEN; k++) {
		dnc_cell_name_set(&csv->given[k].name, given[k].name);
		csv->given[k].value = dnc_str(given[k].value);
	}
	csv->planned = true;
}

/* The field of a column, counted from 1; p is NULL if it is 0: there is none. */
static struct dnc_str optional_field(const struct csv_state *csv, size_t column)
{
	return column ? field_at(csv, column - 1) : (struct dnc_str){0};
}

static struct dnc_cell *add_cell(
	struct csv_state *csv, const struct dnc_cell_name *name, struct dnc_str value)
{
	struct dnc_cell *cell = &csv->cell[csv->cells.count++];

	*cell = (struct dnc_cell){.name = name, .value = value};
	return cell;
}

/* Makes the value of CELL, of column AT, a time. False if it is none, and must be one. */
static bool make_time(struct csv_state *csv, struct dnc_cell *cell, size_t at)
{
	enum time_read read = read_time(&cell->value, csv->time[at], &cell->at_ms);

	cell->timed = read == CHANGED;
	return read || !needs_time(csv->cells.type, csv->headers[at]);
}

/* Adds the cells of the row, and the values of options for fields that it lacks. Returns the column whose time can't be read, from 1;
 * 0 if there is none. */
static size_t add_cells(struct csv_state *csv)
{
	for (size_t i = 0; i < csv->columns; i++) {
		const struct csv_column *column = &csv->plan[i];
		struct dnc_str value = field_at(csv, i);
		struct dnc_cell *cell;

		if (!column->cell || !value.n)
			continue;
		cell = add_cell(csv, &column->name, value);
		if (column->time && !make_time(csv, cell, i))
			return i + 1;
	}
	for (size_t k = 0; k < CSV_GIVEN; k++)
		if (csv->given[k].value.p && !optional_field(csv, csv->given[k].column).n)
			add_cell(csv, &csv->given[k].name, csv->given[k].value);
	return 0;
}

static enum dnc_source_result reject_type(struct dnc_source *s, struct dnc_str type)
{
	return source_reject(s, DNC_REJECT_UNKNOWN_TYPE, "type",
		"\"%.*s\" is no type of events; if the column says something else, as of a telephone, name "
		"it: --column event_data.phone_type=HEADER",
		type.n > 40 ? 40 : (int)type.n, type.p);
}

static enum dnc_source_result reject_contrary(struct dnc_source *s, const char *header)
{
	return source_reject(s, DNC_REJECT_INVALID_ROW, header,
		"%s says that the row may be no suppression: make its event with a map, or keep the column "
		"as text with --column event_data.NAME=HEADER",
		header);
}

enum dnc_source_result csv_read_row(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	struct dnc_str type;
	enum dnc_type of = DNC_NUMBER_SUPPRESSED;
	enum csv_meaning meaning = MEANS_NOTHING;
	enum dnc_source_result rc;
	size_t at;

	if (!csv->planned)
		plan_columns(s);
	type = optional_field(csv, csv->type);
	if (type.n && !source_type_by_name(type, &of))
		return reject_type(s, type);
	if (of == DNC_NUMBER_SUPPRESSED)
		meaning = csv_row_means(csv, &at);
	if (meaning == MEANS_CONTRARY)
		return reject_contrary(s, csv->headers[at]);
	if (meaning == MEANS_UNCLEAR && !*s->doubt)
		source_doubt(s, dnc_str(csv->headers[at]), field_at(csv, at));
	rc = csv_read_number(s, optional_field(csv, csv->number), &csv->read);
	if (rc)
		return rc;
	csv->cells = (struct dnc_cells){.type = of, .number = csv->read.read, .cell = csv->cell};
	if ((at = add_cells(csv)))
		return csv_reject_time(s, csv->headers[at - 1]);
	s->record.cells = &csv->cells;
	return DNC_SOURCE_RECORD;
}

const struct format format_csv = {.about = {"csv", "a header line and rows", DNC_FORMAT_HEADER},
	.detect = csv_detect,
	.line = csv_line,
	.next = csv_next,
	.scan = csv_scan,
	.row = csv_read_row};
