/* Acknowledgements: their text, and which lines of which producer they cover. */
#include "unit.h"
#include <stdio.h>
#include "link/priv/acks.h"

static void an_acknowledgement_is_read_whatever_words_it_has(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t count;
		struct dnc_outcome outcome;
	} cases[] = {
		{"0", true, 0, {0}},
		{"120", true, 120, {0}},
		{"120\r", true, 120, {0}},
		{"120 duplicates=3 rejected=1", true, 120, {3, 1, 0, 0, 0, 0}},
		{"120 dropped=2 rejected=1 duplicates=3", true, 120, {3, 1, 2, 0, 0, 0}},
		{"120 duplicates=3 releases=2 others=1", true, 120, {3, 0, 0, 0, 2, 1}},
		{"120 later=9 rejected=1 x y= =z  rejectedness=4 reject=5", true, 120,
			{0, 1, 0, 0, 0, 0}},
		{"120 duplicates=x rejected= dropped=1x", true, 120, {0}},
		{"18446744073709551615", true, UINT64_MAX, {0}},
		{"18446744073709551616", false, 0, {0}},
		{"", false, 0, {0}},
		{" 1", false, 0, {0}},
		{"-1", false, 0, {0}},
		{"1x", false, 0, {0}},
		{"{\"type\":1}", false, 0, {0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_outcome o;
		uint64_t count = 0;
		bool ok = ack_read(dnc_str(cases[i].text), &count, &o);

		if (ok != cases[i].ok ||
			(ok && (count != cases[i].count ||
				       memcmp(&o, &cases[i].outcome, sizeof o) != 0)))
			fail_msg("case %zu: %s", i, cases[i].text);
	}
}

static void what_is_written_is_read_again(void **state)
{
	static const struct {
		uint64_t count;
		struct dnc_outcome outcome;
		const char *text;
	} cases[] = {
		{0, {0}, "0\n"},
		{7, {0}, "7\n"},
		{7, {1, 0, 2, 0, 0, 0}, "7 duplicates=1 dropped=2\n"},
		{7, {0, 0, 2, 0, 1, 1}, "7 dropped=2 releases=1 others=1\n"},
		{UINT64_MAX, {UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0, 0},
			"18446744073709551615 duplicates=18446744073709551615 "
			"rejected=18446744073709551615 dropped=18446744073709551615\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[ACK_MAX];
		size_t n = ack_write(text, cases[i].count, &cases[i].outcome);
		struct dnc_outcome o;
		uint64_t count;

		assert_int_equal(n, strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, n);
		assert_true(ack_read((struct dnc_str){text, n - 1}, &count, &o));
		assert_int_equal(count, cases[i].count);
		assert_memory_equal(&o, &cases[i].outcome, sizeof o);
	}
}

/* Two producers take turns; every third line is dropped. More notes than the queue starts with. */
static void spans_are_acknowledged_in_order_and_not_before_they_are_safe(void **state)
{
	struct ack_queue q = {0};
	struct ack_span span;
	uint64_t lines[2] = {0, 0}, outlet = 0, passed[2] = {0, 0}, dropped[2] = {0, 0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		bool drop = i % 3 == 0;

		outlet += !drop;
		assert_true(acks_record(&q, (uint64_t)i % 2 + 1, ++lines[i % 2],
			(struct ack_point){outlet, 0, 0}, drop ? LINE_DROPPED : LINE_FORWARDED));
	}
	for (uint64_t safe = 0; safe <= outlet; safe++)
		while (acks_take(&q, safe, &span)) {
			assert_true(span.outlet_lines <= safe);
			passed[span.stream_id - 1] += span.forwarded;
			dropped[span.stream_id - 1] += span.dropped;
			lines[span.stream_id - 1] -= span.forwarded + span.dropped + span.rejected;
		}
	assert_int_equal(q.count, 0);
	assert_int_equal(lines[0] + lines[1], 0);
	assert_int_equal(passed[0] + passed[1], outlet);
	assert_int_equal(dropped[0] + dropped[1], 1000 - outlet);
	acks_finish(&q);
}

/* Four producers take turns in groups of 7 lines; their reader says in steps of STEP lines what became of them: it has
 * known all, or every NTH. No line is judged twice, whatever part of a note an acknowledgement covers. */
static void each_outcome_goes_to_one_line(void **state)
{
	enum { PRODUCERS = 4, LINES = 5000, GROUP = 7 };
	static const struct {
		uint64_t step, nth;
		bool rejected;
	} cases[] = {{1, 1, false}, {64, 1, false}, {100, 1, false}, {4096, 1, true}, {3, 2, false},
		{500, 3, true}, {PRODUCERS * LINES, 2, false}, {11, LINES, false}};

	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		uint64_t lines[PRODUCERS] = {0}, told[PRODUCERS] = {0}, outlet = 0, sum = 0;
		struct ack_queue q = {0};
		struct dnc_outcome total = {0};
		struct ack_span span;

		for (int i = 0; outlet < PRODUCERS * LINES; i++) {
			uint64_t p = (uint64_t)i / GROUP % PRODUCERS;

			if (lines[p] < LINES)
				assert_true(acks_record(&q, p + 1, ++lines[p],
					(struct ack_point){++outlet, 0, 0}, LINE_FORWARDED));
		}
		for (uint64_t safe = 0; safe < outlet;) {
			uint64_t *slot = cases[c].rejected ? &total.rejected : &total.duplicates;

			safe = safe + cases[c].step < outlet ? safe + cases[c].step : outlet;
			*slot = safe / cases[c].nth;
			acks_resolve(&q, safe, &total);
			acks_resolve(&q, safe, &total);
			while (acks_take(&q, safe, &span)) {
				uint64_t its = span.duplicates + span.rejected + span.dropped;

				assert_int_equal(span.resolved, span.forwarded);
				assert_in_range(its, 0, span.forwarded);
				told[span.stream_id - 1] += its;
				sum += its;
			}
		}
		assert_int_equal(q.count, 0);
		assert_int_equal(sum, outlet / cases[c].nth);
		for (int p = 0; p < PRODUCERS && cases[c].nth == 1; p++)
			assert_int_equal(told[p], LINES);
		acks_finish(&q);
	}
}

static void the_oldest_lines_get_the_worst_outcomes(void **state)
{
	struct ack_queue q = {0};
	struct ack_span span;

	(void)state;
	assert_true(acks_record(&q, 1, 1, (struct ack_point){1, 0, 0}, LINE_FORWARDED));
	assert_true(acks_record(&q, 2, 1, (struct ack_point){2, 0, 0}, LINE_FORWARDED));
	assert_true(acks_record(&q, 2, 2, (struct ack_point){3, 0, 0}, LINE_FORWARDED));
	/* The outlet's line 4 is of a file. */
	assert_true(acks_record(&q, 1, 2, (struct ack_point){5, 0, 0}, LINE_FORWARDED));
	acks_resolve(&q, 2, &(struct dnc_outcome){.duplicates = 1});
	assert_true(acks_take(&q, 2, &span));
	assert_int_equal(span.duplicates, 1);
	assert_int_equal(span.unclear, 1);
	assert_false(acks_take(&q, 2, &span));
	acks_resolve(&q, 5, &(struct dnc_outcome){.duplicates = 3, .rejected = 1});
	assert_true(acks_take(&q, 5, &span));
	assert_int_equal(span.stream_id, 2);
	assert_int_equal(span.rejected, 1);
	assert_int_equal(span.duplicates, 0);
	assert_int_equal(
		span.unclear, 2); /* it may have been the file's, or the other producer's */
	assert_true(acks_take(&q, 5, &span));
	assert_int_equal(span.duplicates, 1);
	assert_int_equal(span.unclear, 1);
	/* More than there are lines goes nowhere. */
	assert_true(acks_record(&q, 1, 3, (struct ack_point){6, 0, 0}, LINE_FORWARDED));
	acks_resolve(&q, 6, &(struct dnc_outcome){.duplicates = 100, .rejected = 1});
	assert_true(acks_take(&q, 6, &span));
	assert_int_equal(span.duplicates, 1);
	acks_finish(&q);
}

/* What a stage drops itself, and what its reader reports, add up for one producer. */
static void the_types_of_known_lines_are_passed_on(void **state)
{
	static const enum line_action actions[] = {LINE_FORWARDED, LINE_DROPPED_RELEASE,
		LINE_FORWARDED, LINE_DROPPED, LINE_FORWARDED, LINE_DROPPED_OTHER};
	struct ack_queue q = {0};
	struct ack_span span;
	uint64_t outlet = 0;

	(void)state;
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
		outlet += actions[i] == LINE_FORWARDED;
		assert_true(
			acks_record(&q, 1, i + 1, (struct ack_point){outlet, 0, 0}, actions[i]));
	}
	acks_resolve(&q, outlet, &(struct dnc_outcome){.duplicates = 2, .releases = 1});
	assert_true(acks_take(&q, outlet, &span));
	assert_int_equal(span.last_line, 6);
	assert_int_equal(span.duplicates, 2);
	assert_int_equal(span.dropped, 3);
	assert_int_equal(span.releases, 2);
	assert_int_equal(span.others, 1);
	acks_finish(&q);
}

/* Each span knows which lines of routes are its own, and nothing of those of other producers. */
static void a_span_has_the_lines_of_routes_that_are_its_own(void **state)
{
	static const struct {
		uint64_t stream, line;
		struct ack_point given;
		uint64_t before, upto; /* of the span that has it */
	} lines[] = {{1, 1, {1, 0, 0}, 0, 0}, {2, 1, {1, 0, 2}, 0, 2}, {1, 2, {2, 2, 2}, 2, 2},
		{2, 2, {2, 2, 3}, 2, 3}};
	struct ack_queue q = {0}, held = {0};
	struct ledger route = {0};
	struct ack_span span;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_true(acks_record(
			&q, lines[i].stream, lines[i].line, lines[i].given, LINE_FORWARDED));
	assert_true(ledger_add(&route, 1));
	assert_true(ledger_add(&route, 2));
	assert_true(acks_wait_for(&q, 2, &route));
	assert_false(acks_wait_for(&q, 1, &route));
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		assert_int_equal(acks_first(&q)->stream_id, lines[i].stream);
		assert_true(acks_take(&q, 2, &span));
		assert_int_equal(span.last_line, lines[i].line);
		assert_int_equal(span.before_routed, lines[i].before);
		assert_int_equal(span.routed, lines[i].upto);
	}
	assert_null(acks_first(&q));
	/* Held spans that wait for nothing themselves join those before them; others do not. */
	span = (struct ack_span){
		.stream_id = 1, .last_line = 2, .before_routed = 1, .routed = 2, .rejected = 1};
	assert_true(acks_hold(&held, &span));
	for (uint64_t line = 3; line < 1000; line++) {
		span = (struct ack_span){.stream_id = 1,
			.last_line = line,
			.before_routed = 9,
			.routed = 9,
			.dropped = 1,
			.duplicates = 1,
			.rejected = 1,
			.unclear = 1,
			.releases = 1,
			.others = 1};
		assert_true(acks_hold(&held, &span));
	}
	assert_int_equal(held.count, 1);
	for (uint64_t line = 1000; line < 1200; line++) {
		span = (struct ack_span){.stream_id = 1,
			.last_line = line,
			.before_routed = line,
			.routed = line + 1};
		assert_true(acks_hold(&held, &span));
	}
	assert_int_equal(held.count, 201);
	assert_true(acks_take(&held, UINT64_MAX, &span));
	assert_int_equal(span.last_line, 999);
	assert_int_equal(span.routed, 2);
	assert_int_equal(span.rejected, 998);
	assert_int_equal(span.duplicates, 997);
	assert_int_equal(span.dropped, 997);
	assert_int_equal(span.unclear, 997);
	assert_int_equal(span.releases, 997);
	assert_int_equal(span.others, 997);
	acks_finish(&q);
	acks_finish(&held);
	ledger_finish(&route);
}

/* Lines that wait for nothing new share the span, however many. */
static void lines_that_wait_for_nothing_share_a_span(void **state)
{
	struct ack_queue q = {0};
	struct ack_span span;

	(void)state;
	for (uint64_t line = 3; line < 1000; line++)
		assert_true(acks_record(&q, 2, line, (struct ack_point){2, 5, 5}, LINE_DROPPED));
	assert_int_equal(q.count, 1);
	assert_false(acks_take(&q, 1, &span));
	assert_true(acks_take(&q, 2, &span));
	assert_int_equal(span.last_line, 999);
	acks_finish(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_acknowledgement_is_read_whatever_words_it_has),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(spans_are_acknowledged_in_order_and_not_before_they_are_safe),
		cmocka_unit_test(each_outcome_goes_to_one_line),
		cmocka_unit_test(the_oldest_lines_get_the_worst_outcomes),
		cmocka_unit_test(the_types_of_known_lines_are_passed_on),
		cmocka_unit_test(a_span_has_the_lines_of_routes_that_are_its_own),
		cmocka_unit_test(lines_that_wait_for_nothing_share_a_span),
	};

	return cmocka_run_group_tests_name("acks", tests, NULL, NULL);
}
