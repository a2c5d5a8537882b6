/* mask.c - an event without whole phone numbers. */
#include "mask.h"
#include "base/clock.h"
#include "phone/phone.h"
#include "priv/fields.h"

static bool is_uuid(struct dnc_str s)
{
	char canonical[DNC_UUID_LEN];

	return s.n == DNC_UUID_LEN && dnc_uuid_read(s, canonical);
}

static bool is_time(struct dnc_str s)
{
	int64_t ms;

	return s.n >= 10 && s.n <= 40 && (dnc_clock_parse(s, &ms) || dnc_clock_parse_local(s, &ms));
}

/* An event that is being masked. Its line is valid and has no white space between tokens, so it is masked as text: what
 * is between two quotes is a string, and a key when a colon follows. */
struct masking {
	struct dnc_buf *out;
	const struct dnc_event *event;
	const char *done; /* the line is copied up to here */
	bool unsure;      /* the line may have another shape now, or two equal keys */
};

static bool is_kept(struct dnc_str text)
{
	return is_uuid(text) || is_time(text);
}

/* The content of the string literal RAW, which has escapes: they may hide digits or separators. It is masked, then written
 * anew. */
static void add_escaped_literal(struct masking *m, struct dnc_str raw)
{
	enum { LONGEST_ESCAPE = 6 };
	struct dnc_buf *out = m->out;
	size_t from = out->n, written;
	struct dnc_str text;

	/* The content is put where the literal will go, and the literal after it for now. */
	if (!dnc_buf_reserve(out, raw.n + LONGEST_ESCAPE * raw.n + 2))
		return;
	text.p = out->p + from;
	text.n = dnc_json_unescape(out->p + from, (struct dnc_str){raw.p + 1, raw.n - 2});
	if (is_kept(text) || !dnc_phone_mask_digits(out->p + from, text.n)) {
		dnc_buf_str(out, raw);
		return;
	}
	m->unsure = true;
	out->n += text.n;
	dnc_json_write_str(out, text);
	written = out->n - from - text.n;
	memmove(out->p + from, out->p + from + text.n, written);
	out->n = from + written;
	if (written > raw.n) {
		out->n = from;
		dnc_buf_lit(out, "\"[masked]\"");
	}
}

/* The string literal RAW, with its quotes. True when digits of it were masked; its length stays the same then. */
static bool add_literal(struct masking *m, struct dnc_str raw)
{
	size_t from = m->out->n;

	if (memchr(raw.p, '\\', raw.n)) {
		add_escaped_literal(m, raw);
		return false;
	}
	dnc_buf_str(m->out, raw);
	return !is_kept((struct dnc_str){raw.p + 1, raw.n - 2}) && dnc_buf_ok(m->out) &&
	       dnc_phone_mask_digits(m->out->p + from + 1, raw.n - 2);
}

/* True if a member of this name holds a count or a duration. */
static bool is_count(const struct masking *m, struct dnc_str key)
{
	enum dnc_type type = m->event->type;
	enum dnc_field f = dnc_field_find(type, key);

	return (f != FIELD_NONE && dnc_fields[f].kind != KIND_ANY &&
		       dnc_fields[f].kind != KIND_ARRAY) ||
	       dnc_derived_find(type, key) >= 0 || dnc_str_eq(key, DNC_STR("seq"));
}

/* The number RAW of the member KEY, which is as the line has it, without its quotes; p is NULL in an array. */
static void add_number(struct masking *m, struct dnc_str raw, struct dnc_str key)
{
	enum { SHORTEST = 7, SHOWN = 4 };
	struct dnc_buf *out = m->out;

	if (raw.n < SHORTEST || strspn(raw.p, "0123456789") < raw.n) {
		dnc_buf_str(out, raw);
		return;
	}
	if (key.n && memchr(key.p, '\\', key.n)) {
		/* Where the number will go. */
		if (!dnc_buf_reserve(out, key.n))
			return;
		key.n = dnc_json_unescape(out->p + out->n, key);
		key.p = out->p + out->n;
	}
	if (is_count(m, key)) {
		dnc_buf_str(out, raw);
		return;
	}
	/* As long as it was: the quotes take the place of two digits. */
	dnc_buf_chr(out, '"');
	for (size_t i = 0; i < raw.n - SHOWN - 2; i++)
		dnc_buf_chr(out, '*');
	dnc_buf_add(out, raw.p + raw.n - SHOWN, SHOWN);
	dnc_buf_chr(out, '"');
}

static void add_up_to(struct masking *m, const char *end)
{
	dnc_buf_add(m->out, m->done, (size_t)(end - m->done));
	m->done = end;
}

/* The string literal that starts at P. */
static struct dnc_str string_at(const char *p, const char *end)
{
	const char *quote = p;
	size_t backslashes;

	do {
		quote = memchr(quote + 1, '"', (size_t)(end - quote - 1));
		for (backslashes = 0; quote[-1 - (ptrdiff_t)backslashes] == '\\';)
			backslashes++;
	} while (backslashes % 2);
	return (struct dnc_str){p, (size_t)(quote + 1 - p)};
}

/* True for the first byte of a string or a number, and for what comes before an element without a key. */
static inline bool is_start(char c)
{
	return c == '"' || c == ',' || c == '-' || c == '[' || (c >= '0' && c <= '9');
}

/* The line from what is done to END, the end of a value or of the line. */
static void add_masked(struct masking *m, const char *end)
{
	struct dnc_str key = {0}, token;

	for (const char *p = m->done; p < end; p = m->done = token.p + token.n) {
		while (p < end && !is_start(*p))
			p++;
		if (p == end)
			break;
		token = (struct dnc_str){p, 1};
		if (*p == '[' || *p == ',') {
			key = (struct dnc_str){0};
			add_up_to(m, p + 1);
			continue;
		}
		add_up_to(m, p);
		if (*p != '"') {
			token.n = strcspn(p, ",]}");
			add_number(m, token, key);
			continue;
		}
		token = string_at(p, m->event->line.p + m->event->line.n);
		if (token.p[token.n] == ':') {
			key = (struct dnc_str){p + 1, token.n - 2};
			/* Two keys may be equal now. */
			m->unsure |= add_literal(m, token);
		} else if (add_literal(m, token)) {
			/* Years that no source may send look like numbers. */
			m->unsure |= p + 1 == m->event->timestamp.p;
		}
	}
	add_up_to(m, end);
}

/* Only what has a key of ours. */
static void add_bare(struct masking *m)
{
	const struct dnc_event *e = m->event;
	static const struct dnc_str data_key = DNC_STR(",\"event_data\":");

	m->done = e->line.p;
	add_masked(m, e->event_data.p - data_key.n);
	dnc_buf_lit(m->out, ",\"event_data\":{},\"metadata\":{\"ingested_at\":");
	add_literal(m, (struct dnc_str){e->ingested_at.p - 1, e->ingested_at.n + 2});
	dnc_buf_lit(m->out, "}}");
}

static bool pad(struct dnc_buf *out)
{
	return dnc_buf_reserve(out, DNC_JSON_PADDING) && dnc_buf_ok(out);
}

int dnc_event_mask(struct dnc_event_reader *r, struct dnc_buf *out, const struct dnc_event *e,
	struct dnc_event *masked)
{
	struct masking m = {out, e, e->line.p, false};
	size_t from = out->n;
	struct dnc_event_shape shape;

	dnc_fields_init();
	add_masked(&m, e->line.p + e->line.n);
	if (!pad(out))
		return -1;
	if (!m.unsure) {
		dnc_event_shape_of(e, &shape);
		return dnc_event_from_shape(
			r, (struct dnc_str){out->p + from, out->n - from}, e->seq, &shape, masked);
	}
	if (dnc_event_parse(r, out->p + from, out->n - from, masked) == 0)
		return 0;
	if (dnc_event_reader_no_memory(r))
		return -1;
	out->n = from;
	add_bare(&m);
	return pad(out) ? dnc_event_parse(r, out->p + from, out->n - from, masked) : -1;
}
