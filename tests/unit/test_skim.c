/* test_skim.c - the short way of reading JSON finds what the long one finds, and takes nothing that it refuses. */
#include <stdio.h>
#include "json/priv/skim.h"
#include "unit.h"

enum { ROOM = 256, TEXT_MAX_BYTES = 4096, MUTATIONS = 40000 };

static const char event[] =
	"{\"id\":\"7b50c56f-24b9-8930-bc5e-3565662eeadb\",\"type\":\"dnc.check.performed\","
	"\"phone_number\":\"+15798943818\",\"severity\":\"high\",\"event_data\":{\"latency\":12,"
	"\"sources\":[\"a\",\"b\",[],{}],\"risk_score\":0.25,\"is_blocked\":true,\"none\":null,"
	"\"x\":{\"y\":{\"z\":[1,-2,3e4,false]}}},\"metadata\":{\"suppressed_at\":\"2026\","
	"\"suppressed_by\":\"web form 1\",\"a\":1,\"b\":2,\"\":3}}";

static const struct {
	const char *text;
	uint32_t nodes; /* 0: the short way does not take it */
} rows[] = {
	{"{}", 1},
	{"{\"a\":1}", 2},
	{"{\"a\":[1,[2],{\"b\":null}]}", 7},
	{"{\"a\":1,\"b\":-0.5e+3}", 3},
	/* Valid JSON of other kinds. */
	{"[]", 0},
	{"1", 0},
	{"{\"a\": 1}", 0},
	{" {\"a\":1}", 0},
	{"{\"a\":1} ", 0},
	{"{\"a\":\"\\n\"}", 0},
	{"{\"a\":\"\xC3\xA9\"}", 0},
	/* Not JSON. */
	{"", 0},
	{"{", 0},
	{"{\"a\":1", 0},
	{"{\"a\":1}}", 0},
	{"{\"a\":1,}", 0},
	{"{\"a\":[1,]}", 0},
	{"{\"a\":[1}}", 0},
	{"{\"a\":01}", 0},
	{"{\"a\":-}", 0},
	{"{\"a\":1.}", 0},
	{"{\"a\":1e}", 0},
	{"{\"a\":truE}", 0},
	{"{\"a\":tru", 0},
	{"{\"a\"}", 0},
	{"{\"a\":}", 0},
	{"{,}", 0},
	{"{\"a\":\"\xFF\"}", 0},
	{"{\"a\":\"\x01\"}", 0},
	{"{\"a\":1,\"a\":2}", 0},
	{"{\"a\":{\"b\":1,\"c\":2,\"b\":3}}", 0},
	{"{\"suppressed_at\":1,\"suppressed_by\":2,\"suppressed_at\":3}", 0},
};

static struct dnc_json_node nodes[ROOM];

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[256] = {0};
		size_t n = strlen(rows[i].text);

		memcpy(text, rows[i].text, n);
		memset(text + n, '}', DNC_JSON_PADDING); /* what follows does not matter */
		if (json_skim(nodes, ROOM, (struct dnc_str){text, n}) != rows[i].nodes)
			fail_msg("%s", rows[i].text);
	}
}

/* Limits: each text is taken with N of something and not with one more. */
static void test_limits(void **state)
{
	char text[TEXT_MAX_BYTES];

	(void)state;
	for (int more = 0; more < 2; more++) {
		size_t n = (size_t)snprintf(text, sizeof text, "{");
		int depth = DNC_JSON_MAX_DEPTH - 1 + more;

		for (int i = 0; i < KEYS_SCANNED + more; i++)
			n += (size_t)snprintf(
				text + n, sizeof text - n, "%s\"k%d\":1", i ? "," : "", i);
		n += (size_t)snprintf(text + n, sizeof text - n, "}");
		assert_int_equal(json_skim(nodes, ROOM, (struct dnc_str){text, n}),
			more ? 0 : KEYS_SCANNED + 1);
		assert_int_equal(
			json_skim(nodes, KEYS_SCANNED, (struct dnc_str){text, n}), 0); /* no room */
		n = (size_t)snprintf(text, sizeof text, "{\"a\":");
		memset(text + n, '[', (size_t)depth);
		memset(text + n + depth, ']', (size_t)depth);
		n += 2 * (size_t)depth;
		text[n++] = '}';
		assert_int_equal(json_skim(nodes, ROOM, (struct dnc_str){text, n}),
			more ? 0 : DNC_JSON_MAX_DEPTH);
	}
}

static uint32_t seed = 1;

static uint32_t next_random(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* Changes, removes, doubles or inserts bytes of TEXT. Returns its length. */
static size_t mutate(char *text, size_t n)
{
	static const char bytes[] = "\"\\{}[]:,0123456789-+.eEtfn \t\n\x01\x7F\xC3\xA9\xFFuaid";

	for (uint32_t times = 1 + next_random() % 3; times; times--) {
		size_t at = next_random() % n, length = 1 + next_random() % 24;
		char byte = bytes[next_random() % (sizeof bytes - 1)];

		length = length > n - at ? n - at : length;
		switch (next_random() % 4) {
		case 0:
			text[at] = byte;
			break;
		case 1:
			memmove(text + at + 1, text + at, n - at);
			text[at] = byte;
			n++;
			break;
		case 2:
			memmove(text + at + length, text + at, n - at);
			n += length;
			break;
		default:
			memmove(text + at, text + at + length, n - at - length);
			n -= length;
		}
		if (!n)
			return 0;
	}
	return n;
}

static void check_same(const char *a, struct dnc_str x, const char *b, struct dnc_str y)
{
	assert_int_equal(x.n, y.n);
	if (x.p)
		assert_ptr_equal(x.p - a, y.p - b);
	else
		assert_null(y.p);
}

/* Text with a blank before it is never taken by the short way. */
static void test_mutations(void **state)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	char text[TEXT_MAX_BYTES], blank[TEXT_MAX_BYTES];
	unsigned taken = 0;

	(void)state;
	assert_non_null(parser);
	for (int i = 0; i < MUTATIONS; i++) {
		struct dnc_json doc;
		struct dnc_error err;
		size_t n = sizeof event - 1;
		uint32_t count;

		memset(text, '}', sizeof text);
		memcpy(text, event, n);
		n = mutate(text, n);
		memset(text + n, "}] ,\""[next_random() % 5], DNC_JSON_PADDING);
		count = json_skim(nodes, ROOM, (struct dnc_str){text, n});
		if (!count)
			continue;
		taken++;
		blank[0] = ' ';
		memcpy(blank + 1, text, n + DNC_JSON_PADDING);
		if (dnc_json_parse(parser, blank, n + 1, &doc, &err) < 0)
			fail_msg("%s: %.*s", err.message, (int)n, text);
		assert_int_equal(doc.count, count);
		for (uint32_t k = 0; k < count; k++) {
			assert_int_equal(doc.node[k].type, nodes[k].type);
			assert_int_equal(doc.node[k].next, nodes[k].next);
			assert_int_equal(doc.node[k].count, nodes[k].count);
			check_same(blank + 1, doc.node[k].key, text, nodes[k].key);
			check_same(blank + 1, doc.node[k].raw, text, nodes[k].raw);
			check_same(blank + 1, doc.node[k].text, text, nodes[k].text);
		}
	}
	assert_in_range(taken, MUTATIONS / 10, MUTATIONS - MUTATIONS / 10);
	dnc_json_parser_free(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
