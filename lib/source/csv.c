/* csv.c - files with a header line (RFC 4180, libcsv): dialer exports, vendor lists, and the
 * reported-calls files of the FTC. */
#include <ctype.h>
#include <stdlib.h>
#include "../base/clock.h"
#include "reader.h"

/* Headers seen in the wild, lower case with "_" for anything else than letters and digits, and
 * the event field they mean. */
static const struct {
	const char *header, *field;
} synonyms[] = {{"phone", "phone_number"}, {"number", "phone_number"},
	{"telephone", "phone_number"}, {"phone_no", "phone_number"},
	{"phonenumber", "phone_number"}, {"tel", "phone_number"}, {"mobile", "phone_number"},
	{"msisdn", "phone_number"}, {"cell", "phone_number"}, {"registered_at", "suppressed_at"},
	{"date_added", "suppressed_at"}, {"added_at", "suppressed_at"},
	{"added_by", "suppressed_by"}, {"event_type", "type"},
	{"company_phone_number", "phone_number"}, {"created_date", "timestamp"},
	{"violation_date", "violation_at"}, {"subject", "details"},
	{"recorded_message_or_robocall", "robocall"}};

static void fold_header(struct dnc_str header, char out[64])
{
	size_t n = 0;

	for (size_t i = 0; i < header.n && n < 63; i++) {
		unsigned char c = (unsigned char)header.p[i];

		out[n++] = isalnum(c) ? (char)tolower(c) : '_';
	}
	out[n] = '\0';
}

/* The event field of a column: what the user said, a synonym, or the header's own name. */
static const char *field_of(const struct dnc_source *s, struct dnc_str header, const char *folded)
{
	for (size_t i = 0; i < s->options.column_count; i++)
		if (dnc_str_caseeq(dnc_str(s->options.columns[i].header), header))
			return s->options.columns[i].field;
	for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++)
		if (strcmp(synonyms[i].header, folded) == 0)
			return synonyms[i].field;
	return folded;
}

static void on_field(void *field, size_t n, void *ctx)
{
	struct csv_state *csv = ctx;

	if (csv->count < CSV_MAX_COLUMNS) {
		dnc_buf_add(&csv->fields, field, n);
		csv->ends[csv->count] = csv->fields.n;
	}
	csv->count++;
}

static void on_row(int end, void *ctx)
{
	(void)end;
	((struct csv_state *)ctx)->row_done = true;
}

static struct dnc_str field_at(const struct csv_state *csv, size_t i)
{
	size_t from = i ? csv->ends[i - 1] : 0;

	return (struct dnc_str){csv->fields.p ? csv->fields.p + from : "", csv->ends[i] - from};
}

static void clear_row(struct csv_state *csv)
{
	dnc_buf_clear(&csv->fields);
	dnc_buf_clear(&csv->raw);
	csv->count = 0;
	csv->row_done = false;
}

static int start_parser(struct csv_state *csv)
{
	if (csv->ready)
		csv_free(&csv->parser);
	csv->ready = csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI) == 0;
	return csv->ready ? 0 : -1;
}

void csv_finish(struct csv_state *csv)
{
	if (csv->ready)
		csv_free(&csv->parser);
	for (size_t i = 0; i < csv->columns; i++)
		free(csv->headers[i]);
	dnc_buf_free(&csv->raw);
	dnc_buf_free(&csv->fields);
}

static int read_header(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;

	csv->header_done = true;
	if (csv->count > CSV_MAX_COLUMNS)
		return source_reject(
			s, DNC_REJECT_INVALID_ROW, "", "more than %d columns", CSV_MAX_COLUMNS);
	for (size_t i = 0; i < csv->count; i++) {
		struct dnc_str header = field_at(csv, i);
		char folded[64];

		fold_header(header, folded);
		csv->headers[i] = s->options.map ? strndup(header.p, header.n)
		                                 : strdup(field_of(s, header, folded));
		if (!csv->headers[i])
			return -1;
		csv->columns++;
		for (size_t k = 0; k < i; k++)
			if (strcmp(csv->headers[k], csv->headers[i]) == 0) {
				csv->headers[i][0] = '\0'; /* the first column of a name counts */
				break;
			}
	}
	return 0;
}

static struct dnc_str column(const struct csv_state *csv, const char *field)
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

/* Adds a field as it stands; dates without offset as RFC 3339. Empty fields are left out. */
static void add_field(struct dnc_source *s, const char *field, struct dnc_str value)
{
	char text[DNC_TIME_LEN];
	int64_t ms;

	if (!value.n || !*field)
		return;
	if (is_time(field) && dnc_clock_parse_local(value, &ms)) {
		dnc_clock_format(ms, text);
		value = (struct dnc_str){text, sizeof text};
	}
	source_add(s, field, value);
}

/* With a map: the row as an object of its headers. */
static int give_plain(struct dnc_source *s)
{
	dnc_buf_clear(&s->event);
	dnc_buf_chr(&s->event, '{');
	for (size_t i = 0; i < s->csv.columns; i++)
		if (*s->csv.headers[i])
			source_add(s, s->csv.headers[i], field_at(&s->csv, i));
	dnc_buf_chr(&s->event, '}');
	return source_give(s);
}

/* A row of a list whose columns we know or were told. */
static int give_list_row(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	struct dnc_str type = column(csv, "type"), date = column(csv, "suppressed_at");
	const struct {
		const char *key, *value;
	} given[] = {{"provider", s->options.provider}, {"provider_id", s->options.provider_id},
		{"reason", s->options.reason}, {"source", s->options.source}};
	bool has_id = column(csv, "id").n || column(csv, "event_id").n;
	int rc;

	dnc_buf_clear(&s->event);
	dnc_buf_chr(&s->event, '{');
	source_add(s, "type", type.n ? type : dnc_type_names[DNC_NUMBER_SUPPRESSED]);
	if (!date.n)
		date = column(csv, "timestamp");
	if (has_id)
		source_add(s, "phone_number", column(csv, "phone_number"));
	else if (source_add_row_number(s, column(csv, "phone_number"), date,
			 type.n ? "row" : "suppressed", NULL, &rc) < 0)
		return rc;
	for (size_t i = 0; i < csv->columns; i++)
		if (strcmp(csv->headers[i], "type") != 0 &&
			strcmp(csv->headers[i], "phone_number") != 0)
			add_field(s, csv->headers[i], field_at(csv, i));
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
		if (given[i].value && !column(csv, given[i].key).n)
			source_add(s, given[i].key, dnc_str(given[i].value));
	dnc_buf_chr(&s->event, '}');
	return source_give(s);
}

/* A row of DNC_Complaint_Numbers_YYYY-MM-DD.csv: a call that a consumer reported. */
static int give_reported(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	struct dnc_str robocall = column(csv, "robocall");
	int rc;

	source_begin(s, DNC_COMPLIANCE_VIOLATION);
	/* Two reports of one number in one second about one subject are one report. */
	if (source_add_row_number(s, column(csv, "phone_number"), column(csv, "timestamp"),
		    "reported", "ftc_reported_calls", &rc) < 0)
		return rc;
	source_add_origin(s, "ftc_reported_calls", NULL, NULL);
	source_add(s, "violation_type", DNC_STR("ftc_reported_call"));
	for (size_t i = 0; i < csv->columns; i++)
		if (strcmp(csv->headers[i], "phone_number") != 0 &&
			strcmp(csv->headers[i], "robocall") != 0)
			add_field(s, csv->headers[i], field_at(csv, i));
	if (robocall.n == 1 && strchr("YN", robocall.p[0])) {
		dnc_json_write_key(&s->event, DNC_STR("robocall"));
		dnc_json_write_str(
			&s->event, robocall.p[0] == 'Y' ? DNC_STR("yes") : DNC_STR("no"));
	}
	dnc_buf_chr(&s->event, '}');
	return source_give(s);
}

static int finish_row(struct dnc_source *s, int (*give)(struct dnc_source *))
{
	struct csv_state *csv = &s->csv;
	int rc;

	s->record = (struct dnc_record){
		.line = csv->first_line, .raw = dnc_str_trim(dnc_buf_view(&csv->raw))};
	if (!csv->header_done)
		rc = read_header(s);
	else if (csv->count != csv->columns)
		rc = source_reject(s, DNC_REJECT_INVALID_ROW, "", "%zu fields, the header has %zu",
			csv->count, csv->columns);
	else
		rc = s->options.map ? give_plain(s) : give(s);
	clear_row(csv);
	return rc;
}

static int bad_row(struct dnc_source *s, const char *why)
{
	int rc;

	s->record = (struct dnc_record){
		.line = s->csv.first_line, .raw = dnc_str_trim(dnc_buf_view(&s->csv.raw))};
	rc = source_reject(s, DNC_REJECT_INVALID_ROW, "", "%s", why);
	clear_row(&s->csv);
	return start_parser(&s->csv) < 0 ? -1 : rc;
}

/* A row may go over several lines, when a quoted field holds line ends. */
static int feed(struct dnc_source *s, const struct dnc_line *line, int (*give)(struct dnc_source *))
{
	struct csv_state *csv = &s->csv;
	size_t from = csv->raw.n, n = line->text.n + 1;

	if (!csv->ready && start_parser(csv) < 0)
		return -1;
	if (!csv->raw.n)
		csv->first_line = line->number;
	dnc_buf_str(&csv->raw, line->text);
	dnc_buf_chr(&csv->raw, '\n');
	if (!dnc_buf_ok(&csv->raw))
		return -1;
	if (csv_parse(&csv->parser, csv->raw.p + from, n, on_field, on_row, csv) != n)
		return bad_row(s, "not CSV: a quote stands where none may");
	if (csv->row_done)
		return finish_row(s, give);
	if (csv->raw.n > s->options.max_record)
		return bad_row(s, "not CSV: a quoted field does not end");
	return 0;
}

bool csv_detect(struct dnc_str first_line)
{
	return memchr(first_line.p, ',', first_line.n);
}

int csv_line(struct dnc_source *s, const struct dnc_line *line)
{
	return feed(s, line, give_list_row);
}

int csv_end(struct dnc_source *s)
{
	return s->csv.raw.n ? bad_row(s, "not CSV: a quoted field does not end") : 0;
}

bool reported_detect(struct dnc_str first_line)
{
	return dnc_str_starts(first_line, DNC_STR("Company_Phone_Number,"));
}

int reported_line(struct dnc_source *s, const struct dnc_line *line)
{
	return feed(s, line, give_reported);
}
