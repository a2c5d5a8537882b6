/* filter_options.c - command-line options to a filter object. */
#include <stdio.h>
#include <stdlib.h>
#include "base/escape.h"
#include "cli.h"
#include "filter/words.h"
#include "priv/number_pattern.h"

/* The key of a row's option is its letter, or FIRST_KEY plus the row's index. */
enum { FIRST_KEY = 0x2000, GROUP = 10 };

static int key_of(size_t row)
{
	const struct dnc_filter_word *w = &dnc_filter_words[row];

	return w->letter ? w->letter : FIRST_KEY + (int)row;
}

/* A heading, the rows, and an end. */
static struct argp_option options[DNC_FILTER_WORDS_MAX + 2];

/* Before main(), because commands name dnc_cli_filter_argp in constant tables. */
__attribute__((constructor)) static void list_options(void)
{
	struct argp_option *o = options;

	*o++ = (struct argp_option){
		.doc = "Select events (values of one option are alternatives, different options must all match):",
		.group = GROUP};
	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		if (w->option)
			*o++ = (struct argp_option){
				w->option, key_of(i), w->value, 0, w->help, GROUP};
	}
}

static void check_value(const struct dnc_filter_word *w, const char *value)
{
	struct dnc_buf why = {0};

	if (w->shape == DNC_FILTER_PATTERNS)
		dnc_cli_check_number_pattern(w->option, value);
	if (dnc_filter_check(w, value, "--where=", &why))
		return;
	if (!dnc_buf_ok(&why))
		dnc_cli_die_nomem();
	dnc_cli_usage("--%s: %.*s", w->option, DNC_STR_ARG(dnc_buf_view(&why)));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct dnc_filter_draft *d = state->input;

	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		if (!w->option || key_of(i) != key)
			continue;
		check_value(w, arg);
		if (!dnc_filter_draft_add(d, w, arg ? arg : ""))
			dnc_cli_die_nomem();
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp dnc_cli_filter_argp = {.options = options, .parser = parse};

/* Prints VALUE with a caret below its byte OFFSET. */
static void point_at(struct dnc_str value, size_t offset)
{
	struct dnc_buf line = {0};
	size_t start = offset < value.n ? offset : value.n, column;

	dnc_escape(&line, (struct dnc_str){value.p, start}, DNC_ESCAPE_TEXT);
	column = line.n;
	dnc_escape(&line, (struct dnc_str){value.p + start, value.n - start}, DNC_ESCAPE_TEXT);
	if (dnc_buf_ok(&line))
		fprintf(stderr, "  %.*s\n  %*s^\n", DNC_STR_ARG(dnc_buf_view(&line)), (int)column,
			"");
	dnc_buf_free(&line);
}

/* Says which option is wrong, and shows the byte where a pattern is. */
_Noreturn static void explain(const struct dnc_json *doc, const struct dnc_error *err)
{
	char field[64] = "";
	const struct dnc_filter_word *w;
	struct dnc_str value = {0};
	long index = -1;

	sscanf(err->place, "%63[^[][%ld", field, &index);
	w = dnc_filter_word(dnc_str(field));
	if (!w || !w->option)
		dnc_cli_usage("%s: %s", field, err->message);
	if (index >= 0) {
		uint32_t at = dnc_json_get(doc, 0, dnc_str(field)) + 1;

		for (; index > 0; index--)
			at = doc->node[at].next;
		value = doc->node[at].text;
	}
	if (!value.p)
		dnc_cli_usage("--%s: %s", w->option, err->message);
	if (err->offset == DNC_NO_OFFSET)
		dnc_cli_usage("--%s: \"%.*s\": %s", w->option, DNC_STR_ARG(value), err->message);
	dnc_err("--%s: invalid pattern: %s", w->option, err->message);
	point_at(value, err->offset);
	exit(DNC_EXIT_USAGE);
}

const struct dnc_filter *dnc_cli_filter_compile(const struct dnc_buf *json)
{
	/* Static, so that a leak checker knows them when a bad pattern ends the program. */
	static struct dnc_json_parser *parser;
	static char *copy;
	const struct dnc_filter *filter;
	struct dnc_error err;
	struct dnc_json doc;

	parser = dnc_json_parser_new();
	copy = calloc(1, json->n + DNC_JSON_PADDING);
	if (!parser || !copy || !dnc_buf_ok(json))
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	memcpy(copy, json->p, json->n);
	if (dnc_json_parse(parser, copy, json->n, &doc, &err) < 0)
		dnc_cli_usage("a value of an option is %s", err.message);
	filter = dnc_filter_compile(&doc, 0, &err);
	if (!filter)
		explain(&doc, &err);
	free(copy);
	dnc_json_parser_free(parser);
	return filter;
}
