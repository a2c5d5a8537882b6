#include "options.h"

enum { KEY_SINCE = 0x100, KEY_UNTIL, KEY_STRICT };

static const struct argp_option option_list[] = {
	{"since", KEY_SINCE, "TIME|-SPAN", 0, "Events from this time on: 2026-08-29, -1h", 1},
	{"until", KEY_UNTIL, "TIME|-SPAN", 0, "Events before this time", 1},
	{"invert-match", 'v', NULL, 0, "Let through what does not match", 2},
	{"count", 'c', NULL, 0, "Print how many matched instead of them", 2},
	{"max-count", 'm', "N", 0, "Stop after N matches", 2},
	{"jq", 'j', "PROGRAM", 0, "Run a jq program on what is let through", 2},
	{"input", 'i', "unix:PATH|fd:N|systemd", 0, "Take lines from here; may be repeated", 3},
	{"output", 'o', "unix:PATH|fd:N", 0, "Write there instead of to standard output", 3},
	{"rejects", 'x', "FILE|fd:N", 0, "Lines that are no events (default: standard error)", 3},
	{"strict", KEY_STRICT, NULL, 0, "Exit with 1 when a line was rejected", 4}, {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->filter;
		return 0;
	case KEY_SINCE:
		o->filter.start_ms = dnc_cli_time("--since", arg);
		return 0;
	case KEY_UNTIL:
		o->filter.end_ms = dnc_cli_time("--until", arg);
		return 0;
	case 'v':
		o->invert = true;
		return 0;
	case 'c':
		o->count = true;
		return 0;
	case 'm':
		o->max_count = dnc_cli_number("--max-count", arg, 1, UINT64_MAX - 1);
		return 0;
	case 'j':
		o->jq = arg;
		return 0;
	case 'o':
		o->stage.output = arg;
		return 0;
	case 'x':
		o->stage.rejects = arg;
		return 0;
	case KEY_STRICT:
		o->strict = true;
		return 0;
	case 'i':
		if (o->stage.input_count == MAX_PLACES)
			dnc_cli_usage("--input: more than %d inputs", MAX_PLACES);
		o->inputs[o->stage.input_count++] = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (o->stage.file_count == MAX_PLACES)
			dnc_cli_usage("more than %d files", MAX_PLACES);
		o->files[o->stage.file_count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{&dnc_cli_filter_argp, 0, NULL, 0}, {&dnc_cli_common, 0, NULL, 90}, {0}};

static const struct argp argp = {.options = option_list,
	.parser = parse,
	.args_doc = "[FILE...]",
	.doc = "Let through the Do-Not-Call events that match.",
	.children = children};

void options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.max_count = UINT64_MAX};
	dnc_cli_parse(&argp, "dnc-filter", argc, argv, o);
	o->stage.files = o->files;
	o->stage.inputs = o->inputs;
	if (o->stage.file_count && o->stage.input_count)
		dnc_cli_usage("--input and files exclude each other");
}
