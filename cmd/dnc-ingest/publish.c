#include "publish.h"
#include "base/clock.h"
#include "ingest.h"

int publish_flush(struct ingest *in)
{
	if (dnc_outlet_flush(in->stage.out, &in->err) == 0)
		return 0;
	in->output_failed = true;
	return -1;
}

/* Events that are late by so much are made up for: what a sleep was too long. */
enum { LATE_NS = 20000000, NS_PER_MS = 1000000, LONG_MS = 60000 };

/* Waits for the outlet meanwhile, which reads acknowledgements, connects, and says when it waits. After a signal that stops the
 * input nothing waits. */
static int wait_until(struct ingest *in, int64_t due_ns)
{
	int64_t left;

	while ((left = due_ns - dnc_clock_mono_ns()) > 0 && !dnc_cli_stopped_by()) {
		left = (left + NS_PER_MS - 1) / NS_PER_MS;
		if (dnc_input_wait(in->stage.input, -1, (int)(left < LONG_MS ? left : LONG_MS)) <
			0) {
			in->err = *dnc_input_error(in->stage.input);
			in->output_failed = true;
			return -1;
		}
	}
	return 0;
}

/* Waits until --rate allows the next event. */
static int wait_for_rate(struct ingest *in)
{
	int64_t now = dnc_clock_mono_ns(),
		due = in->due_ns > now - LATE_NS ? in->due_ns : now - LATE_NS;

	in->due_ns = due + (int64_t)(1e9 / in->options.rate);
	if (due <= now || dnc_cli_stopped_by())
		return 0;
	return publish_flush(in) < 0 ? -1 : wait_until(in, due);
}

int publish_line(struct ingest *in, enum dnc_type type, struct dnc_str line)
{
	if (in->options.rate > 0 && wait_for_rate(in) < 0)
		return -1;
	in->published++;
	tally_event(&in->tally, type);
	if (dnc_outlet_line(in->stage.out, line.p, line.n, &in->err) == 0)
		return 0;
	in->output_failed = true;
	return -1;
}
