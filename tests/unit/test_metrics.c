#include "unit.h"
#include "metrics/metrics.h"

static void durations_fall_into_their_buckets(void **state)
{
	static const struct {
		int64_t ns;
		int bucket; /* -1: above all */
	} cases[] = {{-5, 0}, {0, 0}, {1023, 0}, {1024, 1}, {2047, 1}, {2048, 2}, {1000000, 10},
		{(INT64_C(1) << 34) - 1, 24}, {INT64_C(1) << 34, -1}, {INT64_MAX, -1}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_histogram h = {0};

		dnc_histogram_observe(&h, cases[i].ns, 3);
		assert_int_equal(cases[i].bucket < 0 ? h.more : h.bucket[cases[i].bucket], 3);
	}
}

static void a_histogram_is_written_as_sums(void **state)
{
	struct dnc_histogram h = {0}, sum = {0};
	struct dnc_buf b = {0};

	(void)state;
	dnc_histogram_observe(&h, 1500, 2);
	dnc_histogram_observe(&h, INT64_C(20000000000), 1);
	dnc_histogram_add(&sum, &h);
	dnc_histogram_add(&sum, &h);
	dnc_metrics_histogram(&b, "x_seconds", "Help", &sum);
	dnc_buf_chr(&b, '\0');
	assert_non_null(strstr(b.p, "# TYPE x_seconds histogram\n"));
	assert_non_null(strstr(b.p, "x_seconds_bucket{le=\"1.024e-06\"} 0\n"));
	assert_non_null(strstr(b.p, "x_seconds_bucket{le=\"2.048e-06\"} 4\n"));
	assert_non_null(strstr(b.p, "x_seconds_bucket{le=\"17.1798692\"} 4\n"));
	assert_non_null(strstr(b.p, "x_seconds_bucket{le=\"+Inf\"} 6\n"));
	assert_non_null(strstr(b.p, "x_seconds_sum 40.000006000\nx_seconds_count 6\n"));
	dnc_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_fall_into_their_buckets),
		cmocka_unit_test(a_histogram_is_written_as_sums),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
