/* The newest of what went wrong. */
#include "unit.h"
#include <pthread.h>
#include <stdio.h>
#include "base/clock.h"
#include "json/json.h"
#include "metrics/recent.h"

static void the_newest_fifty_are_kept_and_the_newest_is_first(void **state)
{
	static struct dnc_recent_entry out[DNC_RECENT];
	struct dnc_recent *r = dnc_recent_new();
	int64_t before = dnc_clock_now_ms();

	(void)state;
	assert_int_equal(dnc_recent_copy(r, out), 0);
	for (unsigned i = 1; i <= 3 * DNC_RECENT + 7; i++) {
		char where[16];
		size_t count;

		snprintf(where, sizeof where, "w%u", i);
		dnc_recent_add(r, where, i, "why");
		count = dnc_recent_copy(r, out);
		assert_int_equal(count, i < DNC_RECENT ? i : DNC_RECENT);
		for (size_t k = 0; k < count; k++)
			assert_int_equal(out[k].line, i - k);
		assert_string_equal(out[0].where, where);
		assert_string_equal(out[0].what, "why");
		assert_true(out[0].at_ms >= before && out[0].at_ms <= dnc_clock_now_ms());
	}
	dnc_recent_free(r);
	dnc_recent_free(NULL);
	dnc_recent_add(NULL, "w", 1, "why"); /* nothing is noted */
}

static void long_texts_are_cut_between_characters(void **state)
{
	static struct dnc_recent_entry out[DNC_RECENT];
	struct dnc_recent *r = dnc_recent_new();
	char text[2 * DNC_RECENT_TEXT];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "\xC3\xA4", 2);
	text[sizeof text - 2] = '\0';
	dnc_recent_add(r, text, 0, text + 1); /* the second starts within a character */
	dnc_recent_add(r, text, 0, "");
	assert_int_equal(dnc_recent_copy(r, out), 2);
	for (int i = 0; i < 2; i++) {
		assert_true(strlen(out[i].where) >= DNC_RECENT_TEXT - 4);
		assert_true(dnc_json_is_utf8(dnc_str(out[i].where)));
	}
	assert_true(strlen(out[1].what) < DNC_RECENT_TEXT);
	dnc_recent_free(r);
}

static void *add_many(void *ctx)
{
	for (uint64_t i = 1; i <= 20000; i++)
		dnc_recent_add(ctx, "where", i, "what");
	return NULL;
}

static void threads_add_while_others_look(void **state)
{
	static struct dnc_recent_entry out[DNC_RECENT];
	struct dnc_recent *r = dnc_recent_new();
	pthread_t threads[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, r), 0);
	for (int i = 0; i < 200; i++) {
		size_t count = dnc_recent_copy(r, out);

		for (size_t k = 0; k < count; k++)
			assert_string_equal(out[k].what, "what");
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(dnc_recent_copy(r, out), DNC_RECENT);
	assert_int_equal(out[0].line, 20000);
	dnc_recent_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_fifty_are_kept_and_the_newest_is_first),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(threads_add_while_others_look),
	};

	return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
