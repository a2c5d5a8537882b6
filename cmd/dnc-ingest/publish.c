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

/* Waits until --rate allows the next event. After a signal that stops the input nothing waits. */
static int wait_for_rate(struct ingest *in)
{
	int64_t due = in->started_ns + (int64_t)((double)in->published * 1e9 / in->options.rate);
	struct timespec t = {due / 1000000000, due % 1000000000};

	if (due <= dnc_clock_mono_ns() || dnc_cli_stopped_by())
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
