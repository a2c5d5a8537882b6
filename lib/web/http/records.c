#include "web/http/records.h"
#include <string.h>

enum { DEPTH_MAX = 63 }; /* brackets open at once; the parser allows fewer */

enum scanned { SCANNED_SOME, SCANNED_END, SCANNED_BAD };

void records_open(struct records *r, struct dnc_str text)
{
	*r = (struct records){.text = dnc_str_trim(text), .form = RECORDS_LINES};
	if (!r->text.n)
		return;
	if (r->text.p[0] == '[') {
		r->form = RECORDS_UNCHECKED;
		r->at = 1;
	} else if (memchr(r->text.p, '\n', r->text.n)) {
		r->form = RECORDS_MAYBE_ONE;
	}
}

/* C is a bracket. False when it does not match. */
static bool count_bracket(struct records *r, char c)
{
	bool array = c == '[' || c == ']';

	if (c == '{' || c == '[') {
		if (++r->depth > DEPTH_MAX)
			return false;
		r->arrays = r->arrays << 1 | array;
		return true;
	}
	if (!r->depth-- || (r->arrays & 1) != array)
		return false;
	r->arrays >>= 1;
	return true;
}

/* Goes on to the bracket that ends the array, or with COMMAS to the comma that ends an element of it, if
 * that comes first. SCANNED_BAD when brackets do not match or the text ends first. */
static enum scanned scan(struct records *r, bool commas)
{
	const char *p = r->text.p;
	size_t i = r->at;
	size_t end = r->text.n - i > RECORDS_STEP ? i + RECORDS_STEP : r->text.n;
	bool string = r->string, bad = false, ended = false;

	for (; i < end; i++) {
		char c = p[i];

		if (string && c == '\\') {
			i++;
		} else if (c == '"') {
			string = !string;
		} else if (string) {
			continue;
		} else if (!r->depth && (c == ']' || (commas && c == ','))) {
			ended = true;
			break;
		} else if (c == '{' || c == '[' || c == '}' || c == ']') {
			bad = !count_bracket(r, c);
			if (bad)
				break;
		}
	}
	r->at = i;
	r->string = string;
	if (ended)
		return SCANNED_END;
	return bad || i >= r->text.n ? SCANNED_BAD : SCANNED_SOME;
}

/* All or nothing: an array without its end was truncated. */
static enum records_verdict check_array(struct records *r, struct dnc_error *err)
{
	enum scanned scanned = scan(r, false);

	if (scanned == SCANNED_SOME)
		return RECORDS_MORE;
	if (scanned == SCANNED_BAD || r->at != r->text.n - 1) {
		dnc_error_set(err, 0, "the array is not closed, or its brackets do not match");
		return RECORDS_BAD;
	}
	r->at = r->start = 1;
	r->form = RECORDS_ARRAY;
	return RECORDS_MORE;
}

static enum records_verdict next_element(struct records *r, struct dnc_str *record)
{
	if (scan(r, true) != SCANNED_END)
		return RECORDS_MORE;
	*record = dnc_str_trim((struct dnc_str){r->text.p + r->start, r->at - r->start});
	if (r->text.p[r->at] == ']') {
		r->form = RECORDS_ENDED;
		if (!r->index && !record->n)
			return RECORDS_END;
	}
	r->start = ++r->at;
	r->index++;
	return RECORDS_RECORD;
}

static enum records_verdict next_line(struct records *r, struct dnc_str *record)
{
	const char *p = r->text.p + r->at, *end;
	size_t left = r->text.n - r->at;

	if (!left)
		return RECORDS_END;
	end = memchr(p, '\n', left);
	*record = (struct dnc_str){p, end ? (size_t)(end - p) : left};
	r->at += record->n + (end ? 1 : 0);
	r->index++;
	return dnc_str_trim(*record).n ? RECORDS_RECORD : RECORDS_MORE;
}

/* One event may be written over several lines. */
static enum records_verdict try_one(struct records *r, struct dnc_json_parser *parser,
	struct dnc_str *record, struct dnc_error *err)
{
	struct dnc_json doc;

	if (dnc_json_parse(parser, r->text.p, r->text.n, &doc, err) == 0) {
		r->at = r->text.n;
		r->form = RECORDS_ENDED;
		*record = r->text;
		return RECORDS_RECORD;
	}
	r->form = RECORDS_LINES;
	return err->code == DNC_ERROR_NO_MEMORY ? RECORDS_BAD : RECORDS_MORE;
}

enum records_verdict records_next(struct records *r, struct dnc_json_parser *parser, size_t *index,
	struct dnc_str *record, struct dnc_error *err)
{
	*index = r->index;
	switch (r->form) {
	case RECORDS_UNCHECKED:
		return check_array(r, err);
	case RECORDS_ARRAY:
		return next_element(r, record);
	case RECORDS_MAYBE_ONE:
		return try_one(r, parser, record, err);
	case RECORDS_LINES:
		return next_line(r, record);
	case RECORDS_ENDED:
		break;
	}
	return RECORDS_END;
}
