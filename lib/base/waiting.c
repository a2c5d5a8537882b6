#include "waiting.h"
#include <stdio.h>

enum { LAST_PAUSE_MS = 600000 };

bool dnc_waiting_look(struct dnc_waiting *w, int64_t now)
{
	if (!w->since_ms)
		*w = (struct dnc_waiting){.since_ms = now,
			.say_at_ms = now + DNC_WAITING_FIRST_MS,
			.pause_ms = DNC_WAITING_FIRST_MS};
	w->looked_ms = now;
	if (now < w->say_at_ms)
		return false;
	w->said = true;
	w->say_at_ms = now + w->pause_ms;
	w->pause_ms = w->pause_ms * 2 < LAST_PAUSE_MS ? w->pause_ms * 2 : LAST_PAUSE_MS;
	return true;
}

void dnc_waiting_worked(struct dnc_waiting *w, int64_t now)
{
	int64_t worked = now - w->looked_ms;

	if (!w->since_ms)
		return;
	w->since_ms += worked;
	w->say_at_ms += worked;
	w->looked_ms = now;
}

int64_t dnc_waiting_left(const struct dnc_waiting *w, int64_t now)
{
	if (!w->since_ms)
		return -1;
	return w->say_at_ms > now ? w->say_at_ms - now : 0;
}

int64_t dnc_waiting_end(struct dnc_waiting *w, int64_t now)
{
	int64_t waited = w->said ? now - w->since_ms : 0;

	*w = (struct dnc_waiting){0};
	return waited;
}

const char *dnc_waiting_text(
	const struct dnc_waiting *w, int64_t now, char text[DNC_WAITING_TEXT_BYTES])
{
	int64_t ms = now - w->since_ms;
	char time[DNC_TIME_LEN];

	dnc_clock_format(dnc_clock_now_ms() - ms, time);
	/* Without the milliseconds. */
	snprintf(text, DNC_WAITING_TEXT_BYTES, "for %lld s, since %.19sZ", (long long)(ms / 1000),
		time);
	return text;
}
