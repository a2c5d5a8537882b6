/* Events that are restored from their shape, and how often a line is parsed. */
#include "unit.h"
#include <stdio.h>
#include "event/mask.h"
#include "event/priv/reader.h"
#include "events.h"

static const unsigned char mask_key[DNC_MASK_KEY_BYTES] = "a key that only tests have";
static const struct dnc_masking masking = {.key = mask_key};

struct readers {
	struct dnc_event_reader *first, *second, *third;
};

static int setup(void **state)
{
	static struct readers r;

	r.first = dnc_event_reader_new(&(struct dnc_event_options){0});
	r.second = dnc_event_reader_new(&(struct dnc_event_options){0});
	r.third = dnc_event_reader_new(&(struct dnc_event_options){0});
	*state = &r;
	return r.first && r.second && r.third ? 0 : -1;
}

static int teardown(void **state)
{
	struct readers *r = *state;

	dnc_event_reader_free(r->first);
	dnc_event_reader_free(r->second);
	dnc_event_reader_free(r->third);
	return 0;
}

static void normalize_text(struct dnc_event_reader *r, struct dnc_str record,
	struct dnc_event *event, enum dnc_reject *why)
{
	static char text[2 * DNC_EVENT_MAX_BYTES];
	struct dnc_error err;

	assert_true(record.n + DNC_JSON_PADDING <= sizeof text);
	memset(text, 0, sizeof text);
	memcpy(text, record.p, record.n);
	*why = DNC_REJECT_NONE;
	if (dnc_event_normalize(r, text, record.n, event, &err) < 0)
		*why = (enum dnc_reject)err.code;
}

static void normalize(struct dnc_event_reader *r, const char *record, struct dnc_event *event)
{
	enum dnc_reject why;

	normalize_text(r, dnc_str(record), event, &why);
	if (why)
		fail_msg("%s: %s", record, dnc_reject_name(why));
}

/* E with SEQ in front when it is not 0, in OUT. */
static struct dnc_str line_of(struct dnc_buf *out, const struct dnc_event *e, uint64_t seq)
{
	dnc_buf_clear(out);
	if (seq)
		dnc_buf_printf(out, "{\"seq\":%llu,", (unsigned long long)seq);
	else
		dnc_buf_chr(out, '{');
	dnc_buf_add(out, e->line.p + 1, e->line.n - 1);
	dnc_buf_reserve(out, DNC_JSON_PADDING);
	return dnc_buf_view(out);
}

static void check_restored(
	struct readers *r, const struct dnc_event *e, const struct dnc_event_shape *shape)
{
	static const uint64_t seqs[] = {0, 1, UINT32_MAX};

	for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
		struct dnc_buf text = {0};
		struct dnc_str line = line_of(&text, e, seqs[i]);
		struct dnc_event parsed, restored;
		const char *differs;

		assert_int_equal(dnc_event_parse(r->second, line.p, line.n, &parsed), 0);
		assert_int_equal(
			dnc_event_from_shape(r->third, line, seqs[i], shape, &restored), 0);
		differs = events_differ(&parsed, &restored);
		if (differs)
			fail_msg("%s differs: %.*s", differs, DNC_STR_ARG(line));
		dnc_buf_free(&text);
	}
}

static void an_event_restored_from_its_shape_equals_the_parsed_one(void **state)
{
	struct readers *r = *state;

	for (size_t i = 0; i < RECORDS; i++) {
		struct dnc_event_shape shape, again;
		struct dnc_event event, parsed;

		normalize(r->first, records[i], &event);
		dnc_event_shape_of(&event, &shape);
		check_restored(r, &event, &shape);
		/* The shape of the parsed line with a seq serves the line without, and the other way. */
		assert_int_equal(
			dnc_event_parse(r->second, event.line.p, event.line.n, &parsed), 0);
		assert_null(events_differ(&event, &parsed));
		dnc_event_shape_of(&parsed, &again);
		check_restored(r, &event, &again);
	}
}

/* Event E, restored from its shape, and masked and restored then, equals what parsing gives. */
static void check_shapes(struct readers *r, const struct dnc_event *e)
{
	struct dnc_event masked, parsed;
	struct dnc_event_shape shape;
	struct dnc_buf out = {0};
	const char *differs;

	dnc_event_shape_of(e, &shape);
	check_restored(r, e, &shape);
	assert_int_equal(dnc_event_mask(r->second, &out, e, &masking, &masked), 0);
	assert_true(out.n < DNC_EVENT_MAX_BYTES);
	assert_int_equal(dnc_event_parse(r->third, out.p, out.n, &parsed), 0);
	differs = events_differ(&masked, &parsed);
	if (differs)
		fail_msg("%s differs: %.*s", differs, DNC_STR_ARG(masked.line));
	dnc_event_shape_of(&parsed, &shape);
	check_restored(r, &parsed, &shape);
	dnc_buf_free(&out);
}

static void a_masked_event_equals_its_parsed_line(void **state)
{
	struct readers *r = *state;

	for (size_t i = 0; i < RECORDS; i++) {
		struct dnc_event event;

		normalize(r->first, records[i], &event);
		check_shapes(r, &event);
	}
}

/* The longest event has its last bytes at other places in each. */
static const struct {
	const char *start, *filling;
} long_records[] = {
	{RECORD_START("number.suppressed") NUMBER "\"reason\":\"x\",\"source_reference\":\"", "x"},
	{RECORD_START("number.suppressed") NUMBER "\"reason\":\"x\",\"summary\":\"", "x"},
	{RECORD_START("number.suppressed") NUMBER "\"reason\":\"x\",\"summary\":\"", "\\n"},
	{RECORD_START("number.suppressed") NUMBER "\"reason\":\"x\",\"provider\":\"", "p"},
	{RECORD_START("number.suppressed") NUMBER "\"reason\":\"x\",\"provider_id\":\"", "\\\""},
	{RECORD_START("number.suppressed") NUMBER "\"reason\":\"x\",\"a\":\"", "3035550143 "},
	{RECORD_START("list.synced") "\"sync_status\":\"success\",\"provider\":\"", "\xc3\xa9"},
};

/* Record I with its filling FILLS times, and XS bytes more in event_data. */
static struct dnc_str long_record(struct dnc_buf *b, size_t i, size_t fills, size_t xs)
{
	dnc_buf_clear(b);
	dnc_buf_str(b, dnc_str(long_records[i].start));
	dnc_buf_chr(b, 'f');
	while (fills--)
		dnc_buf_str(b, dnc_str(long_records[i].filling));
	dnc_buf_lit(b, "\",\"notes\":\"n");
	while (xs--)
		dnc_buf_chr(b, 'x');
	dnc_buf_lit(b, "\"}");
	assert_true(dnc_buf_ok(b));
	return dnc_buf_view(b);
}

/* How many fillings of record I an event can hold at most; its length then in *BYTES. */
static size_t most_fills(struct dnc_event_reader *r, struct dnc_buf *b, size_t i, size_t *bytes)
{
	size_t fits = 0, too_many = DNC_EVENT_MAX_BYTES / strlen(long_records[i].filling) + 1;

	while (too_many - fits > 1) {
		size_t middle = (fits + too_many) / 2;
		struct dnc_event event;
		enum dnc_reject why;

		normalize_text(r, long_record(b, i, middle, 0), &event, &why);
		if (why) {
			too_many = middle;
			continue;
		}
		fits = middle;
		*bytes = event.line.n;
	}
	return fits;
}

static void the_longest_events_are_restored_and_masked(void **state)
{
	struct readers *r = *state;
	struct dnc_buf b = {0};

	for (size_t i = 0; i < sizeof long_records / sizeof long_records[0]; i++) {
		size_t bytes = 0, fills = most_fills(r->first, &b, i, &bytes);
		struct dnc_event event;
		enum dnc_reject why;

		bytes = DNC_EVENT_MAX_BYTES - bytes;
		normalize_text(r->first, long_record(&b, i, fills, bytes), &event, &why);
		assert_int_equal(why, DNC_REJECT_NONE);
		assert_int_equal(event.line.n, DNC_EVENT_MAX_BYTES);
		check_shapes(r, &event);
		normalize_text(r->first, long_record(&b, i, fills, bytes + 1), &event, &why);
		assert_int_equal(why, DNC_REJECT_TOO_LARGE);
	}
	dnc_buf_free(&b);
}

/* Of provider, provider_id and summary, each alone and all together. */
static void escapes_are_read_from_the_line(void **state)
{
	static const struct {
		const char *members, *provider, *provider_id, *summary;
	} cases[] = {
		{"\"provider\":\"a\\\"b\"", "a\"b", NULL, NULL},
		{"\"provider\":\"p\",\"provider_id\":\"\\\\\"", "p", "\\", NULL},
		{"\"summary\":\"\\u0001\\n\"", NULL, NULL, "\1\n"},
		{"\"provider\":\"\\t\",\"provider_id\":\"\\\"\",\"summary\":\"\\u00e9\\\\\"", "\t",
			"\"", "\xc3\xa9\\"},
		{"\"provider\":\"\\ud83d\\ude00\\/\",\"summary\":\"s\"", "\xf0\x9f\x98\x80/", NULL,
			"s"},
	};
	struct readers *r = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *const want[] = {
			cases[i].provider, cases[i].provider_id, cases[i].summary};
		struct dnc_event event, restored;
		struct dnc_event_shape shape;
		char record[400];

		snprintf(record, sizeof record,
			RECORD_START("number.suppressed") NUMBER "\"reason\":\"x\",%s}",
			cases[i].members);
		normalize(r->first, record, &event);
		check_shapes(r, &event);
		dnc_event_shape_of(&event, &shape);
		assert_int_equal(
			dnc_event_from_shape(r->second, event.line, 0, &shape, &restored), 0);
		for (size_t k = 0; k < 3; k++) {
			const struct dnc_str got[] = {
				restored.provider, restored.provider_id, restored.summary};

			if (want[k] && !dnc_str_eq(got[k], dnc_str(want[k])))
				fail_msg("%s: %.*s", record, DNC_STR_ARG(got[k]));
		}
		/* Without escapes no reader is needed. */
		if (!shape.escaped)
			assert_int_equal(
				dnc_event_from_shape(NULL, event.line, 0, &shape, &restored), 0);
	}
}

static void an_escaped_line_that_does_not_fit_its_shape_is_refused(void **state)
{
	struct readers *r = *state;
	struct dnc_event_shape shape;
	struct dnc_event event, restored;
	char line[4096];

	normalize(r->first, records[1], &event);
	dnc_event_shape_of(&event, &shape);
	assert_true(shape.escaped);
	memset(line, 'x', sizeof line);
	assert_int_equal(dnc_event_from_shape(r->second, (struct dnc_str){line, event.line.n}, 0,
				 &shape, &restored),
		-1);
}

static void a_line_shorter_than_its_shape_is_refused(void **state)
{
	struct readers *r = *state;
	struct dnc_event_shape shape;
	struct dnc_event event, restored;

	normalize(r->first, records[0], &event);
	dnc_event_shape_of(&event, &shape);
	event.line.n--;
	assert_int_equal(dnc_event_from_shape(r->second, event.line, 0, &shape, &restored), -1);
}

static void normalizing_parses_once(void **state)
{
	struct readers *r = *state;
	struct dnc_event event;
	char canonical[4096];
	uint64_t before = dnc_json_parser_count(r->first->parser);

	normalize(r->first, records[0], &event);
	assert_int_equal(dnc_json_parser_count(r->first->parser) - before, 1);
	memcpy(canonical, event.line.p, event.line.n);
	canonical[event.line.n] = '\0';
	normalize(r->first, canonical, &event);
	assert_int_equal(dnc_json_parser_count(r->first->parser) - before, 2);
	/* The document of a line that was canonical is at hand. */
	assert_non_null(dnc_event_doc(&event));
	assert_int_equal(dnc_json_parser_count(r->first->parser) - before, 2);
}

static void a_document_asked_for_twice_is_parsed_once(void **state)
{
	struct readers *r = *state;
	struct dnc_event one, other;
	struct dnc_event_shape shape;
	const struct dnc_json *doc;
	uint64_t before;

	normalize(r->first, records[0], &one);
	dnc_event_shape_of(&one, &shape);
	assert_int_equal(dnc_event_from_shape(r->second, one.line, 0, &shape, &one), 0);
	assert_int_equal(dnc_event_from_shape(r->second, one.line, 0, &shape, &other), 0);
	before = dnc_json_parser_count(r->second->parser);
	doc = dnc_event_doc(&one);
	assert_non_null(doc);
	assert_ptr_equal(dnc_event_doc(&one), doc);
	assert_int_equal(dnc_json_parser_count(r->second->parser) - before, 1);
	assert_true(dnc_json_get(doc, dnc_event_data_node(doc), DNC_STR("reason")));
	assert_true(dnc_json_get(doc, dnc_event_metadata_node(doc), DNC_STR("ingested_at")));
	/* The reader has one document: that of the event that was asked last. */
	dnc_event_doc(&other);
	dnc_event_doc(&one);
	assert_int_equal(dnc_json_parser_count(r->second->parser) - before, 3);
}

static void masking_parses_nothing(void **state)
{
	struct readers *r = *state;
	struct dnc_event event, masked;
	struct dnc_buf out = {0};
	struct dnc_event_shape shape;
	uint64_t before, of_event;

	normalize(r->first, records[0], &event);
	dnc_event_shape_of(&event, &shape);
	assert_int_equal(dnc_event_from_shape(r->third, event.line, 0, &shape, &event), 0);
	before = dnc_json_parser_count(r->second->parser);
	of_event = dnc_json_parser_count(r->third->parser);
	assert_int_equal(dnc_event_mask(r->second, &out, &event, &masking, &masked), 0);
	assert_int_equal(dnc_json_parser_count(r->second->parser), before);
	assert_int_equal(dnc_json_parser_count(r->third->parser), of_event);
	assert_memory_equal(masked.phone_number.p, "+1******0143", 12);
	dnc_buf_free(&out);
}

static void lines_that_are_not_canonical_are_not_parsed(void **state)
{
	/* What is put in place of the first of the pair in a canonical line. */
	static const struct {
		const char *from, *to;
	} changes[] = {
		{"\"id\":", "\"Id\":"},
		{"\"id\":\"0", "\"id\":\"\\u0030"},
		{"\"type\":\"d", "\"type\":\"\\u0064"},
		{"\"severity\":\"m", "\"severity\":\"\\u006d"},
		{"\"severity\":\"medium", "\"severity\":\"huge"},
		{"\"timestamp\":\"2", "\"timestamp\":\"\\u0032"},
		{"\"event_data\":", "\"event\\u005fdata\":"},
		{"\"metadata\":", "\"meta\\u0064ata\":"},
		{"\"ingested_at\":\"2", "\"ingested_at\":\"\\u0032"},
		{"\"ingested_at\"", "\"ingested\""},
		{",\"type\"", ", \"type\""},
		{"\"phone_number\":\"+1", "\"phone_number\":1,\"x\":\""},
		{"\"summary\":", "\"more\":1,\"summary\":"},
		{"}}", "},\"more\":1}"},
	};
	struct readers *r = *state;

	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		struct dnc_event event;
		char text[4096] = "";
		char *at;

		normalize(r->first, records[0], &event);
		memcpy(text, event.line.p, event.line.n);
		at = strstr(text, changes[i].from);
		if (!at)
			fail_msg("no %s in %s", changes[i].from, text);
		snprintf(at, (size_t)(text + sizeof text - DNC_JSON_PADDING - at), "%s%.*s",
			changes[i].to,
			(int)(event.line.n - (size_t)(at - text) - strlen(changes[i].from)),
			event.line.p + (at - text) + strlen(changes[i].from));
		if (dnc_event_parse(r->second, text, strlen(text), &event) == 0)
			fail_msg("%s", text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_restored_from_its_shape_equals_the_parsed_one),
		cmocka_unit_test(a_masked_event_equals_its_parsed_line),
		cmocka_unit_test(the_longest_events_are_restored_and_masked),
		cmocka_unit_test(escapes_are_read_from_the_line),
		cmocka_unit_test(an_escaped_line_that_does_not_fit_its_shape_is_refused),
		cmocka_unit_test(a_line_shorter_than_its_shape_is_refused),
		cmocka_unit_test(normalizing_parses_once),
		cmocka_unit_test(a_document_asked_for_twice_is_parsed_once),
		cmocka_unit_test(masking_parses_nothing),
		cmocka_unit_test(lines_that_are_not_canonical_are_not_parsed),
	};

	return cmocka_run_group_tests_name("shape", tests, setup, teardown);
}
