/* ftc_reported.c - the FTC's daily file of calls that consumers reported. */
#include "priv/format.h"

/* A row of DNC_Complaint_Numbers_YYYY-MM-DD.csv: a call that a consumer reported. */
static enum dnc_source_result read_row(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	struct dnc_str robocall = csv_column(csv, "robocall");

	source_begin(s, DNC_COMPLIANCE_VIOLATION);
	if (!source_add_cell_number(s, csv_column(csv, "phone_number")))
		return source_reject_cell(s);
	source_add_origin(s, "ftc_reported_calls", NULL, NULL);
	source_add(s, "violation_type", DNC_STR("ftc_reported_call"));
	for (size_t i = 0; i < csv->columns; i++)
		if (strcmp(csv->headers[i], "phone_number") != 0 &&
			strcmp(csv->headers[i], "robocall") != 0 &&
			!csv_add_field(
				s, DNC_COMPLIANCE_VIOLATION, csv->headers[i], field_at(csv, i)))
			return csv_reject_time(s, csv->headers[i]);
	if (robocall.n == 1 && strchr("YN", robocall.p[0]))
		source_add(s, "robocall", robocall.p[0] == 'Y' ? DNC_STR("yes") : DNC_STR("no"));
	dnc_buf_chr(&s->event, '}');
	return source_record(s);
}

static bool has(struct dnc_str text, const char *word)
{
	return memmem(text.p, text.n, word, strlen(word));
}

static void detect(const struct sample *sample, struct verdict *v)
{
	struct dnc_str json = documents_sample(sample), first = sample_first(sample);

	if (json.p && has(json, "\"data\"") && !has(json, "\"specversion\"") &&
		(has(json, "\"company-phone-number\"") ||
			(has(json, "\"number\"") && has(json, "\"area-code\""))))
		verdict_set(v, FORMAT_SURE, "it starts with a page of reported calls");
	else if (first.p && has(first, "Company_Phone_Number"))
		verdict_set(v, FORMAT_SURE, "its header names Company_Phone_Number");
	else
		verdict_set(v, FORMAT_NO, "its header does not name Company_Phone_Number");
}

/* The first line shows whether it is the file or pages of the interface. */
static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *line)
{
	if (s->csv.header_done || s->csv.raw.n || !documents_start(line->text))
		return csv_line(s, line);
	if (s->options.column_count || s->options.delimiter || s->options.no_header)
		return source_refuse(s, DNC_REFUSED_HEADER,
			"is JSON, whose fields have names, so --column, --delimiter and --no-header can't be "
			"used");
	s->format = &format_ftc_reported_page;
	return documents_line(s, line);
}

const struct format format_ftc_reported = {
	.about = {"ftc-reported", "the FTC's file of reported calls, or pages in JSON",
		DNC_FORMAT_HEADER | DNC_FORMAT_LIST | DNC_FORMAT_CHANGES | DNC_FORMAT_LAYOUT},
	.origin = {.provider = "ftc_reported_calls"},
	.detect = detect,
	.line = read_line,
	.next = csv_next,
	.needs = "phone_number timestamp",
	.row = read_row};
