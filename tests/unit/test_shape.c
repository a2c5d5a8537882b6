/* Events that are restored from their shape, and how often a line is parsed. */
#include "unit.h"
#include <stdio.h>
#include "event/mask.h"
#include "events.h"

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

static void normalize(struct dnc_event_reader *r, const char *record, struct dnc_event *event)
{
	static char text[4096];
	struct dnc_error err;

	memset(text, 0, sizeof text);
	strcpy(text, record);
	if (dnc_event_normalize(r, text, strlen(text), event, &err) < 0)
		fail_msg("%s: %s", record, err.message);
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

static void a_masked_event_equals_its_parsed_line(void **state)
{
	struct readers *r = *state;

	for (size_t i = 0; i < RECORDS; i++) {
		struct dnc_event event, masked, parsed;
		struct dnc_event_shape shape;
		struct dnc_buf out = {0};
		const char *differs;

		normalize(r->first, records[i], &event);
		assert_int_equal(dnc_event_mask(r->second, &out, &event, &masked), 0);
		assert_int_equal(
			dnc_event_parse(r->third, masked.line.p, masked.line.n, &parsed), 0);
		differs = events_differ(&masked, &parsed);
		if (differs)
			fail_msg("%s differs: %.*s", differs, DNC_STR_ARG(masked.line));
		dnc_event_shape_of(&parsed, &shape);
		check_restored(r, &parsed, &shape);
		dnc_buf_free(&out);
	}
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
	uint64_t before = dnc_event_reader_parses(r->first);

	normalize(r->first, records[0], &event);
	assert_int_equal(dnc_event_reader_parses(r->first) - before, 1);
	memcpy(canonical, event.line.p, event.line.n);
	canonical[event.line.n] = '\0';
	normalize(r->first, canonical, &event);
	assert_int_equal(dnc_event_reader_parses(r->first) - before, 2);
	/* The document of a line that was canonical is at hand. */
	assert_non_null(dnc_event_doc(&event));
	assert_int_equal(dnc_event_reader_parses(r->first) - before, 2);
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
	before = dnc_event_reader_parses(r->second);
	doc = dnc_event_doc(&one);
	assert_non_null(doc);
	assert_ptr_equal(dnc_event_doc(&one), doc);
	assert_int_equal(dnc_event_reader_parses(r->second) - before, 1);
	assert_true(dnc_json_get(doc, dnc_event_data_node(doc), DNC_STR("reason")));
	assert_true(dnc_json_get(doc, dnc_event_metadata_node(doc), DNC_STR("ingested_at")));
	/* The reader has one document: that of the event that was asked last. */
	dnc_event_doc(&other);
	dnc_event_doc(&one);
	assert_int_equal(dnc_event_reader_parses(r->second) - before, 3);
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
	before = dnc_event_reader_parses(r->second);
	of_event = dnc_event_reader_parses(r->third);
	assert_int_equal(dnc_event_mask(r->second, &out, &event, &masked), 0);
	assert_int_equal(dnc_event_reader_parses(r->second), before);
	assert_int_equal(dnc_event_reader_parses(r->third), of_event);
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
		cmocka_unit_test(a_line_shorter_than_its_shape_is_refused),
		cmocka_unit_test(normalizing_parses_once),
		cmocka_unit_test(a_document_asked_for_twice_is_parsed_once),
		cmocka_unit_test(masking_parses_nothing),
		cmocka_unit_test(lines_that_are_not_canonical_are_not_parsed),
	};

	return cmocka_run_group_tests_name("shape", tests, setup, teardown);
}
