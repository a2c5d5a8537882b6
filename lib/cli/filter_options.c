/* filter_options.c - command-line options to a filter object. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/escape.h"
#include "base/words.h"
#include "cli.h"
#include "event/event.h"
#include "filter/words.h"

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

/* A glob is for the filter to check. */
static void check_type(const char *value)
{
	struct dnc_buf names = {0};

	if (strchr(value, '*'))
		return;
	for (int t = 0; t < DNC_TYPES; t++) {
		dnc_buf_str(&names, dnc_type_names[t]);
		dnc_buf_chr(&names, t + 1 < DNC_TYPES ? ' ' : '\0');
	}
	if (!dnc_buf_ok(&names))
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	dnc_cli_word("--type", dnc_str(value), names.p, NULL);
	dnc_buf_free(&names);
}

/* A value that is typed must be a known word; events may have others, which --where finds. */
static void check_word(const struct dnc_filter_word *w, const char *value)
{
	const char *known = dnc_filter_word_values(w);
	bool severity = w->source == DNC_FILTER_OF_SEVERITY;
	char option[40], elsewhere[200];

	if (!*known || (severity && dnc_severity_from_name(dnc_str(value))))
		return;
	snprintf(option, sizeof option, "--%s", w->option);
	snprintf(elsewhere, sizeof elsewhere,
		"Use --where=event_data.%.*s=%s for events that have this value.",
		DNC_STR_ARG(w->field), value);
	dnc_cli_word(option, dnc_str(value), known, severity ? NULL : elsewhere);
}

/* A path that starts with none of an event's keys matches nothing. */
static void check_where(const char *arg)
{
	static const char keys[] =
		"seq id type phone_number provider provider_id severity timestamp "
		"summary event_data metadata";
	struct dnc_str path = {arg, strcspn(arg, "=")}, first = {arg, strcspn(arg, ".=")};

	if (!arg[path.n] || !path.n)
		dnc_cli_usage("--where: \"%s\" is not PATH=VALUE", arg);
	if (!dnc_words_have(keys, first) && dnc_event_has_field(DNC_TYPES, path))
		dnc_cli_usage("--where: \"%.*s\" is not a key of an event; did you mean "
			      "\"event_data.%.*s\"?",
			DNC_STR_ARG(path), DNC_STR_ARG(path));
	dnc_cli_word("--where", first, keys, NULL);
}

static void check_value(const struct dnc_filter_word *w, const char *value)
{
	switch (w->shape) {
	case DNC_FILTER_TYPES:
		check_type(value);
		break;
	case DNC_FILTER_PATHS:
		check_where(value);
		break;
	case DNC_FILTER_LIST:
	case DNC_FILTER_RANK:
		check_word(w, value);
		break;
	default:
		break; /* the filter's compiler checks it */
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct dnc_cli_filter *f = state->input;

	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		if (!w->option || key_of(i) != key)
			continue;
		check_value(w, arg);
		if (w->shape == DNC_FILTER_RANK)
			dnc_buf_clear(&f->field[i]);
		dnc_buf_add(&f->field[i], arg ? arg : "", strlen(arg ? arg : "") + 1);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp dnc_cli_filter_argp = {.options = options, .parser = parse};

static void write_list(struct dnc_buf *json, const struct dnc_buf *values)
{
	dnc_buf_chr(json, '[');
	for (const char *p = values->p; p < values->p + values->n; p += strlen(p) + 1) {
		if (p > values->p)
			dnc_buf_chr(json, ',');
		dnc_json_write_str(json, dnc_str(p));
	}
	dnc_buf_chr(json, ']');
}

/* The values given for one path are alternatives: they become one list. */
static void write_customs(struct dnc_buf *json, const struct dnc_buf *customs)
{
	const char *end = customs->p + customs->n;

	dnc_buf_chr(json, '{');
	for (const char *p = customs->p; p < end; p += strlen(p) + 1) {
		size_t n = (size_t)(strchr(p, '=') - p) + 1;
		struct dnc_buf values = {0};
		bool seen = false;

		for (const char *q = customs->p; q < end; q += strlen(q) + 1) {
			if (strncmp(q, p, n) != 0)
				continue;
			seen |= q < p;
			dnc_buf_add(&values, q + n, strlen(q + n) + 1);
		}
		if (!seen) {
			dnc_json_write_key(json, (struct dnc_str){p, n - 1});
			write_list(json, &values);
		}
		dnc_buf_free(&values);
	}
	dnc_buf_chr(json, '}');
}

static void write_time(struct dnc_buf *json, const char *key, int64_t ms)
{
	char text[DNC_TIME_LEN];

	if (!ms)
		return;
	dnc_clock_format(ms, text);
	dnc_json_write_key(json, dnc_str(key));
	dnc_json_write_str(json, (struct dnc_str){text, sizeof text});
}

static void write_value(
	struct dnc_buf *json, const struct dnc_filter_word *w, const struct dnc_buf *values)
{
	dnc_json_write_key(json, w->name);
	switch (w->shape) {
	case DNC_FILTER_FLAG:
		dnc_buf_lit(json, "true");
		break;
	case DNC_FILTER_RANK:
		dnc_json_write_str(json, dnc_str(values->p));
		break;
	case DNC_FILTER_PATHS:
		write_customs(json, values);
		break;
	default:
		write_list(json, values);
	}
}

void dnc_cli_filter_json(const struct dnc_cli_filter *f, struct dnc_buf *json)
{
	dnc_buf_chr(json, '{');
	for (size_t i = 0; i < dnc_filter_word_count; i++)
		if (f->field[i].n)
			write_value(json, &dnc_filter_words[i], &f->field[i]);
	if (f->start_ms || f->end_ms) {
		dnc_json_write_key(json, DNC_STR("time_range"));
		dnc_buf_chr(json, '{');
		write_time(json, "start", f->start_ms);
		write_time(json, "end", f->end_ms);
		dnc_buf_chr(json, '}');
	}
	dnc_buf_chr(json, '}');
}

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

void dnc_cli_filter_free(struct dnc_cli_filter *f)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++)
		dnc_buf_free(&f->field[i]);
}
