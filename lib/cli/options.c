#include "cli/options.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "cli/exit.h"
#include "cli/signals.h"
#include "cli/value.h"

/* The key of an option without a short one is FIRST_KEY plus its row. The filter's parser uses 0x2000 and up. */
enum { FIRST_KEY = 0x100, FIRST_COMMON_KEY = 0x1000, MAX_ROWS = 64 };

/* One command line for each process. */
static struct {
	const struct dnc_command *command;
	const struct argp_state *state;
	bool quiet;
} program;

bool dnc_cli_quiet(void)
{
	return program.quiet;
}

static void on_verbose(void *options, const char *name, char *value)
{
	(void)options, (void)name, (void)value;
	dnc_log_level(DNC_DEBUG);
}

static void on_quiet(void *options, const char *name, char *value)
{
	(void)options, (void)name, (void)value;
	program.quiet = true;
	dnc_log_level(DNC_ERR);
}

/* Returns the index of TEXT in WORDS (separated by blanks). */
static unsigned choice_of(const char *name, const char *text, const char *words)
{
	size_t n = strlen(text);
	unsigned index = 0;

	dnc_cli_word(name, dnc_str(text), words, NULL);
	for (const char *p = words; strncmp(p, text, n) != 0 || (p[n] && p[n] != ' '); index++)
		p = strchr(p, ' ') + 1;
	return index;
}

static void on_log_format(void *options, const char *name, char *value)
{
	(void)options;
	dnc_log_json(choice_of(name, value, "text json") == 1);
}

/* Under ARGP_NO_ERRS, which errors of one line need, argp's own --help prints nothing. */
_Noreturn static void print_help(unsigned what)
{
	argp_help(program.state->root_argp, stdout, what, (char *)(uintptr_t)program.command->name);
	dnc_cli_flush_stdout();
	exit(DNC_EXIT_OK);
}

static void on_help(void *options, const char *name, char *value)
{
	(void)options, (void)name, (void)value;
	print_help(ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK);
}

static void on_usage(void *options, const char *name, char *value)
{
	(void)options, (void)name, (void)value;
	print_help(ARGP_HELP_USAGE);
}

static void on_version(void *options, const char *name, char *value)
{
	(void)options, (void)name, (void)value;
	printf("%s %s\n", program.command->name, DNC_VERSION);
	dnc_cli_flush_stdout();
	exit(DNC_EXIT_OK);
}

static const struct dnc_option common_rows[] = {
	{"verbose", 0, NULL, "Print more messages", 90, DNC_CALL(on_verbose)},
	{"quiet", 'q', NULL, "Print errors only", 90, DNC_CALL(on_quiet)},
	{"log-format", 0, "text|json", "Format of messages on standard error (default: text)", 90,
		DNC_CALL(on_log_format)},
	{"help", 0, NULL, "Print this help", 91, DNC_CALL(on_help)},
	{"usage", 0, NULL, "Print the options without explanation", 91, DNC_CALL(on_usage)},
	{"version", 0, NULL, "Print the version", 91, DNC_CALL(on_version)}, {0}};

static void add_to_list(const struct dnc_option *row, void *options, const char *name, char *value)
{
	const char **list = (const char **)((char *)options + row->offset);
	size_t *count = (size_t *)((char *)options + row->count);

	if (*count == row->max)
		dnc_cli_usage("%s: given more than %zu times", name, (size_t)row->max);
	list[(*count)++] = value;
}

/* argp has moved all options before the arguments: the rest is contiguous in argv. */
static void add_to_rest(const struct dnc_option *row, void *options)
{
	char ***rest = (char ***)((char *)options + row->offset);
	size_t *count = (size_t *)((char *)options + row->count);

	if (!*count)
		*rest = &program.state->argv[program.state->next - 1];
	++*count;
}

/* NAME is the option's or the argument's, for messages. */
static void store(const struct dnc_option *row, void *options, const char *name, char *value)
{
	void *member = (char *)options + row->offset;

	switch (row->kind) {
	case DNC_OPTION_HEADING:
		break;
	case DNC_OPTION_FLAG:
		*(bool *)member = true;
		break;
	case DNC_OPTION_TEXT:
		if (row->before)
			*(const char **)((char *)options + row->before) = *(const char **)member;
		*(const char **)member = value;
		break;
	case DNC_OPTION_NUMBER:
		*(uint64_t *)member = dnc_cli_number(name, value, row->min, row->max);
		break;
	case DNC_OPTION_UNSIGNED:
		*(unsigned *)member = (unsigned)dnc_cli_number(name, value, row->min, row->max);
		break;
	case DNC_OPTION_SIZE:
		*(uint64_t *)member = dnc_cli_size(name, value, row->min, row->max);
		break;
	case DNC_OPTION_DURATION:
		*(int64_t *)member = dnc_cli_duration(name, value);
		break;
	case DNC_OPTION_TIME:
		*(int64_t *)member = dnc_cli_time(name, value);
		if (!*(int64_t *)member) /* as if it were not given */
			dnc_cli_usage("%s: %s is the one time that stands for none: give a "
				      "millisecond more or less",
				name, value);
		break;
	case DNC_OPTION_CHOICE:
		*(unsigned *)member = choice_of(name, value, row->words);
		break;
	case DNC_OPTION_LIST:
		add_to_list(row, options, name, value);
		break;
	case DNC_OPTION_REST:
		add_to_rest(row, options);
		break;
	case DNC_OPTION_CALL:
		row->parse(options, name, value);
		break;
	}
	if (row->given)
		*(bool *)((char *)options + row->given) = true;
}

static int key_of(const struct dnc_option *rows, size_t i, int first)
{
	return rows[i].key ? rows[i].key : first + (int)i;
}

/* Stores the option with KEY. Returns false if it is none of ROWS. */
static bool store_option(
	const struct dnc_option *rows, int first, int key, char *value, void *options)
{
	char name[64];

	for (size_t i = 0; rows[i].help; i++) {
		if (rows[i].kind == DNC_OPTION_HEADING || key_of(rows, i, first) != key)
			continue;
		snprintf(name, sizeof name, "--%s", rows[i].name);
		store(&rows[i], options, name, value);
		return true;
	}
	return false;
}

/* The argument's row follows from its number; a list takes all that come after it, too. */
static error_t store_argument(char *value, const struct argp_state *state)
{
	const struct dnc_option *row = program.command->arguments;

	for (unsigned i = 0; row && row->name && i < state->arg_num; i++)
		if (row->kind != DNC_OPTION_LIST && row->kind != DNC_OPTION_REST)
			row++;
	if (!row || !row->name)
		return ARGP_ERR_UNKNOWN;
	store(row, state->input, row->name, value);
	return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	const struct dnc_command *c = program.command;

	program.state = state;
	if (key == ARGP_KEY_INIT && c->filter)
		state->child_inputs[0] = (char *)state->input + c->filter_offset;
	if (key == ARGP_KEY_ARG)
		return store_argument(value, state);
	if (store_option(c->options, FIRST_KEY, key, value, state->input) ||
		store_option(common_rows, FIRST_COMMON_KEY, key, value, state->input))
		return 0;
	return ARGP_ERR_UNKNOWN;
}

/* Appends ROWS to argp's options from *N on. */
static void add_rows(const struct dnc_option *rows, int first, struct argp_option *out, size_t *n)
{
	for (size_t i = 0; rows[i].help; i++) {
		if (*n == MAX_ROWS)
			abort(); /* MAX_ROWS is too small; any use of the command shows it */
		out[(*n)++] = (struct argp_option){.name = rows[i].name,
			.key = rows[i].kind == DNC_OPTION_HEADING ? 0 : key_of(rows, i, first),
			.arg = rows[i].arg,
			.flags = rows[i].optional ? OPTION_ARG_OPTIONAL : 0,
			.doc = rows[i].help,
			.group = rows[i].group};
	}
}

/* Returns the option of ARGP (or a child) that ARG names, maybe abbreviated; NULL if there is none. */
static const struct argp_option *find_option(const struct argp *argp, const char *arg)
{
	const char *word = arg + strspn(arg, "-");
	size_t n = strcspn(word, "=");

	for (const struct argp_option *o = argp->options; o && (o->name || o->key || o->doc); o++) {
		if (arg[1] == '-' && o->name && strncmp(o->name, word, n) == 0)
			return o;
		if (arg[1] != '-' && o->key == arg[1])
			return o;
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++) {
		const struct argp_option *o = find_option(c->argp, arg);

		if (o)
			return o;
	}
	return NULL;
}

/* Names the word of the command line that is wrong: an unknown option, an option without its value, or else the word at
 * INDEX, where argp stopped. */
_Noreturn static void blame(const struct argp *argp, int argc, char **argv, int index)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (argv[i][0] == '-' && argv[i][1] && !find_option(argp, argv[i]))
			dnc_cli_usage("%s: unknown option; see --help", argv[i]);
	if (argv[argc - 1][0] == '-' && argc > 1) {
		const struct argp_option *o = find_option(argp, argv[argc - 1]);

		if (o && o->arg && !(o->flags & OPTION_ARG_OPTIONAL))
			dnc_cli_usage("%s: value missing; see --help", argv[argc - 1]);
	}
	dnc_cli_usage(
		"%s: unexpected argument; see --help", index < argc ? argv[index] : argv[argc - 1]);
}

/* Reading or writing one that was closed fails with EBADF, as it would without this. */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(DNC_EXIT_IO);
}

void dnc_cli_warn_replaced(const char *name, const char *before, const char *value, const char *how)
{
	if (before && strcmp(before, value) != 0)
		dnc_warn("%s is given more than once: %s is used, and %s is not; %s", name, value,
			before, how);
}

void dnc_options_parse(const struct dnc_command *c, int argc, char **argv, void *options)
{
	struct argp_option rows[MAX_ROWS + 1] = {0};
	const struct argp_child children[] = {{c->filter, 0, NULL, 0}, {0}};
	const struct argp argp = {.options = rows,
		.parser = parse,
		.args_doc = c->args_doc,
		.doc = c->doc,
		.children = c->filter ? children : NULL};
	size_t n = 0;
	int index = 0;
	error_t rc;

	hold_standard_descriptors();
	dnc_cli_survive_file_limit();
	program.command = c;
	dnc_log_open(c->name, DNC_NOTE, false);
	add_rows(c->options, FIRST_KEY, rows, &n);
	add_rows(common_rows, FIRST_COMMON_KEY, rows, &n);
	argv[0] = (char *)(uintptr_t)c->name;
	rc = argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, &index, options);
	if (rc == ENOMEM)
		dnc_cli_die_nomem();
	if (rc || index < argc)
		blame(&argp, argc, argv, index);
}
