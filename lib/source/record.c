/* record.c - how formats make records, reject them, and refuse a stream. */
#include "base/uuid.h"
#include "json/member.h"
#include "phone/phone.h"
#include "priv/record.h"
#include <endian.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

enum dnc_source_result source_refuse(
	struct dnc_source *s, enum dnc_refusal kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, sizeof s->why, fmt, ap);
	va_end(ap);
	s->refused = true;
	s->refusal = kind;
	if (!s->options.reject_lines)
		return DNC_SOURCE_REFUSED;
	return source_reject_refused(s);
}

void source_doubt(struct dnc_source *s, struct dnc_str column, struct dnc_str value)
{
	enum { SHOWN = 40 };

	column.n = column.n > SHOWN ? SHOWN : column.n;
	if (!*s->doubt)
		snprintf(s->doubt, sizeof s->doubt,
			"has \"%.*s\" in the column %.*s in line %llu, and it is not clear whether its row is a "
			"suppression: such rows are taken for one; say with --map what they mean",
			value.n > SHOWN ? SHOWN : (int)value.n, value.p, DNC_STR_ARG(column),
			(unsigned long long)s->record.line);
}

bool source_is_no_time(struct dnc_str text)
{
	static const struct dnc_str zero = DNC_STR("0001-01-01T00:00:00");

	if (!dnc_str_starts(text, zero))
		return false;
	text = (struct dnc_str){text.p + zero.n, text.n - zero.n};
	for (bool fraction = text.n && text.p[0] == '.'; fraction && text.n; text.p++, text.n--)
		if (text.p[0] != '.' && text.p[0] != '0')
			break;
	return !text.n || dnc_str_eq(text, DNC_STR("Z")) || dnc_str_eq(text, DNC_STR("+00:00"));
}

enum dnc_source_result source_refuse_changes(struct dnc_source *s, const char *what)
{
	return source_refuse(s, DNC_REFUSED_HEADER,
		"%s, which is no full list: numbers that did not change are not in it", what);
}

enum dnc_source_result source_reject_refused(struct dnc_source *s)
{
	return source_reject(s, DNC_REJECT_INVALID_ROW, "", "the stream %s", s->why);
}

enum dnc_source_result source_record(struct dnc_source *s)
{
	if (!dnc_buf_reserve(&s->event, DNC_JSON_PADDING) || !dnc_buf_ok(&s->event))
		return DNC_SOURCE_FAILED;
	s->record.event = dnc_buf_view(&s->event);
	return DNC_SOURCE_RECORD;
}

/* Eight decimal digits, at once: pairs, then fours, then all. */
static uint64_t eight_digits(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	v = (le64toh(v) & UINT64_C(0x0f0f0f0f0f0f0f0f)) * 2561 >> 8;
	v = (v & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
	return (v & UINT64_C(0x0000ffff0000ffff)) * 42949672960001 >> 32;
}

/* Of E.164's digits without the plus sign. */
static uint64_t digits_value(const char *p, size_t n)
{
	uint64_t v = 0;

	for (; n > 8; n--)
		v = v * 10 + (uint64_t)(*p++ - '0');
	if (n == 8)
		return v * 100000000 + eight_digits(p);
	for (; n; n--)
		v = v * 10 + (uint64_t)(*p++ - '0');
	return v;
}

/* Sets the number of the record to that of the fact. False if it is not one; the event's reader says why. */
static bool set_number(struct dnc_source *s)
{
	char e164[DNC_PHONE_MAX];
	size_t n;

	if (dnc_phone_normalize(s->fact.number, s->options.region, s->options.strict_phone, e164,
		    &n) != DNC_PHONE_OK)
		return false;
	s->record.number = digits_value(e164 + 1, n - 1);
	return true;
}

enum dnc_source_result source_fact(struct dnc_source *s)
{
	if (s->options.map) {
		dnc_buf_clear(&s->event);
		dnc_fact_write(&s->event, &s->fact);
		return source_record(s);
	}
	if (!s->options.numbers || s->fact.type != DNC_NUMBER_SUPPRESSED || !set_number(s))
		s->record.fact = &s->fact;
	return DNC_SOURCE_RECORD;
}

int dnc_record_event(struct dnc_event_reader *r, const struct dnc_record *record,
	struct dnc_event *out, struct dnc_error *err)
{
	if (record->fact)
		return dnc_event_from_fact(r, record->fact, out, err);
	if (record->cells)
		return dnc_event_from_cells(r, record->cells, out, err);
	return dnc_event_normalize(r, record->event.p, record->event.n, out, err);
}

enum dnc_source_result source_reject(
	struct dnc_source *s, enum dnc_reject code, const char *place, const char *fmt, ...)
{
	char why[sizeof s->err.message];
	va_list ap;

	va_start(ap, fmt);
	dnc_error_format(why, sizeof why, fmt, ap);
	va_end(ap);
	dnc_error_set(&s->err, (int)code, "%s", why);
	dnc_error_place(&s->err, "%s", place);
	return DNC_SOURCE_REJECT;
}

enum dnc_source_result source_reject_beside(struct dnc_source *s, const struct dnc_error *err)
{
	if (err->code == DNC_ERROR_NO_MEMORY)
		return DNC_SOURCE_FAILED;
	return source_reject(
		s, DNC_REJECT_INVALID_PHONE_NUMBER, "phone_number", "%s", err->message);
}

bool source_parse(struct dnc_source *s, struct dnc_str text, struct dnc_json *doc,
	enum dnc_source_result *result)
{
	struct dnc_error err;

	if (dnc_json_parse(s->parser, text.p, text.n, doc, &err) == 0) {
		if (doc->node[0].type == DNC_JSON_OBJECT)
			return true;
		*result = source_reject(
			s, DNC_REJECT_NOT_AN_OBJECT, "", "the record is not a JSON object");
	} else if (err.code == DNC_ERROR_NO_MEMORY) {
		*result = DNC_SOURCE_FAILED;
	} else {
		*result = source_reject(s,
			err.code == DNC_JSON_EUTF8    ? DNC_REJECT_INVALID_UTF8
			: err.code == DNC_JSON_ELIMIT ? DNC_REJECT_TOO_LARGE
						      : DNC_REJECT_INVALID_JSON,
			"", "%s", err.message);
	}
	return false;
}

enum dnc_source_result source_text(struct dnc_source *s, struct dnc_str text)
{
	dnc_buf_clear(&s->event);
	dnc_buf_str(&s->event, text);
	return source_record(s);
}

void source_add_identity(struct dnc_source *s, const struct dnc_str *parts, size_t count)
{
	unsigned char digest[16];
	char uuid[DNC_UUID_LEN];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	for (size_t i = 0; i < count; i++) {
		uint64_t n = htole64(parts[i].n); /* ids are the same on every machine */

		crypto_generichash_update(&state, (const unsigned char *)&n, sizeof n);
		crypto_generichash_update(&state, (const unsigned char *)parts[i].p, parts[i].n);
	}
	crypto_generichash_final(&state, digest, sizeof digest);
	dnc_uuid_v8(digest, uuid);
	source_add(s, "id", (struct dnc_str){uuid, sizeof uuid});
}

void source_begin(struct dnc_source *s, enum dnc_type type)
{
	dnc_buf_clear(&s->event);
	dnc_buf_chr(&s->event, '{');
	source_add(s, "type", dnc_type_names[type]);
}

void source_add(struct dnc_source *s, const char *key, struct dnc_str value)
{
	if (value.p)
		dnc_json_member_str(&s->event, key, value);
}

void source_add_number(struct dnc_source *s, struct dnc_str read)
{
	char e164[DNC_PHONE_MAX];
	size_t n;

	if (dnc_phone_normalize(read, s->options.region, false, e164, &n) == DNC_PHONE_OK)
		read = (struct dnc_str){e164, n};
	source_add(s, "phone_number", read);
}

void source_add_given(
	struct dnc_source *s, bool (*has)(const void *ctx, const char *key), const void *ctx)
{
	const struct {
		const char *key, *value;
	} given[] = {{"provider", s->options.provider}, {"provider_id", s->options.provider_id},
		{"reason", s->options.reason}, {"source", s->options.source}};

	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
		if (given[i].value && !has(ctx, given[i].key))
			source_add(s, given[i].key, dnc_str(given[i].value));
}

void source_add_origin(
	struct dnc_source *s, const char *provider, const char *reason, const char *source)
{
	const struct dnc_source_options *o = &s->options;

	source_add(s, "provider", dnc_str(o->provider ? o->provider : provider));
	source_add(s, "provider_id", dnc_str(o->provider_id));
	source_add(s, "reason", dnc_str(reason));
	source_add(s, "source", dnc_str(o->source ? o->source : source));
}

void source_begin_fact(struct dnc_source *s, enum dnc_type type, struct dnc_str number,
	const char *provider, const char *reason, const char *source)
{
	const struct dnc_source_options *o = &s->options;

	s->fact = (struct dnc_fact){.type = type,
		.number = number,
		.provider = o->provider ? o->provider : provider,
		.provider_id = o->provider_id,
		.reason = reason,
		.source = o->source ? o->source : source};
}

/* A byte is a digit if its high half is 3, also when 6 is added. No byte carries into the next one unless one is no digit. */
static bool are_eight_digits(const char *p)
{
	const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), threes = UINT64_C(0x3030303030303030);
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return (v & high) == threes && ((v + UINT64_C(0x0606060606060606)) & high) == threes;
}

bool source_is_digits(struct dnc_str s, size_t n)
{
	if (s.n != n)
		return false;
	if (n >= 8 && n <= 16)
		return are_eight_digits(s.p) && are_eight_digits(s.p + n - 8);
	for (size_t i = 0; i < n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

bool source_cut(struct dnc_str s, struct dnc_str *head, struct dnc_str *tail)
{
	const char *comma = memchr(s.p, ',', s.n);

	if (!comma)
		return false;
	*head = (struct dnc_str){s.p, (size_t)(comma - s.p)};
	*tail = (struct dnc_str){comma + 1, s.n - head->n - 1};
	return true;
}
