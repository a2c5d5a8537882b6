/* csv_header.c - which column of a CSV file holds which field of the event. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/words.h"
#include "phone/phone.h"
#include "priv/record.h"

enum { NAME_MAX_BYTES = 64 };

/* Headers that upstream systems use, folded, and the event field that each means. */
static const struct {
	const char *header, *field;
} synonyms[] = {{"number", "phone_number"}, {"registered_at", "suppressed_at"},
	{"date_added", "suppressed_at"}, {"added_at", "suppressed_at"},
	{"added_by", "suppressed_by"}, {"event_type", "type"}, {"created_date", "timestamp"},
	{"violation_date", "violation_at"}, {"subject", "details"},
	{"recorded_message_or_robocall", "robocall"}};

/* A header means a phone number if all its words are in these two lists and at least one is in the
 * first; digits at the end of a word do not count: "Cell Phone", "Phone #", "tel_no",
 * "home_phone2", but not "Phone Type". */
static const char number_words[] =
	"phone telephone tel mobile cell cellphone phonenumber phoneno msisdn ani landline";
static const char number_attributes[] =
	"number num no nr home work business office cell mobile alt alternate primary secondary other "
	"main day daytime evening contact customer consumer company caller calling called";

static bool means_number(const char *folded)
{
	bool found = false;

	for (const char *p = folded; *p;) {
		size_t n = strcspn(p, "_");
		struct dnc_str word = {p, n};

		while (word.n && isdigit((unsigned char)word.p[word.n - 1]))
			word.n--;
		if (dnc_words_have(number_words, word))
			found = true;
		else if (word.n && !dnc_words_have(number_attributes, word))
			return false;
		p += n + (p[n] == '_');
	}
	return found;
}

/* Converts to lower case, with one "_" in place of other characters between letters and digits. */
static void fold_header(struct dnc_str header, char out[NAME_MAX_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < header.n && n < NAME_MAX_BYTES - 1; i++) {
		unsigned char c = (unsigned char)header.p[i];

		if (c < 0x80 && isalnum(c))
			out[n++] = (char)tolower(c);
		else if (n && out[n - 1] != '_')
			out[n++] = '_';
	}
	while (n && out[n - 1] == '_')
		n--;
	out[n] = '\0';
}

bool csv_is_number_header(struct dnc_str header)
{
	char folded[NAME_MAX_BYTES];

	fold_header(header, folded);
	return means_number(folded);
}

char csv_guess_delimiter(struct dnc_str header)
{
	static const char delimiters[] = ",;\t|";
	size_t count[sizeof delimiters - 1] = {0}, best = 0;
	bool quoted = false;

	for (size_t i = 0; i < header.n; i++) {
		const char *found = strchr(delimiters, header.p[i]);

		if (header.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && found && *found)
			count[found - delimiters]++;
	}
	for (size_t i = 1; i < sizeof count / sizeof count[0]; i++)
		if (count[i] > count[best])
			best = i;
	return delimiters[best];
}

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

/* Refuses the stream with the text BEFORE, HEADER, BETWEEN, OTHER (may be missing) and AFTER, and
 * the list of all headers if LIST. */
static enum dnc_source_result refuse_header(struct dnc_source *s, const char *before,
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

static enum dnc_source_result refuse_missing(struct dnc_source *s, const char *wanted)
{
	struct dnc_nearest near = dnc_nearest_start(dnc_str(wanted));

	for (size_t i = 0; i < s->csv.count; i++)
		dnc_nearest_try(&near, dnc_str_trim(field_at(&s->csv, i)));
	if (!near.best.p)
		return refuse_header(s, "has no header \"", dnc_str(wanted),
			"\", which --column names", (struct dnc_str){0}, "", true);
	return refuse_header(s, "has no header \"", dnc_str(wanted),
		"\", which --column names; did you mean \"", near.best, "\"?", true);
}

/* Names the columns of --column. That no header is named twice there was checked with the
 * options. */
static enum dnc_source_result name_chosen(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;

	for (size_t k = 0; k < s->options.column_count; k++) {
		const struct dnc_column *c = &s->options.columns[k];
		size_t found = CSV_MAX_COLUMNS;

		for (size_t i = 0; i < csv->count; i++) {
			struct dnc_str header = field_at(csv, i);

			if (!dnc_str_caseeq(dnc_str_trim(header), dnc_str(c->header)))
				continue;
			if (found != CSV_MAX_COLUMNS)
				return refuse_header(s, "has the header \"", header,
					"\", which --column names, twice; rename one of them",
					(struct dnc_str){0}, "", true);
			found = i;
		}
		if (found == CSV_MAX_COLUMNS)
			return refuse_missing(s, c->header);
		free(csv->headers[found]);
		if (!(csv->headers[found] = strdup(c->field)))
			return DNC_SOURCE_FAILED;
	}
	return DNC_SOURCE_MORE;
}

static bool is_named(const struct csv_state *csv, const char *field, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (csv->headers[i] && strcmp(csv->headers[i], field) == 0)
			return true;
	return false;
}

/* The event field of a header that --column does not name: a synonym, or the header's own name. */
static void name_by_header(struct dnc_str header, size_t index, char name[NAME_MAX_BYTES])
{
	/* These members of an event do not hold text. */
	static const char reserved[] = "seq event_data metadata";
	char folded[NAME_MAX_BYTES];

	fold_header(header, folded);
	if (means_number(folded))
		strcpy(name, "phone_number");
	else if (!*folded)
		snprintf(name, NAME_MAX_BYTES, "column_%zu", index + 1);
	else if (dnc_words_have(reserved, dnc_str(folded)))
		snprintf(name, NAME_MAX_BYTES, "column_%.40s", folded);
	else
		strcpy(name, folded);
	for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++)
		if (strcmp(synonyms[i].header, folded) == 0)
			strcpy(name, synonyms[i].field);
}

/* Refuses two columns for one field: only the user knows which one counts. */
static enum dnc_source_result refuse_second(struct dnc_source *s, size_t first, size_t second)
{
	const struct csv_state *csv = &s->csv;
	struct dnc_str a = field_at(csv, first), b = field_at(csv, second);
	char after[4 * NAME_MAX_BYTES];

	if (dnc_str_caseeq(dnc_str_trim(a), dnc_str_trim(b)))
		return refuse_header(s, "has the header \"", a, "\" twice; rename one of them",
			(struct dnc_str){0}, "", true);
	snprintf(after, sizeof after,
		"\" both mean %s; select one with --column %s=HEADER (the other is then kept "
		"under its own name)",
		csv->headers[first], csv->headers[first]);
	return refuse_header(
		s, "has two columns for one field: \"", a, "\" and \"", b, after, false);
}

/* NAME, with a number appended if a column has this name already. */
static char *free_name(const struct csv_state *csv, const char *name)
{
	char numbered[NAME_MAX_BYTES + 8];

	snprintf(numbered, sizeof numbered, "%s", name);
	for (int n = 2; is_named(csv, numbered, csv->count); n++)
		snprintf(numbered, sizeof numbered, "%s_%d", name, n);
	return strdup(numbered);
}

/* Names the columns that --column does not name. An unknown header keeps its own name. */
static enum dnc_source_result name_others(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	bool chosen[CSV_MAX_COLUMNS];

	for (size_t i = 0; i < csv->count; i++)
		chosen[i] = csv->headers[i];
	for (size_t i = 0; i < csv->count; i++) {
		char name[NAME_MAX_BYTES];

		if (chosen[i])
			continue;
		name_by_header(field_at(csv, i), i, name);
		for (size_t k = 0; k < csv->count; k++) {
			if (!csv->headers[k] || strcmp(csv->headers[k], name) != 0)
				continue;
			if (chosen[k])
				fold_header(field_at(csv, i), name);
			else if (dnc_event_has_field(DNC_TYPES, dnc_str(name)))
				return refuse_second(s, k, i);
			break;
		}
		if (!(csv->headers[i] = free_name(csv, *name ? name : "column")))
			return DNC_SOURCE_FAILED;
	}
	return DNC_SOURCE_MORE;
}

/* Keeps the headers as they are, for a map, which names the fields itself. */
static enum dnc_source_result name_plain(struct csv_state *csv)
{
	for (size_t i = 0; i < csv->count; i++) {
		struct dnc_str header = field_at(csv, i);
		char *name = header.n ? strndup(header.p, header.n) : NULL;
		char numbered[NAME_MAX_BYTES + 8];

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
	char e164[DNC_PHONE_MAX];
	size_t n;

	for (*at = 0; *at < s->csv.count; ++*at)
		if (numbers_is_number(field_at(&s->csv, *at)) &&
			dnc_phone_normalize(field_at(&s->csv, *at), s->options.region, false, e164,
				&n) == DNC_PHONE_OK)
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
		return source_refuse(s, DNC_REFUSED_CONTENT,
			"has a header that is not UTF-8; if it is in Windows-1252, convert it first: "
			"iconv -f WINDOWS-1252 -t UTF-8 FILE | dnc-ingest ...");
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
	if (looks_like_a_row(s, &at))
		return refuse_header(s, "has no header: its first line holds the number \"",
			field_at(csv, at),
			"\"; put a line before it that names the columns, such as "
			"\"phone_number,reason\", or use --format=numbers if each line is a "
			"number and nothing else",
			(struct dnc_str){0}, "", false);
	csv->columns = csv->count;
	if (s->options.map)
		return name_plain(csv);
	rc = name_chosen(s);
	if (!rc)
		rc = name_others(s);
	if (rc)
		return rc;
	if (!is_named(csv, "phone_number", csv->count) && !is_named(csv, "type", csv->count))
		return refuse_header(s, "has no column that is known to contain the phone number",
			(struct dnc_str){0}, "; name it with --column phone_number=HEADER",
			(struct dnc_str){0}, "", true);
	return DNC_SOURCE_MORE;
}
