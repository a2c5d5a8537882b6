/* dnc-tail - prints the live stream, or writes it to a command. */
#include "cli/cli.h"
#include "cli/credentials.h"
#include "tail.h"

static void on_stop(uv_async_t *async)
{
	tail_stop(async->data);
}

/* In the signal handler: uv_async_send() is safe there. */
static void ask_to_stop(void *ctx)
{
	uv_async_send(&((struct tail *)ctx)->stop);
}

/* After the timers that are due and before the wait, so that what they found is acted on first. Turns after
 * uv_run(UV_RUN_ONCE) would hang: a timer that is due when it starts leaves nothing to end the wait. */
static void on_turn(uv_prepare_t *prepare)
{
	struct tail *t = prepare->data;

	if (!tail_turn(t))
		uv_stop(&t->loop);
}

static void open_loop(struct tail *t)
{
	if (uv_loop_init(&t->loop) != 0 || uv_async_init(&t->loop, &t->stop, on_stop) != 0)
		dnc_cli_die_nomem();
	t->stop.data = t;
	uv_timer_init(&t->loop, &t->again);
	uv_prepare_init(&t->loop, &t->turn);
	t->turn.data = t;
}

static void close_loop(struct tail *t)
{
	uv_close((uv_handle_t *)&t->stop, NULL);
	uv_close((uv_handle_t *)&t->again, NULL);
	uv_close((uv_handle_t *)&t->turn, NULL);
	/* A command that still runs keeps the loop alive. */
	for (int i = 0; i < 100 && uv_run(&t->loop, UV_RUN_NOWAIT); i++)
		;
	stream_free(t->stream);
	uv_loop_close(&t->loop);
}

static void open_sink(struct tail *t)
{
	if (t->options.exec)
		t->sink =
			command_new(&t->loop, t->options.exec, t->options.batch, t->options.state);
	else if (printer_open(&t->sink, &t->loop, t->options.state, &t->err) < 0)
		dnc_cli_die(DNC_EXIT_IO, "%s", t->err.message);
	if (!t->sink)
		dnc_cli_die_nomem();
}

int main(int argc, char **argv)
{
	static struct tail t;
	const struct stream_events events = {tail_event, tail_passed, tail_answered, &t};
	struct dnc_buf json = {0};
	enum dnc_exit rc;

	options_read(&t.options, argc, argv);
	dnc_filter_draft_json(&t.options.filter, &json);
	dnc_filter_unref(
		dnc_cli_filter_compile(&json)); /* shows a bad pattern before it connects */
	dnc_cli_check_token(t.options.token_file);
	dnc_cli_check_authorities(t.options.ca_file);
	dnc_buf_chr(&json, '\0');
	json.n--;
	t.output.done = tail_done;
	t.output.ctx = &t;
	output_open(&t.output, &t.options, json.p);
	tail_read_state(&t);
	open_loop(&t);
	open_sink(&t);
	if (output_start(&t.output, t.sink, !t.options.no_header) < 0)
		dnc_cli_die_nomem();
	dnc_cli_on_stop(ask_to_stop, &t);
	t.stream = stream_new(&t.loop, &t.options, dnc_buf_view(&json), &events);
	if (!t.stream)
		dnc_cli_die_nomem();
	report_open(&t.report, &t.loop, &t.options, t.stream);
	uv_prepare_start(&t.turn, on_turn);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	uv_prepare_stop(&t.turn);
	rc = tail_finish(&t);
	if (t.gone && !t.failed)
		dnc_cli_broken_pipe();
	dnc_cli_release_signals();
	close_loop(&t);
	state_close(&t.state);
	output_close(&t.output);
	dnc_buf_free(&json);
	dnc_filter_draft_free(&t.options.filter);
	return (int)rc;
}
