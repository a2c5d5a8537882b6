#include "publish.h"
#include <errno.h>
#include <time.h>
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
enum { LATE_NS = 20000000 };

/* Waits until --rate allows the next event. After a signal that stops the input nothing waits. */
static int wait_for_rate(struct ingest *in)
{
	int64_t now = dnc_clock_mono_ns(),
		due = in->due_ns > now - LATE_NS ? in->due_ns : now - LATE_NS;
	struct timespec t = {due / 1000000000, due % 1000000000};

	in->due_ns = due + (int64_t)(1e9 / in->options.rate);
	if (due <= now || dnc_cli_stopped_by())
		return 0;
	if (publish_flush(in) < 0)
		return -1;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		if (dnc_cli_stopped_by())
			return 0;
	return 0;
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
