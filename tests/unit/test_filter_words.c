/* One row of the table of filter words shows in JSON, in query strings, in options, --help, completions and
 * manuals. */
#include "unit.h"
#include <ctype.h>
#include <stdio.h>
#include <unistd.h>
#include "cli/cli.h"
#include "filter/words.h"
#include "web/priv/request.h"

enum { VALUES = 2 };

/* Two values that are good for W; how many apply. */
static size_t sample(const struct dnc_filter_word *w, char out[VALUES][64])
{
	const char *known = dnc_filter_word_values(w);

	switch (w->shape) {
	case DNC_FILTER_TYPES:
		strcpy(out[0], "dnc.number.*");
		strcpy(out[1], "dnc.list.synced");
		return 2;
	case DNC_FILTER_PATTERNS:
		strcpy(out[0], "^\\+1(202|303),?");
		return 1;
	case DNC_FILTER_FLAG:
		strcpy(out[0], "true");
		return 1;
	case DNC_FILTER_RANK:
		strcpy(out[0], "high");
		return 1;
	case DNC_FILTER_LIST:
		strcpy(out[0], "one");
		strcpy(out[1], "an \"other\"");
		if (*known)
			sscanf(known, "%63s %63s", out[0], out[1]);
		return 2;
	default:
		return 0;
	}
}

static struct dnc_str text_of(const struct dnc_filter *f, char *out, size_t size)
{
	snprintf(out, size, "%.*s", DNC_STR_ARG(dnc_filter_text(f)));
	dnc_filter_unref(f);
	return dnc_str(out);
}

static void from_json(const struct dnc_filter_word *w, char *out, size_t size)
{
	bool list = w->shape == DNC_FILTER_LIST || w->shape == DNC_FILTER_TYPES ||
	            w->shape == DNC_FILTER_PATTERNS;
	char values[VALUES][64];
	size_t count = sample(w, values);
	struct dnc_buf json = {0};
	const struct dnc_filter *f;
	struct dnc_error err;

	dnc_buf_chr(&json, '{');
	dnc_json_write_key(&json, w->name);
	for (size_t i = 0; i < count; i++) {
		if (list)
			dnc_buf_chr(&json, i ? ',' : '[');
		if (w->shape == DNC_FILTER_FLAG)
			dnc_buf_str(&json, dnc_str(values[i]));
		else
			dnc_json_write_str(&json, dnc_str(values[i]));
	}
	dnc_buf_str(&json, dnc_str(list ? "]}" : "}"));
	f = dnc_filter_compile_text(json.p, json.n, &err);
	if (!f)
		fail_msg("%.*s: %s", DNC_STR_ARG(dnc_buf_view(&json)), err.message);
	assert_int_equal(dnc_filter_count(f), 1);
	text_of(f, out, size);
	dnc_buf_free(&json);
}

static void from_query(const struct dnc_filter_word *w, struct dnc_str name, char *out, size_t size)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct request_query query = {0};
	struct dnc_buf message = {0};
	struct request request;
	struct dnc_error err;
	char values[VALUES][64], joined[160];
	size_t count = sample(w, values);

	snprintf(joined, sizeof joined, "%s%s%s", values[0], count > 1 ? "," : "",
		count > 1 ? values[1] : "");
	assert_int_equal(request_query_add(&query, name, dnc_str(joined), &err), 0);
	request_query_end(&query, &message);
	dnc_buf_reserve(&message, DNC_JSON_PADDING);
	if (request_parse(parser, message.p, message.n, &request, &err) < 0)
		fail_msg("%.*s: %s", DNC_STR_ARG(dnc_buf_view(&message)), err.message);
	text_of(request.filter, out, size);
	request_query_finish(&query);
	dnc_buf_free(&message);
	dnc_json_parser_free(parser);
}

static error_t start_options(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

static const struct argp_child children[] = {{&dnc_cli_filter_argp, 0, NULL, 0}, {0}};
static const struct argp options = {.parser = start_options, .children = children};

static void from_options(int argc, char **argv, char *out, size_t size)
{
	struct dnc_filter_draft input = {0};
	struct dnc_buf json = {0};

	assert_int_equal(argp_parse(&options, argc, argv, ARGP_NO_EXIT, NULL, &input), 0);
	dnc_filter_draft_json(&input, &json);
	text_of(dnc_cli_filter_compile(&json), out, size);
	dnc_buf_free(&json);
	dnc_filter_draft_free(&input);
}

static void from_option(const struct dnc_filter_word *w, bool letter, char *out, size_t size)
{
	char values[VALUES][64], arg[VALUES][256];
	size_t count = sample(w, values);
	char *argv[VALUES + 2] = {"test", arg[0], arg[1], NULL};

	for (size_t i = 0; i < count; i++)
		if (letter)
			snprintf(arg[i], sizeof arg[i], "-%c%s", w->letter, values[i]);
		else if (w->shape == DNC_FILTER_FLAG)
			snprintf(arg[i], sizeof arg[i], "--%s", w->option);
		else
			snprintf(arg[i], sizeof arg[i], "--%s=%s", w->option, values[i]);
	argv[count + 1] = NULL;
	from_options((int)count + 1, argv, out, size);
}

static void every_row_means_the_same_in_json_query_and_options(void **state)
{
	size_t compared = 0;

	(void)state;
	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];
		char json[256], other[256], unused[VALUES][64];

		if (!sample(w, unused))
			continue;
		from_json(w, json, sizeof json);
		from_query(w, w->name, other, sizeof other);
		assert_string_equal(other, json);
		if (w->short_name.p) {
			from_query(w, w->short_name, other, sizeof other);
			assert_string_equal(other, json);
		}
		if (w->letter) {
			from_option(w, true, other, sizeof other);
			assert_string_equal(other, json);
		}
		from_option(w, false, other, sizeof other);
		assert_string_equal(other, json);
		compared++;
	}
	assert_int_equal(compared, dnc_filter_word_count - 2); /* all but the objects */
}

static void objects_have_no_form_in_a_query(void **state)
{
	static const char *const names[] = {"time_range", "custom_filters", "where"};
	struct request_query query = {0};
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
			request_query_add(&query, dnc_str(names[i]), DNC_STR("x"), &err), -1);
		assert_int_equal(err.code, REQUEST_EFIELD);
		assert_string_equal(err.place, names[i]);
	}
	request_query_finish(&query);
}

static void where_collects_the_values_of_each_path(void **state)
{
	char *argv[] = {"test", "--where=metadata.reason=a", "--where=event_data.call_id=7",
		"--where=metadata.reason=b", "--errors-only", NULL};
	char out[256];

	(void)state;
	from_options(5, argv, out, sizeof out);
	assert_string_equal(out,
		"{\"errors_only\":true,\"custom_filters\":{\"metadata.reason\":[\"a\","
		"\"b\"],\"event_data.call_id\":[\"7\"]}}");
}

static void the_last_minimum_counts(void **state)
{
	char *argv[] = {"test", "--min-severity=low", "--min-severity=HIGH", NULL};
	char out[256];

	(void)state;
	from_options(3, argv, out, sizeof out);
	assert_string_equal(out, "{\"min_severity\":\"HIGH\"}");
}

static bool same(struct dnc_str a, struct dnc_str b)
{
	return a.p && b.p && dnc_str_eq(a, b);
}

static void no_two_rows_share_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < dnc_filter_word_count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct dnc_filter_word *a = &dnc_filter_words[i],
						     *b = &dnc_filter_words[k];

			assert_false(same(a->name, b->name) || same(a->name, b->short_name) ||
				     same(a->short_name, b->name) ||
				     same(a->short_name, b->short_name));
			assert_false(a->option && b->option && !strcmp(a->option, b->option));
			assert_false(a->letter && a->letter == b->letter);
		}
}

/* A file of the source tree, which holds build/VARIANT/unit/THIS. To be freed. */
static char *read_source(const char *name)
{
	char path[4096 + 64];
	ssize_t n = readlink("/proc/self/exe", path, 4096);
	char *text = calloc(1, 1 << 20);
	FILE *f;

	assert_true(n > 0 && text);
	path[n] = '\0';
	for (int i = 0; i < 4; i++)
		*strrchr(path, '/') = '\0';
	snprintf(path + strlen(path), 64, "/%s", name);
	f = fopen(path, "re");
	if (!f)
		fail_msg("unable to open %s", path);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.-", c));
}

/* Is WORD in TEXT, as a whole word? */
static bool says(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; (p = strstr(p, word)); p++)
		if ((p == text || !in_word(p[-1])) && !in_word(p[n]))
			return true;
	return false;
}

/* The words that COMPLETION offers as values of OPTION: NULL if it has no such case. */
static char *offered(const char *completion, const char *option)
{
	char label[64];
	const char *p = completion, *end;

	snprintf(label, sizeof label, "--%s", option);
	while ((p = strstr(p, "\n\t-"))) {
		char line[256];

		end = strchr(p + 1, '\n');
		snprintf(line, sizeof line, "%.*s", (int)(end - p - 1), p + 1);
		p = end;
		if (!says(line, label))
			continue;
		p = strstr(p, "-W \"") + 4;
		return strndup(p, strcspn(p, "\""));
	}
	return NULL;
}

static void check_offered(const char *file, const char *completion, const struct dnc_filter_word *w,
	const char *known, bool all)
{
	char *words = offered(completion, w->option), *rest = NULL, *copy = strdup(known);

	if (!words)
		fail_msg("%s: no values for --%s", file, w->option);
	for (char *one = strtok_r(copy, " ", &rest); one; one = strtok_r(NULL, " ", &rest))
		if (!says(words, one))
			fail_msg("%s: --%s lacks %s", file, w->option, one);
	if (all)
		assert_int_equal(strlen(words), strlen(known));
	free(words);
	free(copy);
}

static void completions_offer_the_known_values(void **state)
{
	static const char *const files[] = {
		"completions/bash/dnc-filter", "completions/bash/dnc-tail"};
	char types[512] = "";

	(void)state;
	for (int t = 0; t < DNC_TYPES; t++)
		snprintf(types + strlen(types), sizeof types - strlen(types), "%s%s", t ? " " : "",
			dnc_type_names[t].p);
	for (size_t i = 0; i < 2; i++) {
		char *text = read_source(files[i]);

		for (size_t k = 0; k < dnc_filter_word_count; k++) {
			const struct dnc_filter_word *w = &dnc_filter_words[k];
			const char *known = dnc_filter_word_values(w);

			if (w->shape == DNC_FILTER_TYPES)
				check_offered(files[i], text, w, types, false);
			else if (w->value && *known)
				check_offered(files[i], text, w, known, true);
		}
		free(text);
	}
}

static void manuals_tell_every_row(void **state)
{
	char *events = read_source("man/dnc-events.7"), *filter = read_source("man/dnc-filter.1"),
	     *fields = strstr(events, ".Ss Filters"), name[64];

	(void)state;
	assert_non_null(fields);
	*strstr(fields + 1, "\n.Ss ") = '\0';
	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		if (!says(fields, w->name.p))
			fail_msg("dnc-events(7) lacks %s", w->name.p);
		if (w->short_name.p && !says(fields, w->short_name.p))
			fail_msg("dnc-events(7) lacks %s", w->short_name.p);
		snprintf(name, sizeof name, "Fl \\-%s", w->option ? w->option : "since");
		if (!strstr(filter, name))
			fail_msg("dnc-filter(1) lacks %s", name);
		snprintf(name, sizeof name, "Fl %c , Fl \\-%s", w->letter, w->option);
		if (w->letter && !strstr(filter, name))
			fail_msg("dnc-filter(1) lacks -%c", w->letter);
	}
	free(events);
	free(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_means_the_same_in_json_query_and_options),
		cmocka_unit_test(objects_have_no_form_in_a_query),
		cmocka_unit_test(where_collects_the_values_of_each_path),
		cmocka_unit_test(the_last_minimum_counts),
		cmocka_unit_test(no_two_rows_share_a_name),
		cmocka_unit_test(completions_offer_the_known_values),
		cmocka_unit_test(manuals_tell_every_row),
	};

	return cmocka_run_group_tests_name("filter words", tests, NULL, NULL);
}
