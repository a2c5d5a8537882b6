/* mask.c - writes the masked form of an event. */
#include "mask.h"
#include "base/clock.h"
#include "priv/draft.h"
#include "priv/safe.h"

enum { MEMBERS_MAX = 96 };

/* A member that may be shown: its value has yet to be checked. */
struct member {
	struct dnc_str key, value; /* as in the line; the key without quotes */
	struct dnc_shown shown;
};

struct members {
	size_t count;
	struct member v[MEMBERS_MAX];
};

/* An event that is being masked. */
struct masked {
	struct dnc_buf *out;
	const struct dnc_event *event;
	const struct dnc_mask *mask;
	struct safe safe;
	size_t start; /* of the line without `seq` */
	struct dnc_event_shape shape;
	struct members members; /* of event_data, then of metadata */
};

/* The string literal at P ends before this. The line is valid, so there is an end. */
static const char *string_end(const char *p, const char *end)
{
	const char *quote = p;
	size_t backslashes;

	do {
		quote = memchr(quote + 1, '"', (size_t)(end - quote - 1));
		if (!quote)
			return end;
		for (backslashes = 0; quote[-1 - (ptrdiff_t)backslashes] == '\\';)
			backslashes++;
	} while (backslashes % 2);
	return quote + 1;
}

/* The value at P ends before this. */
static const char *value_end(const char *p, const char *end)
{
	size_t depth = 0;

	if (*p == '"')
		return string_end(p, end);
	for (; p < end; p++) {
		if (*p == '"') {
			p = string_end(p, end) - 1;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			if (!depth--)
				return p;
			if (!depth)
				return p + 1;
		} else if (*p == ',' && !depth) {
			return p;
		}
	}
	return end;
}

/* Finds the members of OBJECT, whose text is TEXT, that may be shown. What does not fit is not shown; the table has
 * fewer. */
static void find_members(struct masked *m, enum dnc_object object, struct dnc_str text)
{
	struct members *to = &m->members;
	const char *p = text.p + 1, *end = text.p + text.n;

	to->count = 0;
	while (p < end && *p == '"' && to->count < MEMBERS_MAX) {
		const char *after = string_end(p, end);
		struct member *member = &to->v[to->count];

		member->key = (struct dnc_str){p + 1, (size_t)(after - p) - 2};
		p = after + 1;
		after = value_end(p, end);
		member->value = (struct dnc_str){p, (size_t)(after - p)};
		member->shown = shown_of(m->mask, m->event->type, object, member->key);
		to->count += member->shown.how != SHOW_NOT;
		p = after + (*after == ',');
	}
}

/* Appends the time MS in quotes; returns its place. */
static struct dnc_event_span write_time(struct masked *m, int64_t ms)
{
	struct dnc_event_span span;
	char text[DNC_TIME_LEN];

	dnc_clock_format(ms, text);
	dnc_buf_chr(m->out, '"');
	span = (struct dnc_event_span){(uint16_t)(m->out->n - m->start), sizeof text};
	dnc_buf_add(m->out, text, sizeof text);
	dnc_buf_chr(m->out, '"');
	return span;
}

static void write_ingested_at(struct masked *m)
{
	int64_t ms;

	if (!dnc_clock_parse(m->event->ingested_at, &ms))
		ms = 0;
	m->shape.ingested_at = write_time(m, safe_time(ms));
}

static void write_members(struct masked *m)
{
	struct dnc_buf *out = m->out;

	dnc_buf_chr(out, '{');
	for (size_t i = 0; i < m->members.count && dnc_buf_ok(out); i++) {
		const struct member *member = &m->members.v[i];
		size_t from = out->n;

		if (out->p[out->n - 1] != '{')
			dnc_buf_chr(out, ',');
		dnc_buf_chr(out, '"');
		dnc_buf_str(out, member->key);
		dnc_buf_lit(out, "\":");
		if (member->shown.how == SHOW_INGESTED_AT)
			write_ingested_at(m);
		else if (!safe_write(&m->safe, out, member->shown, member->value))
			out->n = from;
	}
	dnc_buf_chr(out, '}');
}

/* The member FIELD of event_data in the summary. */
static bool write_field(struct masked *m, struct dnc_buf *b, enum dnc_field field)
{
	size_t from = b->n;

	if (field == FIELD_NONE)
		return false;
	for (size_t i = 0; i < m->members.count; i++) {
		const struct member *member = &m->members.v[i];

		if (!dnc_str_eq(member->key, dnc_fields[field].name))
			continue;
		if (!safe_write(&m->safe, b, member->shown, member->value) || !dnc_buf_ok(b))
			return false;
		m->shape.escaped |= memchr(b->p + from, '\\', b->n - from) != NULL;
		if (b->p[from] == '"') {
			memmove(b->p + from, b->p + from + 1, b->n - from - 2);
			b->n -= 2;
		}
		return true;
	}
	return false;
}

static void write_span(struct masked *m, struct dnc_buf *b, struct dnc_event_span span)
{
	size_t at = m->start + span.at;

	if (dnc_buf_reserve(b, span.n))
		dnc_buf_add(b, b->p + at, span.n);
}

static bool write_part(void *ctx, struct dnc_buf *b, enum summary_part part, enum dnc_field field)
{
	struct masked *m = ctx;

	switch (part) {
	case PART_NUMBER:
		if (m->shape.phone_number.at)
			write_span(m, b, m->shape.phone_number);
		else
			dnc_buf_lit(b, "number");
		return true;
	case PART_PROVIDER:
		if (m->shape.provider.at)
			write_span(m, b, m->shape.provider);
		else
			dnc_buf_lit(b, "provider");
		return true;
	default:
		return write_field(m, b, field);
	}
}

/* Appends the member KEY of the top level. Its place is empty if it is not shown. */
static struct dnc_event_span write_top(struct masked *m, struct dnc_str key, struct dnc_str value)
{
	struct dnc_shown shown = shown_of(m->mask, m->event->type, OBJECT_TOP, key);
	struct dnc_buf *out = m->out;
	size_t from = out->n, at;

	if (!value.p || shown.how == SHOW_NOT)
		return (struct dnc_event_span){0};
	dnc_buf_chr(out, ',');
	dnc_json_write_str(out, key);
	dnc_buf_chr(out, ':');
	at = out->n + 1;
	if (!safe_write_top(&m->safe, out, shown, value)) {
		out->n = from;
		return (struct dnc_event_span){0};
	}
	m->shape.escaped |= shown.how == SHOW_LITERAL && out->n - at - 1 != value.n;
	return (struct dnc_event_span){(uint16_t)(at - m->start), (uint16_t)(out->n - 1 - at)};
}

static void write_head(struct masked *m)
{
	const struct dnc_event *e = m->event;
	struct dnc_buf *out = m->out;

	dnc_buf_chr(out, '{');
	m->start = out->n - 1;
	if (e->seq) {
		dnc_buf_lit(out, "\"seq\":");
		dnc_buf_u64(out, e->seq);
		m->start = out->n;
		dnc_buf_chr(out, ',');
	}
	dnc_buf_lit(out, "\"id\":\"");
	m->shape.id = (struct dnc_event_span){(uint16_t)(out->n - m->start), DNC_UUID_LEN};
	safe_write_pseudonym(&m->safe, out, DNC_STR(""), e->id);
	dnc_buf_lit(out, "\",\"type\":\"");
	dnc_buf_str(out, dnc_type_names[e->type]);
	dnc_buf_chr(out, '"');
	m->shape.phone_number = write_top(m, DNC_STR("phone_number"), e->phone_number);
	m->shape.provider = write_top(m, DNC_STR("provider"), e->provider);
	m->shape.provider_id = write_top(m, DNC_STR("provider_id"), e->provider_id);
	dnc_buf_lit(out, ",\"severity\":\"");
	m->shape.severity_text = (uint16_t)(out->n - m->start);
	dnc_buf_str(out, dnc_severities[m->shape.severity].name);
	dnc_buf_lit(out, "\",\"timestamp\":");
	write_time(m, m->shape.timestamp_ms);
}

static void write_rest(struct masked *m)
{
	struct dnc_buf *out = m->out;
	size_t at;

	dnc_buf_lit(out, ",\"summary\":\"");
	at = out->n;
	find_members(m, OBJECT_DATA, m->event->event_data);
	summary_write(out, m->event->type, write_part, m);
	m->shape.summary =
		(struct dnc_event_span){(uint16_t)(at - m->start), (uint16_t)(out->n - at)};
	dnc_buf_lit(out, "\",\"event_data\":");
	m->shape.event_data = (uint16_t)(out->n - m->start);
	write_members(m);
	dnc_buf_lit(out, ",\"metadata\":");
	m->shape.metadata = (uint16_t)(out->n - m->start);
	find_members(m, OBJECT_METADATA, m->event->metadata);
	write_members(m);
	dnc_buf_chr(out, '}');
	m->shape.bytes = (uint16_t)(out->n - m->start);
}

int dnc_event_mask(struct dnc_event_reader *r, struct dnc_buf *out, const struct dnc_event *e,
	const struct dnc_masking *how, struct dnc_event *masked)
{
	struct masked m; /* its members are set when they are found */
	size_t from = out->n;
	const struct dnc_severity *severity = shown_severity(how->mask, e->type)
	                                              ? e->severity
	                                              : dnc_severity_from_name(DNC_STR("info"));

	m.out = out;
	m.event = e;
	m.mask = how->mask;
	m.safe.type = e->type;
	m.safe.key = how->key;
	m.safe.pseudonyms = 0;
	m.shape = (struct dnc_event_shape){.timestamp_ms = safe_time(e->timestamp_ms),
		.type = (uint8_t)e->type,
		.severity = (uint8_t)(severity - dnc_severities)};
	write_head(&m);
	write_rest(&m);
	if (!dnc_buf_reserve(out, DNC_JSON_PADDING) || !dnc_buf_ok(out))
		return -1;
	return dnc_event_from_shape(
		r, (struct dnc_str){out->p + from, out->n - from}, e->seq, &m.shape, masked);
}
