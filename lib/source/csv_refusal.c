/* csv_refusal.c - the message for a file whose header can't be used. */
#include <ctype.h>
#include "priv/record.h"

/* A header as messages show it: short, in one line. */
static void add_shown(struct dnc_buf *b, struct dnc_str header)
{
	size_t n = header.n > 40 ? 40 : header.n;

	for (size_t i = 0; i < n; i++)
		dnc_buf_chr(b, iscntrl((unsigned char)header.p[i]) ? ' ' : header.p[i]);
	if (n < header.n)
		dnc_buf_lit(b, "...");
}

/* Lists the headers, or the first of them if there are many. The caller frees it. */
static struct dnc_buf list_headers(const struct csv_state *csv)
{
	struct dnc_buf b = {0};

	for (size_t i = 0; i < csv->count && i < CSV_MAX_COLUMNS; i++) {
		if (b.n > 200) {
			dnc_buf_lit(&b, ", ...");
			break;
		}
		if (i)
			dnc_buf_lit(&b, ", ");
		add_shown(&b, field_at(csv, i));
	}
	dnc_buf_chr(&b, '\0');
	return b;
}

enum dnc_source_result csv_refuse_header(struct dnc_source *s, const char *before,
	struct dnc_str header, const char *between, struct dnc_str other, const char *after,
	bool list)
{
	struct dnc_buf text = {0}, headers = {0};
	enum dnc_source_result rc;

	dnc_buf_str(&text, dnc_str(before));
	add_shown(&text, header);
	dnc_buf_str(&text, dnc_str(between));
	if (other.p)
		add_shown(&text, other);
	dnc_buf_str(&text, dnc_str(after));
	if (list) {
		headers = list_headers(&s->csv);
		dnc_buf_lit(&text, "; the headers are: ");
		if (dnc_buf_ok(&headers))
			dnc_buf_str(&text, dnc_str(headers.p));
	}
	dnc_buf_chr(&text, '\0');
	rc = dnc_buf_ok(&text) ? source_refuse(s, DNC_REFUSED_HEADER, "%s", text.p)
	                       : DNC_SOURCE_FAILED;
	dnc_buf_free(&text);
	dnc_buf_free(&headers);
	return rc;
}
