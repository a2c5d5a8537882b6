#include "cli.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/words.h"

enum { KEY_VERBOSE = 0x1000, KEY_LOG_FORMAT, KEY_HELP, KEY_USAGE, KEY_VERSION };

static struct {
	const char *name;
	bool quiet;
} program;

bool dnc_cli_quiet(void)
{
	return program.quiet;
}

/* argp's own --help keeps silent under ARGP_NO_ERRS, which our one-line errors need. */
_Noreturn static void print_help(const struct argp_state *state, unsigned what)
{
	argp_help(state->root_argp, stdout, what, (char *)(uintptr_t)program.name);
	exit(fflush(stdout) == 0 ? DNC_EXIT_OK : DNC_EXIT_IO);
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_VERBOSE:
		dnc_log_level(DNC_DEBUG);
		return 0;
	case 'q':
		program.quiet = true;
		dnc_log_level(DNC_ERR);
		return 0;
	case KEY_LOG_FORMAT:
		if (strcmp(arg, "json") != 0 && strcmp(arg, "text") != 0)
			dnc_cli_usage("--log-format: \"%s\" is neither text nor json", arg);
		dnc_log_json(strcmp(arg, "json") == 0);
		return 0;
	case KEY_HELP:
		print_help(state, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK);
	case KEY_USAGE:
		print_help(state, ARGP_HELP_USAGE);
	case KEY_VERSION:
		printf("%s %s\n", program.name, DNC_VERSION);
		exit(fflush(stdout) == 0 ? DNC_EXIT_OK : DNC_EXIT_IO);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option common_options[] = {
	{"verbose", KEY_VERBOSE, NULL, 0, "Say more about what is done", 90},
	{"quiet", 'q', NULL, 0, "Say nothing but errors", 90},
	{"log-format", KEY_LOG_FORMAT, "text|json", 0, "How messages on standard error look", 90},
	{"help", KEY_HELP, NULL, 0, "Print this list", 91},
	{"usage", KEY_USAGE, NULL, 0, "Print the options without explanation", 91},
	{"version", KEY_VERSION, NULL, 0, "Print the version", 91}, {0}};

const struct argp dnc_cli_common = {.options = common_options, .parser = parse_common};

/* The option of ARGP (or a child) that ARG names, also by the start of its name; NULL when there
 * is none. */
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

/* Says which word of the command line is at fault: an option that is none, one without its value,
 * or else the word at INDEX, where argp stopped. */
_Noreturn static void blame(const struct argp *argp, int argc, char **argv, int index)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (argv[i][0] == '-' && argv[i][1] && !find_option(argp, argv[i]))
			dnc_cli_usage("%s: unknown option; see --help", argv[i]);
	if (argv[argc - 1][0] == '-' && argc > 1) {
		const struct argp_option *o = find_option(argp, argv[argc - 1]);

		if (o && o->arg)
			dnc_cli_usage("%s: a value is missing; see --help", argv[argc - 1]);
	}
	dnc_cli_usage("%s: unexpected; see --help", index < argc ? argv[index] : argv[argc - 1]);
}

/* What is read from or written to a closed one fails with EBADF, as before. */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			_exit(DNC_EXIT_IO);
}

void dnc_cli_parse(const struct argp *argp, const char *name, int argc, char **argv, void *input)
{
	int index = 0;
	error_t rc;

	hold_standard_descriptors();
	program.name = name;
	dnc_log_open(name, DNC_NOTE, false);
	argv[0] = (char *)(uintptr_t)name;
	rc = argp_parse(argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, &index, input);
	if (rc == ENOMEM)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	if (rc || index < argc)
		blame(argp, argc, argv, index);
}

void dnc_cli_usage(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	dnc_err("%s", text);
	exit(DNC_EXIT_USAGE);
}

void dnc_cli_die(enum dnc_exit code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	dnc_err("%s", text);
	exit((int)code);
}

enum dnc_exit dnc_cli_exit_code(int code)
{
	switch (code) {
	case EINVAL:
	case ENAMETOOLONG:
	case EBADF:
		return DNC_EXIT_USAGE;
	case ENOENT:
	case ECONNREFUSED:
	case EADDRINUSE:
	case EADDRNOTAVAIL:
		return DNC_EXIT_UNAVAILABLE;
	case EAGAIN:
	case ENOMEM:
		return DNC_EXIT_TEMPFAIL;
	default:
		return DNC_EXIT_IO;
	}
}

void dnc_cli_die_io(const struct dnc_error *err)
{
	dnc_cli_die(dnc_cli_exit_code(err->code), "%s", err->message);
}

static uint64_t bounded(const char *name, const char *text, uint64_t min, uint64_t max, bool size)
{
	static const char units[] = "KMGT";
	uint64_t v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno)
		end = (char *)(uintptr_t) "x";
	if (size && *end) {
		const char *unit = strchr(units, toupper((unsigned char)*end));

		for (long i = unit ? unit - units : -1; i >= 0; i--)
			if (__builtin_mul_overflow(v, 1024u, &v))
				unit = NULL;
		if (unit)
			end++;
	}
	if (*end || v < min || v > max)
		dnc_cli_usage("%s: \"%s\" is not a %s from %" PRIu64 " to %" PRIu64, name, text,
			size ? "size" : "number", min, max);
	return v;
}

uint64_t dnc_cli_number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	return bounded(name, text, min, max, false);
}

uint64_t dnc_cli_size(const char *name, const char *text, uint64_t min, uint64_t max)
{
	return bounded(name, text, min, max, true);
}

void dnc_cli_word(const char *name, struct dnc_str word, const char *words, const char *elsewhere)
{
	struct dnc_str near;
	char shown[300];
	size_t n = 0;

	if (dnc_words_have(words, word))
		return;
	near = dnc_words_nearest(words, word);
	if (near.p)
		dnc_cli_usage("%s: \"%.*s\" is not known; did you mean \"%.*s\"?%s%s", name,
			DNC_STR_ARG(word), DNC_STR_ARG(near), elsewhere ? " " : "",
			elsewhere ? elsewhere : "");
	for (const char *p = words; *p && n + 3 < sizeof shown; p++) {
		if (*p != ' ')
			shown[n++] = *p;
		else if (p[1]) {
			shown[n++] = ',';
			shown[n++] = ' ';
		}
	}
	dnc_cli_usage("%s: \"%.*s\" is none of %.*s%s%s", name, DNC_STR_ARG(word), (int)n, shown,
		elsewhere ? ". " : "", elsewhere ? elsewhere : "");
}

int64_t dnc_cli_time(const char *name, const char *text)
{
	int64_t ms;

	if (text[0] == '-' && dnc_clock_parse_span(dnc_str(text + 1), &ms))
		return dnc_clock_now_ms() - ms;
	if (!dnc_clock_parse(dnc_str(text), &ms) && !dnc_clock_parse_local(dnc_str(text), &ms))
		dnc_cli_usage("%s: \"%s\" is neither a time like 2026-08-29T08:00:00Z nor a span "
			      "like -1h",
			name, text);
	return ms;
}

static struct {
	void (*stop)(void *);
	void *ctx;
	volatile sig_atomic_t signal;
} stopping;

static void on_signal(int signal_number)
{
	if (stopping.signal)
		_exit(128 + signal_number);
	stopping.signal = signal_number;
	stopping.stop(stopping.ctx);
}

static struct {
	void (*again)(void *);
	void *ctx;
} hangup;

static void on_hangup(int signal_number)
{
	(void)signal_number;
	hangup.again(hangup.ctx);
}

void dnc_cli_on_hangup(void (*again)(void *), void *ctx)
{
	struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};

	hangup.again = again;
	hangup.ctx = ctx;
	sigemptyset(&action.sa_mask);
	sigaction(SIGHUP, &action, NULL);
}

void dnc_cli_on_stop(void (*stop)(void *), void *ctx)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	stopping.stop = stop;
	stopping.ctx = ctx;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void dnc_cli_broken_pipe(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGPIPE);
	_exit(128 + SIGPIPE);
}

int dnc_cli_stopped_by(void)
{
	return stopping.signal;
}

void dnc_cli_progress_start(struct dnc_cli_progress *p, bool quiet)
{
	*p = (struct dnc_cli_progress){.on = !quiet && isatty(STDERR_FILENO),
		.next_look = 1024,
		.started_ms = dnc_clock_mono_ms()};
	p->last_ms = p->started_ms;
}

void dnc_cli_progress(struct dnc_cli_progress *p, uint64_t done_bytes, uint64_t size_bytes)
{
	int64_t now;
	double seconds;

	if (++p->rows < p->next_look || !p->on)
		return;
	p->next_look = p->rows + 1024;
	now = dnc_clock_mono_ms();
	if (now - p->last_ms < 250)
		return;
	p->last_ms = now;
	p->shown = true;
	seconds = (double)(now - p->started_ms) / 1000;
	fprintf(stderr, "\r%" PRIu64 " rows, %.0f rows/s", p->rows, (double)p->rows / seconds);
	if (size_bytes)
		fprintf(stderr, ", %.0f%%", 100 * (double)done_bytes / (double)size_bytes);
	fputs("\033[K", stderr);
}

void dnc_cli_progress_end(struct dnc_cli_progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
