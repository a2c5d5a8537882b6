#include "unit.h"
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
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

static void quantiles_are_found_within_their_bucket(void **state)
{
	static const struct {
		double share;
		double seconds;
	} cases[] = {{0, 0}, {0.25, 512e-9}, {0.5, 1024e-9}, {0.75, 1536e-9}, {1, 2048e-9}};
	struct dnc_histogram h = {0}, earlier;

	(void)state;
	assert_true(dnc_histogram_quantile(&h, 0.5) == 0);
	dnc_histogram_observe(&h, 100, 2);
	dnc_histogram_observe(&h, 1500, 2);
	assert_int_equal(dnc_histogram_count(&h), 4);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		double seconds = dnc_histogram_quantile(&h, cases[i].share);

		if (seconds < cases[i].seconds - 1e-12 || seconds > cases[i].seconds + 1e-12)
			fail_msg("%g: %g", cases[i].share, seconds);
	}
	/* What is beyond the last bucket is as long as that. */
	earlier = h;
	dnc_histogram_observe(&h, INT64_C(60000000000), 3);
	assert_true(dnc_histogram_quantile(&h, 1) > 17);
	dnc_histogram_subtract(&h, &earlier);
	assert_int_equal(dnc_histogram_count(&h), 3);
	assert_int_equal(h.more, 3);
	assert_int_equal(h.sum_ns, INT64_C(180000000000));
	assert_true(dnc_histogram_quantile(&h, 0.1) > 17);
}

static void metrics_are_written_with_their_labels(void **state)
{
	static const struct dnc_metric metrics[] = {
		{"x_total", "counter", "Help", "code=\"a\"", 3},
		{"x_total", "counter", NULL, "code=\"b\"", 0.5},
		{"y", "gauge", "More help", NULL, 1e15},
	};
	struct dnc_buf b = {0};

	(void)state;
	dnc_metrics_text(&b, metrics, 3);
	dnc_buf_chr(&b, '\0');
	assert_string_equal(b.p, "# HELP x_total Help\n# TYPE x_total counter\n"
				 "x_total{code=\"a\"} 3\nx_total{code=\"b\"} 0.5\n"
				 "# HELP y More help\n# TYPE y gauge\ny 1e+15\n");
	dnc_buf_free(&b);
}

static void labels_are_escaped_for_the_format_and_for_people(void **state)
{
	static const struct {
		const char *value, *label;
	} cases[] = {
		{"federal_dnc", "x=\"federal_dnc\""},
		{"", "x=\"\""},
		{"a\"b\\c", "x=\"a\\\"b\\\\c\""},
		{"a\nb\x1b", "x=\"a\\\\nb\\\\u001b\""},
		{"d\xc3\xbcnn", "x=\"d\xc3\xbcnn\""},
		{"\xff", "x=\"\\\\xff\""},
	};
	struct dnc_buf b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		dnc_buf_clear(&b);
		dnc_metrics_label(&b, "x", dnc_str(cases[i].value));
		dnc_buf_chr(&b, '\0');
		assert_string_equal(b.p, cases[i].label);
	}
	dnc_buf_free(&b);
}

/* The value of a metric without labels. */
static double value_of(const char *text, const char *name)
{
	char line[80];
	const char *at;

	snprintf(line, sizeof line, "\n%s ", name);
	at = strstr(text, line);
	if (!at)
		fail_msg("no %s", name);
	return at ? strtod(at + strlen(line), NULL) : 0;
}

static void the_process_is_described_as_the_kernel_knows_it(void **state)
{
	struct dnc_buf b = {0};
	double now = (double)time(NULL), open_before;
	struct rlimit files;
	int fd;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &files);
	dnc_metrics_process(&b);
	dnc_buf_chr(&b, '\0');
	open_before = value_of(b.p, "process_open_fds");
	assert_true(value_of(b.p, "process_cpu_seconds_total") >= 0);
	/* It started at most an hour ago, and no later than a second or two from now. */
	assert_true(value_of(b.p, "process_start_time_seconds") > now - 3600);
	assert_true(value_of(b.p, "process_start_time_seconds") < now + 2);
	assert_true(value_of(b.p, "process_resident_memory_bytes") > 100000);
	assert_true(value_of(b.p, "process_virtual_memory_bytes") >=
		    value_of(b.p, "process_resident_memory_bytes"));
	assert_true(value_of(b.p, "process_max_fds") == (double)files.rlim_cur);
	assert_true(value_of(b.p, "process_threads") >= 1);
	fd = dup(STDERR_FILENO);
	b.n = 0;
	dnc_metrics_process(&b);
	dnc_buf_chr(&b, '\0');
	assert_true(value_of(b.p, "process_open_fds") == open_before + 1);
	close(fd);
	dnc_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_fall_into_their_buckets),
		cmocka_unit_test(a_histogram_is_written_as_sums),
		cmocka_unit_test(quantiles_are_found_within_their_bucket),
		cmocka_unit_test(metrics_are_written_with_their_labels),
		cmocka_unit_test(labels_are_escaped_for_the_format_and_for_people),
		cmocka_unit_test(the_process_is_described_as_the_kernel_knows_it),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
