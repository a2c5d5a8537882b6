/* Rules without memory: what fails says so, and works when it is tried again. */
#include "nomem.h"
#include <stdio.h>
#include <unistd.h>
#include "base/buf.h"
#include "filter/draft.h"
#include "rules/expect.h"

/* 2026-08-29T00:00:00Z */
#define START_MS INT64_C(1787961600000)

enum { ALLOCATIONS = 100 };

static void a_list_of_values_is_whole_or_fails(void **state)
{
	static const char *const values[] = {"event_data.a=1", "event_data.b=2", "event_data.a=3"};
	const struct dnc_filter_word *w = dnc_filter_words;
	struct dnc_filter_draft d = {0};
	int refused = 0;

	(void)state;
	while (w->shape != DNC_FILTER_PATHS)
		w++;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		assert_true(dnc_filter_draft_add(&d, w, values[i]));
	for (int n = 0; n < ALLOCATIONS; n++) {
		struct dnc_buf json = {0};

		fail_after(n, 1);
		dnc_filter_draft_json(&d, &json);
		fail_after(-1, 0);
		if (dnc_buf_ok(&json)) {
			dnc_buf_chr(&json, '\0');
			assert_non_null(strstr(json.p,
				"{\"event_data.a\":[\"1\",\"3\"],\"event_data.b\":[\"2\"]}"));
		} else {
			refused++;
		}
		dnc_buf_free(&json);
	}
	assert_in_range(refused, 3, ALLOCATIONS - 1);
	dnc_filter_draft_free(&d);
}

static void write_fault(void *ctx, const struct dnc_rules_fault *f)
{
	(void)ctx;
	fail_msg("%.*s", DNC_STR_ARG(f->message));
}

static struct dnc_rules *load_rules(void)
{
	char path[] = "/tmp/dnc-rules-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	struct dnc_error err;
	struct dnc_rules *r;

	assert_non_null(f);
	fputs("state = s\n[expect any]\ntype = dnc.list.synced\nwithin = 10s\n"
	      "emit = dnc.provider.status_change\nemit.event_data.new_status = none\n"
	      "emit.provider = all\n",
		f);
	assert_int_equal(fclose(f), 0);
	r = dnc_rules_load(path, &(struct dnc_rules_options){.fault = write_fault}, &err);
	if (!r)
		fail_msg("%s", err.message);
	assert_int_equal(unlink(path), 0);
	return r;
}

/* A section that does not begin to wait would never make an event. */
static void what_is_expected_is_due_later(void **state)
{
	int refused = 0;

	(void)state;
	for (int n = 0; n < ALLOCATIONS; n++) {
		struct dnc_rules *r = load_rules();
		struct dnc_str line;
		struct dnc_error err = {0};
		size_t which;
		int rc;

		fail_after(n, 1);
		rc = dnc_expect_start(r, START_MS);
		refused += rc < 0;
		if (rc < 0)
			rc = dnc_expect_start(r, START_MS);
		assert_int_equal(rc, 0);
		assert_int_equal(dnc_expect_next(r), START_MS + 10000);
		rc = dnc_expect_due(r, START_MS + 10000, &which, &line, &err);
		fail_after(-1, 0);
		if (rc < 0) {
			refused++;
			assert_int_equal(err.code, DNC_ERROR_NO_MEMORY);
			rc = dnc_expect_due(r, START_MS + 10000, &which, &line, &err);
		}
		assert_int_equal(rc, 1);
		assert_int_equal(dnc_expect_due(r, START_MS + 10000, &which, &line, &err), 0);
		dnc_rules_free(r);
	}
	assert_in_range(refused, 3, ALLOCATIONS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_of_values_is_whole_or_fails),
		cmocka_unit_test(what_is_expected_is_due_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
