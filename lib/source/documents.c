/* documents.c - JSON records that are not one in each line. */
#include "priv/documents.h"
#include "priv/format.h"

bool documents_start(struct dnc_str line)
{
	struct dnc_str s = dnc_str_trim(line);

	return s.n && (s.p[0] == '{' || s.p[0] == '[');
}

enum { MAX_DEPTH = 64 }; /* of brackets that are followed; the parser allows fewer */

enum scanned { SCAN_OPEN, SCAN_CLOSED, SCAN_BROKEN };

static bool in_object(const struct json_scan *scan)
{
	return scan->objects & 1;
}

/* False if a value can't start here: the bracket belongs to another document, and this one was cut short. */
static bool may_open(const struct json_scan *scan)
{
	if (!scan->depth)
		return true;
	if (scan->depth == MAX_DEPTH)
		return false;
	return in_object(scan) ? scan->last == ':' : scan->last == '[' || scan->last == ',';
}

/* Reads a byte outside of strings. */
static enum scanned scan_token(struct json_scan *scan, char c)
{
	switch (c) {
	case '"':
		scan->in_string = true;
		break;
	case '{':
	case '[':
		if (!may_open(scan))
			return SCAN_BROKEN;
		scan->depth++;
		scan->objects = scan->objects << 1 | (c == '{');
		break;
	case '}':
	case ']':
		if (in_object(scan) != (c == '}'))
			return SCAN_BROKEN;
		scan->objects >>= 1;
		if (!--scan->depth)
			return SCAN_CLOSED;
		break;
	}
	if (!dnc_chr_is_blank(c))
		scan->last = c;
	return SCAN_OPEN;
}

/* Reads a value that starts with a bracket on; *N is the number of bytes of TEXT that belong to it. */
static enum scanned scan(struct json_scan *state, struct dnc_str text, size_t *n)
{
	enum scanned result = SCAN_OPEN;
	size_t i;

	for (i = 0; i < text.n && result == SCAN_OPEN; i++) {
		char c = text.p[i];

		if (!state->in_string) {
			result = scan_token(state, c);
		} else if (state->escaped) {
			state->escaped = false;
		} else if (c == '\\') {
			state->escaped = true;
		} else if (c == '"') {
			state->in_string = false;
		}
	}
	*n = i - (result == SCAN_BROKEN);
	return result;
}

size_t documents_value_length(struct dnc_str text)
{
	struct json_scan state = {0};
	size_t n = 0;

	if (text.p[0] == '{' || text.p[0] == '[') {
		scan(&state, text, &n);
		return n;
	}
	do
		scan(&state, (struct dnc_str){text.p + n, 1}, &(size_t){0});
	while (++n < text.n && (state.in_string || !memchr(",]}", text.p[n], 3)));
	return n;
}

/* True if a stream that starts with this line is read as documents. */
static bool goes_across(struct dnc_str line)
{
	struct dnc_str text = dnc_str_trim(line);
	struct json_scan state = {0};
	size_t n;

	if (text.n && text.p[0] == '[')
		return true;
	if (!text.n || text.p[0] != '{')
		return false;
	switch (scan(&state, text, &n)) {
	case SCAN_OPEN:
		return !state.in_string; /* no string goes over lines: the line is broken */
	case SCAN_CLOSED:
		text = dnc_str_trim((struct dnc_str){text.p + n, text.n - n});
		return text.n && text.p[0] == '{';
	case SCAN_BROKEN:
		break;
	}
	return false;
}

struct dnc_str documents_sample(const struct sample *sample)
{
	struct dnc_str first = {0};

	sample_next(sample, &(size_t){0}, &first);
	if (!documents_start(first))
		return (struct dnc_str){0};
	return goes_across(first) ? sample->text : first;
}

static size_t indent_of(struct dnc_str line)
{
	size_t n = 0;

	while (n < line.n && dnc_chr_is_blank(line.p[n]))
		n++;
	return n;
}

static void take(struct documents *d, size_t n)
{
	d->rest.p += n;
	d->rest.n -= n;
}

static void take_line(struct documents *d)
{
	take(d, d->rest.n);
}

/* The record is the first thing in its line. */
static bool at_start(const struct documents *d)
{
	return d->rest.p == d->line.p + indent_of(d->line);
}

static void begin(struct documents *d)
{
	d->open = true;
	d->scan = (struct json_scan){0};
	d->first_line = d->number;
	d->begun++;
	d->item = at_start(d) ? 0 : d->begun;
	d->indent = indent_of(d->line);
	dnc_buf_clear(&d->text);
}

/* The text that was gathered is the current record. */
static enum dnc_source_result close_record(struct dnc_source *s)
{
	struct documents *d = &s->documents;

	d->open = false;
	if (!dnc_buf_reserve(&d->text, DNC_JSON_PADDING) || !dnc_buf_ok(&d->text))
		return DNC_SOURCE_FAILED;
	s->record = (struct dnc_record){
		.line = d->first_line, .item = d->item, .raw = dnc_buf_view(&d->text)};
	return DNC_SOURCE_RECORD;
}

static enum dnc_source_result deliver(struct dnc_source *s)
{
	enum dnc_source_result rc = close_record(s);

	if (rc != DNC_SOURCE_RECORD)
		return rc;
	return s->format->text(s, s->record.raw);
}

static enum dnc_source_result reject_open(
	struct dnc_source *s, enum dnc_reject code, const char *why)
{
	enum dnc_source_result rc = close_record(s);

	return rc == DNC_SOURCE_RECORD ? source_reject(s, code, "", "%s", why) : rc;
}

/* The document is broken at the first byte of `rest`, or at the end of the line. */
static enum dnc_source_result reject_broken(struct dnc_source *s)
{
	struct documents *d = &s->documents;

	if (!d->rest.n || d->rest.p[0] != '{' || !at_start(d)) {
		dnc_buf_str(&d->text, d->rest);
		take_line(d);
		d->skipping = d->across;
	}
	return reject_open(s, DNC_REJECT_INVALID_JSON,
		d->across ? "not valid JSON: the document that starts here is broken or cut short"
			  : "not valid JSON: the array does not end in its line");
}

enum dnc_source_result documents_cut(struct dnc_source *s)
{
	struct documents *d = &s->documents;

	d->skipping = true;
	return reject_open(s, DNC_REJECT_TOO_LARGE, "the document is longer than --max-record");
}

/* Reads the open record on. */
static enum dnc_source_result read_on(struct dnc_source *s)
{
	struct documents *d = &s->documents;
	size_t n;
	enum scanned result = scan(&d->scan, d->rest, &n);

	dnc_buf_add(&d->text, d->rest.p, n);
	take(d, n);
	if (result == SCAN_CLOSED)
		return deliver(s);
	if (result == SCAN_BROKEN || d->scan.in_string)
		return reject_broken(s);
	dnc_buf_chr(&d->text, '\n');
	return d->text.n > s->options.max_record ? documents_cut(s) : DNC_SOURCE_MORE;
}

/* What is between documents and is none: it goes on to the end of the line, in an array to the next comma. */
static enum dnc_source_result reject_other(struct dnc_source *s)
{
	struct documents *d = &s->documents;
	size_t n = 0;

	begin(d);
	while (n < d->rest.n && !(d->in_array && n && memchr(",]", d->rest.p[n], 2)))
		n++;
	dnc_buf_add(&d->text, d->rest.p, n);
	take(d, n);
	return d->in_array ? reject_open(s, DNC_REJECT_NOT_AN_OBJECT,
				     "the element of the array is not a JSON object")
	                   : reject_open(s, DNC_REJECT_INVALID_JSON,
				     "not valid JSON: expected an object or an array");
}

/* Reads what is between records, or the first byte of one. */
static enum dnc_source_result read_between(struct dnc_source *s)
{
	struct documents *d = &s->documents;
	char c = d->rest.p[0];

	if (dnc_chr_is_blank(c) || (d->in_array && c == ',')) {
		take(d, 1);
	} else if (c == '{' || (c == '[' && d->in_array)) {
		begin(d);
	} else if (c == '[') {
		d->in_array = true;
		d->array_line = d->number;
		take(d, 1);
	} else if (c == ']' && d->in_array) {
		d->in_array = false;
		take(d, 1);
	} else {
		return reject_other(s);
	}
	return DNC_SOURCE_MORE;
}

/* Passes over lines of a broken document. */
static void skip(struct documents *d)
{
	size_t n = indent_of(d->line);

	if (n == d->line.n || !memchr("{[]", d->line.p[n], 3) || n > d->indent)
		take_line(d);
	else
		d->skipping = false;
}

/* The last line was read: what is open was cut short. */
static enum dnc_source_result read_end(struct dnc_source *s)
{
	struct documents *d = &s->documents;

	if (d->open)
		return reject_broken(s);
	if (!d->in_array)
		return DNC_SOURCE_MORE;
	d->in_array = false;
	s->record = (struct dnc_record){.line = d->array_line, .raw = DNC_STR("[")};
	return source_reject(s, DNC_REJECT_INVALID_JSON, "",
		"not valid JSON: the array that starts here does not end; its records before the end "
		"were read");
}

enum dnc_source_result documents_next(struct dnc_source *s)
{
	struct documents *d = &s->documents;
	enum dnc_source_result rc = s->format->more ? s->format->more(s) : DNC_SOURCE_MORE;

	if (s->record.item > d->made)
		d->made = s->record.item;
	while (!rc && d->rest.n) {
		if (d->skipping)
			skip(d);
		else
			rc = d->open ? read_on(s) : read_between(s);
	}
	if (!rc && (s->at_end || !d->across))
		rc = read_end(s);
	return rc;
}

enum dnc_source_result documents_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct documents *d = &s->documents;
	struct dnc_str text = dnc_str_trim(line->text);

	if (!d->known) {
		d->known = true;
		/* A producer's lines are acknowledged one by one. */
		d->across = !s->options.reject_lines && goes_across(line->text);
	}
	d->begun = d->made = 0;
	if (!d->across && text.p[0] != '[')
		return s->format->text(s, line->text);
	d->line = d->rest = line->text;
	d->number = line->number;
	return documents_next(s);
}

void documents_finish(struct documents *d)
{
	dnc_buf_free(&d->text);
}
