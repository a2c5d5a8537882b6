#include "cli/progress.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "base/clock.h"

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
