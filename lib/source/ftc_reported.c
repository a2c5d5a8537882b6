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
			strcmp(csv->headers[i], "robocall") != 0)
			csv_add_field(s, csv->headers[i], field_at(csv, i));
	if (robocall.n == 1 && strchr("YN", robocall.p[0]))
		source_add(s, "robocall", robocall.p[0] == 'Y' ? DNC_STR("yes") : DNC_STR("no"));
	dnc_buf_chr(&s->event, '}');
	return source_record(s);
}

static void detect(const struct sample *sample, struct verdict *v)
{
	bool header = dnc_str_starts(sample_first(sample), DNC_STR("Company_Phone_Number,"));

	verdict_set(v, header ? FORMAT_SURE : FORMAT_NO, "its header %s with Company_Phone_Number",
		header ? "starts" : "does not start");
}

const struct format format_ftc_reported = {
	.about = {"ftc-reported", "the FTC's file of reported calls",
		DNC_FORMAT_HEADER | DNC_FORMAT_LIST},
	.detect = detect,
	.line = csv_line,
	.next = csv_next,
	.row = read_row};
