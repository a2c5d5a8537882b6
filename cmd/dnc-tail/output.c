#include "output.h"
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cli/cli.h"

/* So many events that can't be shown are told one by one. */
enum { TOLD_MAX = 10 };

static int on_result(void *ctx, struct dnc_str json)
{
	struct output *o = ctx;

	dnc_buf_clear(&o->line);
	if (dnc_show_json(o->show, &o->line, json, o->raw) != DNC_SHOWN)
		return dnc_error_nomem(&o->err);
	o->sink->acts->add(o->sink, dnc_buf_view(&o->line));
	return 0;
}

static void on_done(void *ctx, uint64_t seq)
{
	struct output *o = ctx;

	o->done(o->ctx, o->epoch, seq);
}

void output_open(struct output *o, const struct options *options, const char *filter)
{
	struct dnc_error err;
	const struct dnc_show_options show = {.format = options->output,
		.fields = options->fields,
		.template = options->template,
		.filter = filter,
		.color = options->color,
		.terminal = options->terminal,
		.local = options->local};

	o->terminal = options->terminal;
	o->raw = options->raw_output;
	o->show = dnc_show_new(&show, &err);
	if (!o->show && err.code == DNC_ERROR_NO_MEMORY)
		dnc_cli_die_nomem();
	if (!o->show && err.offset != DNC_NO_OFFSET)
		dnc_cli_usage("%s: at byte %zu: %s", err.place, err.offset + 1, err.message);
	if (!o->show)
		dnc_cli_usage("%s: %s", err.place, err.message);
	o->program.result = on_result;
	o->program.done = on_done;
	o->program.ctx = o;
	program_start(&o->program, options);
}

int output_start(struct output *o, struct sink *sink, bool header)
{
	o->sink = sink;
	if (!header || !dnc_show_header(o->show, &o->line))
		return 0;
	if (!dnc_buf_ok(&o->line))
		return dnc_error_nomem(&o->err);
	sink->acts->header(sink, dnc_buf_view(&o->line));
	return 0;
}

static int run_program(struct output *o, struct dnc_str text, const char *epoch, uint64_t seq)
{
	/* Numbers of two epochs must not be mixed. */
	if (o->pending && strcmp(o->epoch, epoch) != 0 && output_settle(o) < 0)
		return -1;
	snprintf(o->epoch, sizeof o->epoch, "%s", epoch);
	o->pending = true;
	if (program_add(&o->program, text, seq) == 0)
		return 0;
	o->err = o->program.err;
	return -1;
}

static void leave_out(struct output *o, uint64_t seq)
{
	if (++o->left_out <= TOLD_MAX)
		dnc_err("event %llu is not a canonical event (dnc-events(7)) and can't be printed in "
			"this format; -o json prints it",
			(unsigned long long)seq);
	if (o->left_out == TOLD_MAX)
		dnc_err("further events that can't be printed are only counted");
}

/* The size is asked for before each event: the signal that tells of a new one (SIGWINCH) may be handled after the
 * next event. */
static void measure_terminal(struct output *o)
{
	struct winsize size;

	if (o->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		dnc_show_columns(o->show, size.ws_col);
}

int output_event(struct output *o, struct dnc_str text, const char *epoch, uint64_t seq)
{
	if (o->program.mapper)
		return run_program(o, text, epoch, seq);
	measure_terminal(o);
	dnc_buf_clear(&o->line);
	switch (dnc_show_event(o->show, &o->line, text)) {
	case DNC_SHOWN:
		o->sink->acts->add(o->sink, dnc_buf_view(&o->line));
		break;
	case DNC_SHOWN_FOREIGN:
		leave_out(o, seq);
		break;
	case DNC_SHOWN_INVALID:
		return 1;
	case DNC_SHOWN_NO_MEMORY:
		return dnc_error_nomem(&o->err);
	}
	o->done(o->ctx, epoch, seq);
	return 0;
}

int output_settle(struct output *o)
{
	if (!o->pending)
		return 0;
	o->pending = false;
	if (program_drain(&o->program) == 0)
		return 0;
	if (!o->err.message[0])
		o->err = o->program.err;
	return -1;
}

bool output_failed(const struct output *o)
{
	return o->left_out || o->program.failures;
}

void output_close(struct output *o)
{
	if (o->left_out)
		dnc_err("%llu events were not printed", (unsigned long long)o->left_out);
	program_finish(&o->program);
	dnc_show_free(o->show);
	dnc_buf_free(&o->line);
}
