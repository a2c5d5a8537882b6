/* What masked events show. By property: numbers, names and addresses are hidden in any field, key, encoding and script of
 * 10,000 generated events. The masked form holds nothing of them, and does not change when they do. */
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include "base/clock.h"
#include "event/cloudevent.h"
#include "event/mask.h"
#include "event/priv/fields.h"
#include "phone/phone.h"

enum { EVENTS = 10000, LINE = 2 * DNC_EVENT_MAX_BYTES, GRAM = 4 };

static const unsigned char mask_key[DNC_MASK_KEY_BYTES] = "a key that only tests have";
static const unsigned char other_key[DNC_MASK_KEY_BYTES] = "another key that only tests have";
static const struct dnc_masking masking = {.key = mask_key}, other_masking = {.key = other_key};

/* Two secrets. What a mask shows of both numbers is equal, and so are the first three digits. */
struct secret {
	char e164[DNC_PHONE_MAX];
	const char *name, *address;
};

static const struct secret secrets[][2] = {
	{{"+13035556187", "Margaret Hamilton", "12 Rue Cler"},
		{"+13032736187", "Annie J. Easley", "7 Elm Street"}},
	{{"+442379468958", "M\xc3\xa9lanie Dupont",
		 "Hauptstra\xc3\xa9"
		 "e 3a"},
		{"+442376298958", "\xe5\xb1\xb1\xe7\x94\xb0 \xe5\xa4\xaa\xe9\x83\x8e",
			"ul. Polna 9/4"}},
	{{"+493557986214", "ada.lovelace@example.org", "O'Connell St. \\u0031"},
		{"+493552746214", "LOVELACE, ADA", "\"Villa Rosa\""}},
	/* Seven digits, of which a mask shows the country alone. */
	{{"+6834587", "Grace Hopper", "Box 98"}, {"+6837965", "Hopper G.", "Box 89"}},
};

enum { SECRETS = sizeof secrets / sizeof secrets[0] };

struct generator {
	uint64_t state;
	const struct secret *secret;
	struct dnc_buf *b;
};

static unsigned below(struct generator *g, unsigned n)
{
	g->state ^= g->state << 13;
	g->state ^= g->state >> 7;
	g->state ^= g->state << 17;
	return (unsigned)((g->state >> 20) % n);
}

/* International; of a number that is long enough sometimes national. */
static const char *digits_of(struct generator *g)
{
	const char *digits = g->secret->e164 + 1;

	return strlen(digits) > 10 && below(g, 2) ? digits + strlen(digits) - 10 : digits;
}

/* The last seven, which start with hidden ones: where only three may be shown. */
static const char *fraction_of(const struct generator *g)
{
	return g->secret->e164 + strlen(g->secret->e164) - 7;
}

static const char *const separators[] = {"", "", " ", "-", ".", "/", "(", ")", "\\t", "\\n",
	"\\u00a0", "\\u202f", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x93", "\xe2\x80\x91",
	"\xe2\x88\x92", "_", ",", ":", ";", "*", "#", "~", "+", "=", "'", "\\u200b", "x", "__"};

/* The zeros of some scripts. */
static const uint32_t scripts[] = {'0', '0', '0', 0x0660, 0x06F0, 0x0966, 0x0E50, 0xFF10, 0x1D7CE};

static void put_point(struct dnc_buf *b, uint32_t c)
{
	if (c < 0x80) {
		dnc_buf_chr(b, (char)c);
	} else if (c < 0x800) {
		dnc_buf_chr(b, (char)(0xC0 | c >> 6));
		dnc_buf_chr(b, (char)(0x80 | (c & 0x3F)));
	} else if (c < 0x10000) {
		dnc_buf_chr(b, (char)(0xE0 | c >> 12));
		dnc_buf_chr(b, (char)(0x80 | (c >> 6 & 0x3F)));
		dnc_buf_chr(b, (char)(0x80 | (c & 0x3F)));
	} else {
		dnc_buf_chr(b, (char)(0xF0 | c >> 18));
		dnc_buf_chr(b, (char)(0x80 | (c >> 12 & 0x3F)));
		dnc_buf_chr(b, (char)(0x80 | (c >> 6 & 0x3F)));
		dnc_buf_chr(b, (char)(0x80 | (c & 0x3F)));
	}
}

/* The number with separators, in some script, or with escapes. */
static void put_written_number(struct generator *g)
{
	const char *digits = digits_of(g);
	const char *separator = separators[below(g, sizeof separators / sizeof *separators)];
	uint32_t zero = scripts[below(g, sizeof scripts / sizeof *scripts)];
	unsigned group = 1 + below(g, 5);
	bool escaped = below(g, 4) == 0 && zero < 0x10000;

	for (size_t i = 0; digits[i]; i++) {
		uint32_t c = zero + (uint32_t)(digits[i] - '0');

		if (i && i % group == 0)
			dnc_buf_str(g->b, dnc_str(separator));
		if (escaped)
			dnc_buf_printf(g->b, "\\u%04x", (unsigned)c);
		else
			put_point(g->b, c);
	}
}

/* The digits in the shape of a UUID. */
static void put_uuid(struct generator *g)
{
	const char *digits = digits_of(g);
	size_t n = strlen(digits);

	for (size_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			dnc_buf_chr(g->b, '-');
		dnc_buf_chr(g->b, i < n ? digits[i] : '0');
	}
}

/* The content of a string. */
static void put_text(struct generator *g)
{
	const char *known[] = {"call ", "p", "state_", "web ", "\\u00e9", "v1."};

	switch (below(g, 8)) {
	case 0:
		put_uuid(g);
		break;
	case 1:
		dnc_buf_str(g->b, dnc_str(g->secret->name));
		break;
	case 2:
		if (strchr(g->secret->address, '"'))
			dnc_buf_lit(g->b, "\\\"Villa Rosa\\\"");
		else
			dnc_buf_str(g->b, dnc_str(g->secret->address));
		break;
	case 3:
		dnc_buf_str(g->b, dnc_str(known[below(g, sizeof known / sizeof *known)]));
		put_written_number(g);
		if (below(g, 2))
			dnc_buf_lit(g->b, " \xe2\x80\x94 or mail");
		break;
	case 4:
		dnc_buf_printf(g->b, "2026-08-29T08:00:00.000%sZ", digits_of(g));
		break;
	default:
		put_written_number(g);
	}
}

static void put_string(struct generator *g)
{
	dnc_buf_chr(g->b, '"');
	put_text(g);
	dnc_buf_chr(g->b, '"');
}

static void put_number(struct generator *g)
{
	const char *digits = digits_of(g);

	switch (below(g, 6)) {
	case 0:
		dnc_buf_printf(g->b, "%s.0", digits);
		break;
	case 1:
		dnc_buf_printf(g->b, "%c.%se%d", digits[0], digits + 1, (int)strlen(digits) - 1);
		break;
	case 2:
		dnc_buf_printf(g->b, "-%s", digits);
		break;
	case 3:
		dnc_buf_printf(g->b, "0.%s", digits);
		break;
	default:
		dnc_buf_str(g->b, dnc_str(digits));
	}
}

/* Any value: also an array or an object with secrets in it, at any depth and in keys. */
static void put_value(struct generator *g, unsigned depth)
{
	switch (below(g, depth ? 6 : 4)) {
	case 0:
		put_number(g);
		break;
	case 4:
		dnc_buf_lit(g->b, "[{\"a\":null},");
		put_value(g, depth - 1);
		dnc_buf_lit(g->b, ",\"web\"]");
		break;
	case 5:
		dnc_buf_lit(g->b, "{\"tcpa\":true,\"");
		put_text(g);
		dnc_buf_lit(g->b, "\":");
		put_value(g, depth - 1);
		dnc_buf_chr(g->b, '}');
		break;
	default:
		put_string(g);
	}
}

/* A value of the type that the field must have. */
static void put_value_of(struct generator *g, const struct dnc_field_spec *spec)
{
	switch (spec->kind) {
	case KIND_ID: /* a serial number */
	case KIND_INT:
		dnc_buf_str(g->b, dnc_str(g->secret->e164 + 1));
		break;
	case KIND_NUMBER:
		put_number(g);
		break;
	case KIND_RATIO:
		dnc_buf_printf(g->b, "0.%s%s", digits_of(g), below(g, 3) ? "" : "e-1");
		break;
	case KIND_BOOL:
		dnc_buf_lit(g->b, "true");
		break;
	case KIND_ARRAY:
		dnc_buf_chr(g->b, '[');
		put_value(g, 2);
		dnc_buf_chr(g->b, ']');
		break;
	case KIND_FLAGS:
		dnc_buf_lit(g->b, "{\"");
		put_text(g);
		dnc_buf_lit(g->b, "\":true}");
		break;
	case KIND_TIME:
		dnc_buf_printf(g->b, "\"2026-08-29T10:00:00.%s+02:00\"", fraction_of(g));
		break;
	case KIND_PHONE:
		dnc_buf_printf(g->b, "\"%s\"", g->secret->e164);
		break;
	case KIND_ANY:
		put_value(g, 3);
		break;
	case KIND_STRING:
		put_string(g);
		break;
	}
}

/* A member with a secret: a field of TYPE that is not there yet, a derived one, or one that nobody knows. */
static void put_member(struct generator *g, enum dnc_type type, bool metadata, bool *used)
{
	static const char *const derived[] = {"is_blocked", "has_warnings", "latency_ms",
		"is_retry", "dnc_entry_id", "success_rate", "previous_dnc_entry", "source_format",
		"requires_approval", "unknown_values", "call_id", "state", "country", "source_id"};
	unsigned f = below(g, FIELD_COUNT), how = below(g, 8);

	dnc_buf_lit(g->b, ",\"");
	if (how < 5 && !metadata && !used[f] && dnc_fields[f].types & T(type)) {
		used[f] = true;
		dnc_buf_str(g->b, dnc_fields[f].name);
		dnc_buf_lit(g->b, "\":");
		put_value_of(g, &dnc_fields[f]);
		return;
	}
	f = below(g, sizeof derived / sizeof *derived);
	if (how < 6 && !used[FIELD_COUNT + f]) {
		used[FIELD_COUNT + f] = true;
		dnc_buf_str(g->b, dnc_str(derived[f]));
	} else if (how == 6) {
		dnc_buf_printf(g->b, "key %u ", below(g, 1000000));
		put_text(g);
	} else {
		dnc_buf_printf(g->b, "note_%u", below(g, 1000000));
	}
	dnc_buf_lit(g->b, "\":");
	put_value(g, 3);
}

static void put_members(struct generator *g, enum dnc_type type, bool metadata)
{
	bool used[FIELD_COUNT + 16] = {0};

	/* What the event needs, and what must not contradict the number. */
	used[FIELD_PHONE_NUMBER] = used[FIELD_EXPIRES_AT] = used[FIELD_SOURCES] = true;
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		used[f] |= dnc_str_eq(dnc_fields[f].name, DNC_STR("reason")) ||
		           dnc_str_eq(dnc_fields[f].name, DNC_STR("result")) ||
		           dnc_str_eq(dnc_fields[f].name, DNC_STR("sync_status")) ||
		           dnc_str_eq(dnc_fields[f].name, DNC_STR("new_status")) ||
		           dnc_str_eq(dnc_fields[f].name, DNC_STR("provider")) ||
		           dnc_str_eq(dnc_fields[f].name, DNC_STR("violation_type"));
	for (unsigned left = 1 + below(g, 6); left; left--)
		put_member(g, type, metadata, used);
}

/* The value of a field that the type needs: known, or a secret. */
static void put_needed(struct generator *g, const char *known)
{
	if (below(g, 2))
		dnc_buf_printf(g->b, "\"%s\"", known);
	else
		put_string(g);
}

static void put_record(struct generator *g)
{
	static const struct {
		const char *field, *known;
	} needed[DNC_TYPES] = {{"reason", "complaint"}, {"reason", "expired"},
		{"result", "allowed"}, {"sync_status", "success"},
		{"violation_type", "called_while_suppressed"}, {"new_status", "offline"}};
	enum dnc_type type = (enum dnc_type)below(g, DNC_TYPES);

	dnc_buf_clear(g->b);
	dnc_buf_printf(g->b,
		"{\"type\":\"%s\",\"phone_number\":\"%s\",\"%s\":", dnc_type_names[type].p,
		g->secret->e164, needed[type].field);
	put_needed(g, needed[type].known);
	dnc_buf_lit(g->b, ",\"provider\":");
	put_needed(g, "state_dnc");
	dnc_buf_printf(
		g->b, ",\"timestamp\":\"2026-08-29T08:00:00.%s\"", below(g, 2) ? "000Z" : "");
	if (g->b->p[g->b->n - 2] != 'Z') {
		g->b->n--;
		dnc_buf_printf(g->b, "%sZ\"", fraction_of(g));
	}
	if (below(g, 2)) {
		dnc_buf_lit(g->b, ",\"id\":");
		put_string(g);
	}
	if (below(g, 2)) {
		dnc_buf_lit(g->b, ",\"provider_id\":");
		put_string(g);
	}
	if (below(g, 2)) {
		dnc_buf_lit(g->b, ",\"summary\":");
		put_string(g);
	}
	dnc_buf_lit(g->b, ",\"event_data\":{\"x\":0");
	put_members(g, type, false);
	dnc_buf_lit(g->b, "},\"metadata\":{\"y\":0");
	if (below(g, 2))
		dnc_buf_lit(g->b, ",\"ingested_at\":\"2026-08-29T09:00:00.000Z\"");
	put_members(g, type, true);
	dnc_buf_lit(g->b, "}}");
	dnc_buf_reserve(g->b, DNC_JSON_PADDING);
	assert_true(dnc_buf_ok(g->b));
}

/* The value of a digit of any of the scripts at the start of *P, which it passes; -1 for another character. */
static int next_digit(const char **p, const char *end)
{
	if ((unsigned char)**p < 0x80) {
		char c = *(*p)++;

		return c >= '0' && c <= '9' ? c - '0' : -1;
	}
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
		for (uint32_t d = 0; d < 10; d++) {
			char text[4];
			struct dnc_buf b = {.p = text, .size = sizeof text};

			put_point(&b, scripts[i] + d);
			if ((size_t)(end - *p) >= b.n && memcmp(*p, text, b.n) == 0) {
				*p += b.n;
				return (int)d;
			}
		}
	++*p;
	return -1;
}

/* Fails if four consecutive digits of the secret's number are in TEXT, whatever is between them, unless the mask shows all
 * four. */
static void check_digits(const struct secret *secret, struct dnc_str text, const char *line)
{
	char shown[DNC_PHONE_MAX], digits[1024];
	struct dnc_buf masked = {.p = shown, .size = sizeof shown};
	size_t n = 0, numbers = strlen(secret->e164);

	dnc_phone_mask(&masked, dnc_str(secret->e164));
	for (const char *p = text.p, *end = p + text.n; p < end && n < sizeof digits;) {
		int digit = next_digit(&p, end);

		if (digit >= 0)
			digits[n++] = (char)('0' + digit);
	}
	for (size_t i = 1; i + GRAM <= numbers; i++)
		if (memchr(shown + i, '*', GRAM) && memmem(digits, n, secret->e164 + i, GRAM))
			fail_msg("%.4s of %s is in \"%.*s\" of\n%s", secret->e164 + i, secret->e164,
				DNC_STR_ARG(text), line);
}

/* True if TEXT is a UUIDv8. It must not be in the event itself. */
static bool is_pseudonym(struct dnc_str text, const struct dnc_event *plain, const char *line)
{
	char canonical[DNC_UUID_LEN];

	if (text.n != DNC_UUID_LEN || !dnc_uuid_read(text, canonical) || text.p[14] != '8')
		return false;
	if (memmem(plain->line.p, plain->line.n, text.p, text.n))
		fail_msg("%.*s is shown as it is:\n%s", DNC_STR_ARG(text), line);
	return true;
}

/* Checks all keys and values of the masked line in COPY, which ends with a NUL, and replaces pseudonyms. */
static void check_line(struct dnc_json_parser *parser, const struct secret *secret,
	const struct dnc_event *plain, char *copy, size_t n)
{
	struct dnc_json doc;
	struct dnc_error err;

	if (dnc_json_parse(parser, copy, n, &doc, &err) < 0)
		fail_msg("%s: %s", err.message, copy);
	if (strcasestr(copy, "hamilton") || strcasestr(copy, "easley") ||
		strcasestr(copy, "dupont") || strcasestr(copy, "lovelace") ||
		strcasestr(copy, "hopper") || strstr(copy, "Rosa") || strstr(copy, "Box") ||
		strstr(copy, "Cler") || strstr(copy, "Polna") || strstr(copy, "\xe5\xb1\xb1"))
		fail_msg("a name is in %s", copy);
	for (uint32_t i = 1; i < doc.count; i++) {
		struct dnc_str text = doc.node[i].text;

		check_digits(secret, doc.node[i].key, copy);
		if (doc.node[i].type < DNC_JSON_NUMBER || doc.node[i].type > DNC_JSON_STRING)
			continue;
		if (is_pseudonym(text, plain, copy))
			memset((char *)(uintptr_t)text.p, '0', text.n);
		else
			check_digits(secret, text, copy);
	}
}

struct masked_line {
	char text[2 * DNC_EVENT_MAX_BYTES];
	size_t n;
	bool rejected;
};

static void mask_record(struct dnc_event_reader *readers[2], struct dnc_json_parser *parser,
	struct generator *g, struct masked_line *out)
{
	struct dnc_event event, masked;
	struct dnc_error err;
	struct dnc_buf line = {0};
	char ingested_at[DNC_TIME_LEN];

	put_record(g);
	out->rejected = dnc_event_normalize(readers[0], g->b->p, g->b->n, &event, &err) < 0;
	if (out->rejected)
		return;
	event.seq = 7;
	assert_int_equal(dnc_event_mask(readers[1], &line, &event, &masking, &masked), 0);
	memcpy(ingested_at, masked.ingested_at.p, sizeof ingested_at);
	/* MASKED points into the buffer, which must not move. */
	dnc_buf_reserve(&line, masked.line.n + DNC_JSON_PADDING + 2048);
	assert_int_equal(dnc_event_parse(readers[1], line.p, line.n, &masked), 0);
	dnc_event_write_cloudevent(&line, &masked);
	/* The clock may have gone on between the two events. */
	for (char *p = line.p; (p = memmem(p, (size_t)(line.p + line.n - p), ingested_at,
					sizeof ingested_at)) != NULL;)
		memset(p, '0', sizeof ingested_at);
	out->n = line.n;
	assert_true(masked.line.n < DNC_EVENT_MAX_BYTES && line.n + 200 < sizeof out->text);
	memcpy(out->text, line.p, line.n);
	out->text[line.n] = '\0';
	/* The line, then the CloudEvent with the line in it. */
	out->text[masked.line.n] = '\0';
	check_line(parser, g->secret, &event, out->text, masked.line.n);
	out->text[masked.line.n] = '{';
	check_line(parser, g->secret, &event, out->text + masked.line.n, line.n - masked.line.n);
	dnc_buf_free(&line);
}

static void masked_events_hold_nothing_that_is_hidden(void **state)
{
	static struct masked_line lines[2];
	struct dnc_event_reader *readers[2] = {dnc_event_reader_new(&(struct dnc_event_options){0}),
		dnc_event_reader_new(&(struct dnc_event_options){0})};
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_buf record = {0};
	unsigned masked = 0;

	(void)state;
	for (uint64_t seed = 1; masked < EVENTS && seed < 4 * EVENTS; seed++) {
		for (int which = 0; which < 2; which++) {
			struct generator g = {seed * UINT64_C(0x9E3779B97F4A7C15),
				&secrets[seed % SECRETS][which], &record};

			mask_record(readers, parser, &g, &lines[which]);
		}
		assert_int_equal(lines[0].rejected, lines[1].rejected);
		if (lines[0].rejected)
			continue;
		masked++;
		if (lines[0].n != lines[1].n ||
			memcmp(lines[0].text, lines[1].text, lines[0].n) != 0)
			fail_msg("seed %llu:\n%s\n%s", (unsigned long long)seed, lines[0].text,
				lines[1].text);
	}
	assert_int_equal(masked, EVENTS);
	dnc_buf_free(&record);
	dnc_json_parser_free(parser);
	dnc_event_reader_free(readers[0]);
	dnc_event_reader_free(readers[1]);
}

static void normalize(struct dnc_event_reader *r, const char *record, struct dnc_event *event)
{
	static char text[LINE];
	struct dnc_error err;

	snprintf(text, sizeof text - DNC_JSON_PADDING, "%s", record);
	if (dnc_event_normalize(r, text, strlen(text), event, &err) < 0)
		fail_msg("%s: %s", record, err.message);
}

/* The masked form of RECORD in OUT, with a NUL. */
static void mask(const char *record, const struct dnc_masking *how, struct dnc_buf *out)
{
	struct dnc_event_reader *readers[2] = {dnc_event_reader_new(&(struct dnc_event_options){0}),
		dnc_event_reader_new(&(struct dnc_event_options){0})};
	struct dnc_event event, masked;

	normalize(readers[0], record, &event);
	dnc_buf_clear(out);
	assert_int_equal(dnc_event_mask(readers[1], out, &event, how, &masked), 0);
	dnc_buf_chr(out, '\0');
	dnc_event_reader_free(readers[0]);
	dnc_event_reader_free(readers[1]);
}

#define ENTRY  "0199f0d2-7f3b-7a00-8000-0123456789ab"
#define OTHER  "0199f0d2-7f3b-7a00-8000-0123456789ac"
#define NUMBER "\"phone_number\":\"+13035550143\","

/* The string that follows BEFORE in TEXT. */
static struct dnc_str after(const struct dnc_buf *text, const char *before)
{
	const char *p = strstr(text->p, before);

	if (!p)
		fail_msg("%s is not in %s", before, text->p);
	p += strlen(before);
	return (struct dnc_str){p, strcspn(p, "\"")};
}

static void ids_become_pseudonyms_that_stay(void **state)
{
	static const char suppressed[] = "{\"type\":\"dnc.number.suppressed\",\"id\":\"" ENTRY
					 "\"," NUMBER "\"reason\":\"complaint\","
					 "\"dnc_entry_id\":\"entry 13035550143\"}",
			  released[] = "{\"type\":\"dnc.number.released\",\"id\":\"" OTHER
				       "\"," NUMBER "\"reason\":\"expired\","
				       "\"previous_dnc_entry_id\":\"entry 13035550143\"}";
	struct dnc_buf first = {0}, second = {0}, third = {0};
	struct dnc_str id;

	(void)state;
	mask(suppressed, &masking, &first);
	mask(suppressed, &masking, &second);
	mask(released, &masking, &third);
	id = after(&first, "{\"id\":\"");
	assert_int_equal(id.n, DNC_UUID_LEN);
	assert_int_equal(id.p[14], '8');
	assert_null(strstr(first.p, ENTRY));
	assert_null(strstr(first.p, "entry 1"));
	assert_true(dnc_str_eq(id, after(&second, "{\"id\":\"")));
	/* One reference, wherever it stands. */
	assert_true(dnc_str_eq(after(&first, "\"dnc_entry_id\":\""),
		after(&third, "\"previous_dnc_entry_id\":\"")));
	assert_true(dnc_str_eq(
		after(&first, "\"dnc_entry_id\":\""), after(&third, "\"previous_dnc_entry\":\"")));
	assert_false(dnc_str_eq(id, after(&third, "{\"id\":\"")));
	/* Another log has others. */
	mask(suppressed, &other_masking, &second);
	assert_false(dnc_str_eq(id, after(&second, "{\"id\":\"")));
	dnc_buf_free(&first);
	dnc_buf_free(&second);
	dnc_buf_free(&third);
}

/* What some type needs. */
#define ALL                                                                                        \
	"\"reason\":\"complaint\",\"result\":\"allowed\",\"sync_status\":\"success\",\"provider\":\"x\","

static void a_guess_in_one_field_does_not_show_what_another_holds(void **state)
{
	static const char *const fields[][2] = {
		{"number.suppressed", "event_id"},
		{"number.suppressed", "request_id"},
		{"number.suppressed", "session_id"},
		{"number.suppressed", "batch_id"},
		{"number.suppressed", "source_id"},
		{"number.suppressed", "dnc_entry_id"},
		{"check.performed", "call_id"},
		{"list.synced", "sync_id"},
	};
	enum { FIELDS = sizeof fields / sizeof fields[0] };
	char shown[FIELDS + 1][DNC_UUID_LEN], record[512], key[64];
	struct dnc_buf b = {0};
	struct dnc_str text;

	(void)state;
	mask("{\"type\":\"dnc.number.suppressed\",\"id\":\"" ENTRY "\"," NUMBER
	     "\"reason\":\"complaint\"}",
		&masking, &b);
	memcpy(shown[FIELDS], after(&b, "{\"id\":\"").p, DNC_UUID_LEN);
	for (size_t i = 0; i < FIELDS; i++) {
		snprintf(key, sizeof key, "\"%s\":\"", fields[i][1]);
		/* One UUID has one pseudonym in a field, however it is written. */
		for (int spelling = 0; spelling < 2; spelling++) {
			snprintf(record, sizeof record,
				"{\"type\":\"dnc.%s\",\"id\":\"" OTHER "\"," NUMBER ALL "%s%s\"}",
				fields[i][0], key,
				spelling ? "0199F0D27F3B7A0080000123456789AB" : ENTRY);
			mask(record, &masking, &b);
			text = after(&b, key);
			assert_int_equal(text.n, DNC_UUID_LEN);
			if (spelling)
				assert_memory_equal(text.p, shown[i], DNC_UUID_LEN);
			memcpy(shown[i], text.p, DNC_UUID_LEN);
		}
		for (size_t k = 0; k < i; k++)
			if (!memcmp(shown[i], shown[k], DNC_UUID_LEN))
				fail_msg(
					"%s and %s have one pseudonym", fields[i][1], fields[k][1]);
		if (!memcmp(shown[i], shown[FIELDS], DNC_UUID_LEN))
			fail_msg("%s shows an id", fields[i][1]);
	}
	dnc_buf_free(&b);
}

static void keys_do_not_come_twice(void **state)
{
	static const char text[] = "{\"type\":\"dnc.number.suppressed\"," NUMBER
				   "\"reason\":\"x\",\"notes\":\"a\",\"notes\":\"3035550143\"}";
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0});
	char padded[sizeof text + DNC_JSON_PADDING] = {0};
	struct dnc_event event;
	struct dnc_error err;

	(void)state;
	memcpy(padded, text, sizeof text);
	assert_int_equal(dnc_event_normalize(r, padded, sizeof text - 1, &event, &err), -1);
	assert_int_equal(err.code, DNC_REJECT_INVALID_JSON);
	dnc_event_reader_free(r);
}

static const struct dnc_mask *new_mask(const char *shows, const char *hides)
{
	struct dnc_error err;
	const struct dnc_mask *m = dnc_mask_new(dnc_str(shows), dnc_str(hides), &err);

	if (!m)
		fail_msg("%s", err.message);
	return m;
}

static void roles_see_more_or_less(void **state)
{
	static const char record[] =
		"{\"type\":\"dnc.number.suppressed\"," NUMBER
		"\"reason\":\"complaint\",\"source\":\"state\",\"provider\":\"ACME \\\"Lists\\\"\","
		"\"list_name\":\"Q3 2026 K\\u00f6ln\",\"batch\":123456,\"beta\":true,"
		"\"raw\":[1],\"call_id\":\"c-7\",\"batch_id\":\"b 3035550143\","
		"\"notes\":\"\xd9\xa3\xd9\xa0\xd9\xa3 5550 1\",\"deep\":1e12,"
		"\"metadata\":{\"list_name\":\"of the source\"}}";
	static const struct {
		const char *shows, *hides, *there[4], *gone[4];
	} cases[] = {
		{"", "", {"+1******0143 suppressed: complaint (state)", NULL},
			{"list_name", "ACME", "call_id\":\"c-7", NULL}},
		{"event_data.list_name", "", {"\"list_name\":\"Q3 2026 K", NULL},
			{"of the source", NULL}},
		{"list_name,batch beta\traw notes deep", "",
			{"\"list_name\":\"Q3 2026 K", "\"batch\":123456,\"beta\":true",
				"\"list_name\":\"of the source\"", NULL},
			{"\"raw\"", "\"notes\"", "\"deep\"", NULL}},
		/* What the mark does not let through is shown as the table says. */
		{"provider, call_id batch_id", "",
			{"\"provider\":\"ACME \\\"Lists\\\"\"", "\"call_id\":\"c-7\"",
				"\"batch_id\":\"", NULL},
			{"b 303", NULL}},
		{"", "source, phone_number",
			{"\"summary\":\"number suppressed: complaint\"", "\"severity\":\"medium\"",
				NULL},
			{"0143", "\"source\"", "\"provider\"", NULL}},
		{"", "event_data.reason",
			{"\"summary\":\"+1******0143 suppressed (state)\"", "\"severity\":\"info\"",
				NULL},
			{"\"reason\"", "complaint", "gdpr_relevant", NULL}},
	};
	struct dnc_buf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct dnc_mask *m = new_mask(cases[i].shows, cases[i].hides);

		mask(record, &(struct dnc_masking){m, mask_key}, &out);
		for (const char *const *p = cases[i].there; *p; p++)
			if (!strstr(out.p, *p))
				fail_msg("%zu: %s is not in %s", i, *p, out.p);
		for (const char *const *p = cases[i].gone; *p; p++)
			if (strstr(out.p, *p))
				fail_msg("%zu: %s is in %s", i, *p, out.p);
		dnc_mask_unref(m);
	}
	dnc_buf_free(&out);
}

/* Events that differ in what is hidden, and in what follows from it, have one masked form. */
static void what_is_derived_from_a_hidden_field_is_hidden(void **state)
{
#define OF(type, rest)                                                                             \
	"{\"id\":\"" ENTRY "\",\"timestamp\":\"2026-08-29T08:00:00Z\",\"type\":\"dnc." type        \
	"\"," NUMBER rest ",\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00Z\"}}"
	static const struct {
		const char *hides, *records[5];
	} cases[] = {
		{"reason",
			{OF("number.suppressed", "\"reason\":\"consumer_request\""),
				OF("number.suppressed", "\"reason\":\"testing\""),
				OF("number.suppressed", "\"reason\":\"of another kind\""), NULL}},
		{"event_data.reason",
			{OF("number.released", "\"reason\":\"consumer_request\""),
				OF("number.released", "\"reason\":\"admin_override\""),
				OF("number.released",
					"\"reason\":\"expired\",\"severity\":\"low\""),
				NULL}},
		{"expires_at",
			{OF("number.suppressed", "\"reason\":\"testing\""),
				OF("number.suppressed",
					"\"reason\":\"testing\",\"expires_at\":\"2027-01-01T00:00:00Z\""),
				NULL}},
		{"source", {OF("number.suppressed", "\"reason\":\"testing\",\"source\":\"state\""),
				   OF("number.suppressed",
					   "\"reason\":\"testing\",\"source\":\"federal\""),
				   NULL}},
		{"verified_by, verified_at",
			{OF("number.released", "\"reason\":\"data_correction\""),
				OF("number.released",
					"\"reason\":\"data_correction\",\"verified_by\":\"admin\","
					"\"verified_at\":\"2026-08-29T08:00:00Z\""),
				NULL}},
		{"result", {OF("check.performed", "\"result\":\"blocked\""),
				   OF("check.performed", "\"result\":\"error\""),
				   OF("check.performed", "\"result\":\"allowed\""), NULL}},
		{"risk_score, latency, total_sources, sources, cache_hits, successful_sources",
			{OF("check.performed",
				 "\"result\":\"allowed\",\"risk_score\":0.1,\"latency\":1,"
				 "\"total_sources\":4,\"cache_hits\":1,\"cache_misses\":1,"
				 "\"successful_sources\":3"),
				OF("check.performed",
					"\"result\":\"allowed\",\"risk_score\":0.9,\"latency\":2,"
					"\"sources\":[\"a\",\"b\"],\"cache_hits\":2,\"cache_misses\":1"),
				NULL}},
		{"sync_status new_status error_count error_code",
			{OF("list.synced",
				 "\"provider\":\"x\",\"sync_status\":\"failed\",\"error_count\":3"),
				OF("list.synced",
					"\"provider\":\"x\",\"sync_status\":\"success\",\"error_code\":\"e\""),
				OF("list.synced", "\"provider\":\"x\",\"sync_status\":\"odd\""),
				NULL}},
		{"sync_status new_status",
			{OF("provider.status_change",
				 "\"provider\":\"x\",\"new_status\":\"online\""),
				OF("provider.status_change",
					"\"provider\":\"x\",\"new_status\":\"error\""),
				NULL}},
		{"records_added sync_duration sync_trigger retry_count warning_count",
			{OF("list.synced",
				 "\"provider\":\"x\",\"sync_status\":\"failed\",\"records_added\":3,"
				 "\"records_removed\":9,\"sync_duration\":7,\"warning_count\":1,"
				 "\"sync_trigger\":\"retry\""),
				OF("list.synced",
					"\"provider\":\"x\",\"sync_status\":\"failed\",\"records_added\":4,"
					"\"records_removed\":9,\"sync_duration\":8,\"retry_count\":1"),
				NULL}},
	};
#undef OF
	struct dnc_buf first = {0}, other = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct dnc_mask *m = new_mask("", cases[i].hides);
		const struct dnc_masking how = {m, mask_key};

		mask(cases[i].records[0], &how, &first);
		for (const char *const *p = cases[i].records + 1; *p; p++) {
			mask(*p, &how, &other);
			assert_string_equal(other.p, first.p);
		}
		dnc_mask_unref(m);
	}
	dnc_buf_free(&first);
	dnc_buf_free(&other);
}

static void large_counts_and_regions_with_digits_show_no_area_code(void **state)
{
	static const struct {
		const char *given, *shown; /* NULL: left out */
	} cases[] = {
		{"\"records_added\":0", "\"records_added\":0,"},
		{"\"records_added\":999999", "\"records_added\":999999,"},
		{"\"records_added\":1000001", "\"records_added\":1000000,"},
		{"\"records_added\":3035550187", "\"records_added\":1000000,"},
		{"\"records_added\":3035550187", "\"net_data_change\":1000000,"},
		{"\"records_removed\":3035550187", "\"net_data_change\":-1000000,"},
		{"\"throughput_per_second\":3035550187.5", "\"throughput_per_second\":1000000,"},
		{"\"state\":\"US-CA\"", "\"state\":\"US-CA\""},
		{"\"country\":\"US\"", "\"country\":\"US\""},
		{"\"state\":\"US-303\"", NULL},
		{"\"jurisdiction\":\"US-3A\"", NULL},
		{"\"state\":\"US-\"", NULL},
	};
	struct dnc_buf out = {0};
	char record[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(record, sizeof record,
			"{\"id\":\"" ENTRY
			"\",\"timestamp\":\"2026-08-29T08:00:00Z\",\"type\":\"dnc.list.synced\",\"provider\":\"x\",%s,\"sync_status\":\"failed\"}",
			cases[i].given);
		mask(record, &masking, &out);
		if (cases[i].shown ? !strstr(out.p, cases[i].shown) : strstr(out.p, "\"US") != NULL)
			fail_msg("%s: %s", record, out.p);
		if (strstr(strstr(out.p, "event_data"), "303"))
			fail_msg("%s shows an area code: %s", record, out.p);
	}
	dnc_buf_free(&out);
}

/* A summary that has escapes now is restored from its shape. */
static void a_summary_may_have_escapes(void **state)
{
	const struct dnc_mask *m = new_mask("provider", "");
	struct dnc_event_reader *r = dnc_event_reader_new(&(struct dnc_event_options){0}),
				*second = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_event event, masked;
	struct dnc_buf out = {0};

	(void)state;
	normalize(r,
		"{\"type\":\"dnc.list.synced\",\"provider\":\"a\\\"b\",\"sync_status\":\"failed\"}",
		&event);
	assert_int_equal(
		dnc_event_mask(second, &out, &event, &(struct dnc_masking){m, mask_key}, &masked),
		0);
	assert_true(dnc_str_eq(masked.provider, DNC_STR("a\"b")));
	assert_true(dnc_str_eq(masked.summary, DNC_STR("a\"b list sync: failed")));
	dnc_buf_free(&out);
	dnc_event_reader_free(r);
	dnc_event_reader_free(second);
	dnc_mask_unref(m);
}

static void faults_in_the_lists_are_told(void **state)
{
	static const struct {
		const char *shows, *hides, *part;
	} cases[] = {
		{"details.kind", "", "\"details.kind\" is not a field"},
		{"event_data.", "", "is not a field"},
		{"a\"b", "", "is not a field"},
		{"id", "", "\"id\" is in every event"},
		{"", "metadata.ingested_at", "is in every event"},
		{"phone_number", "", "whole numbers need dnc:pii"},
		{"a, b, a", "", "\"a\" is listed twice"},
		{"event_data.provider", "provider", "\"provider\" is listed twice"},
		{"a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb cc dd ee ff gg", "",
			"more than 32 fields"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err;

		assert_null(dnc_mask_new(dnc_str(cases[i].shows), dnc_str(cases[i].hides), &err));
		assert_int_equal(err.code, EINVAL);
		if (!strstr(err.message, cases[i].part))
			fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].part);
	}
}

static void hiding_what_is_not_shown_is_told(void **state)
{
	static const struct {
		const char *hides, *idle;
	} cases[] = {
		{"", ""},
		{"provider", ""},
		{"notes", "notes"},
		{"provider, event_data.colour,notes", "event_data.colour, notes"},
		{"reason", ""},
	};
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct dnc_mask *m = dnc_mask_new(DNC_STR(""), dnc_str(cases[i].hides), &err);

		assert_non_null(m);
		if (!dnc_str_eq(dnc_mask_idle(m), dnc_str(cases[i].idle)))
			fail_msg("case %zu: %.*s", i, DNC_STR_ARG(dnc_mask_idle(m)));
		dnc_mask_unref(m);
	}
	assert_int_equal(dnc_mask_idle(NULL).n, 0);
}

static void equal_lists_are_equal_masks(void **state)
{
	const struct dnc_mask *a = new_mask("x,y", "source"), *b = new_mask(" x\ty ", "source,"),
			      *c = new_mask("y x", "source");

	(void)state;
	assert_true(dnc_mask_same(a, b));
	assert_false(dnc_mask_same(a, c));
	assert_false(dnc_mask_same(a, NULL));
	assert_true(dnc_mask_same(NULL, NULL));
	assert_true(dnc_str_eq(dnc_mask_shows(a), DNC_STR("x, y")));
	dnc_mask_unref(a);
	dnc_mask_unref(b);
	dnc_mask_unref(c);
	dnc_mask_unref(NULL);
}

static void digits_of_all_scripts_count(void **state)
{
	static const struct {
		const char *text;
		size_t digits;
	} cases[] = {{"", 0}, {"Q3 2026", 5}, {"\xd9\xa3\xd9\xa0", 2}, {"\xef\xbc\x93", 1},
		{"\xc2\xb2\xe2\x91\xa0\xe4\xb8\x89", 3}, {"K\xc3\xb6ln", 0},
		{"\xf0\x9d\x9f\x8f", 1}, {"\xff\xc3", 2}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(dnc_phone_digits(dnc_str(cases[i].text)), cases[i].digits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masked_events_hold_nothing_that_is_hidden),
		cmocka_unit_test(ids_become_pseudonyms_that_stay),
		cmocka_unit_test(a_guess_in_one_field_does_not_show_what_another_holds),
		cmocka_unit_test(keys_do_not_come_twice),
		cmocka_unit_test(large_counts_and_regions_with_digits_show_no_area_code),
		cmocka_unit_test(roles_see_more_or_less),
		cmocka_unit_test(what_is_derived_from_a_hidden_field_is_hidden),
		cmocka_unit_test(a_summary_may_have_escapes),
		cmocka_unit_test(faults_in_the_lists_are_told),
		cmocka_unit_test(hiding_what_is_not_shown_is_told),
		cmocka_unit_test(equal_lists_are_equal_masks),
		cmocka_unit_test(digits_of_all_scripts_count),
	};

	return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
