#include "status.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"

/* A place longer ago than this is not looked at. */
enum { RATE_MS = 10000 };

void status_begin(struct status *s, int64_t ms)
{
	*s = (struct status){.trip_us = -1};
	status_sample(s, ms);
}

void status_latency(struct status *s, int64_t latency_ms)
{
	s->latency_ms[s->latencies++ % STATUS_LATENCIES] = latency_ms;
}

void status_answer(struct status *s, int64_t trip_us, uint64_t lag)
{
	s->trip_us = trip_us;
	s->lag = lag;
}

void status_forget(struct status *s)
{
	s->trip_us = -1;
}

void status_sample(struct status *s, int64_t ms)
{
	s->sample[s->samples++ % STATUS_SAMPLES] =
		(struct status_sample){.ms = ms, .events = s->events};
}

/* Since the oldest sample of the last ten seconds; if there is none, since the newest. */
double status_rate(const struct status *s, int64_t ms)
{
	const struct status_sample *from = NULL;
	uint64_t kept = s->samples < STATUS_SAMPLES ? s->samples : STATUS_SAMPLES;

	for (uint64_t i = 1; i <= kept; i++) {
		const struct status_sample *sample = &s->sample[(s->samples - i) % STATUS_SAMPLES];

		if (from && ms - sample->ms > RATE_MS)
			break;
		if (sample->ms < ms)
			from = sample;
	}
	return from ? (double)(s->events - from->events) * 1000 / (double)(ms - from->ms) : 0;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int64_t median_latency(const struct status *s)
{
	int64_t sorted[STATUS_LATENCIES];
	size_t n = s->latencies < STATUS_LATENCIES ? (size_t)s->latencies : STATUS_LATENCIES;

	memcpy(sorted, s->latency_ms, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, compare);
	return sorted[n / 2];
}

/* How much is told: all, or less in fewer columns. */
enum detail { WHOLE, SHORT, SHORTEST };

static void add_hub(const struct status *s, enum detail detail, char out[ADDRESS_TEXT])
{
	char text[ADDRESS_TEXT];

	if (!s->hub)
		snprintf(text, sizeof text, "the hub");
	else if (detail == WHOLE)
		address_write(s->hub, text);
	else
		snprintf(text, sizeof text, strchr(s->hub->host, ':') ? "[%s]:%d" : "%s:%d",
			s->hub->host, s->hub->port);
	dnc_escape_into(out, ADDRESS_TEXT, dnc_str(text), DNC_ESCAPE_TEXT);
}

static const char *link_words(const struct status *s, enum detail detail)
{
	static const char *const words[][2] = {
		[STATUS_CONNECTING] = {"not connected yet: trying ", "not connected: "},
		[STATUS_CONNECTED] = {"connected to ", ""},
		[STATUS_LOST] = {"not connected: reconnecting to ", "not connected: "}};

	return words[s->link][detail != WHOLE];
}

static void add_rate(const struct status *s, int64_t ms, enum detail detail, char out[64])
{
	double rate = status_rate(s, ms);
	const char *unit = detail == SHORTEST ? "/s" : " events/s";

	if (!s->events && s->link == STATUS_CONNECTED)
		snprintf(out, 64, "no events yet");
	else
		snprintf(out, 64, rate > 0 && rate < 9.95 ? "%.1f%s" : "%.0f%s", rate, unit);
}

static void add_delay(const struct status *s, enum detail detail, char out[64])
{
	bool connected = s->link == STATUS_CONNECTED;

	if (connected && s->held)
		snprintf(out, 64, ", output waits");
	else if (connected && s->latencies)
		snprintf(out, 64, ", %s%" PRId64 " ms", detail == SHORTEST ? "" : "latency ",
			median_latency(s));
	else if (connected && s->trip_us >= 0)
		snprintf(out, 64, ", ping %.1f ms", (double)s->trip_us / 1000);
	else
		out[0] = '\0';
}

static void add_lag(const struct status *s, char out[64])
{
	if (s->link == STATUS_CONNECTED && s->trip_us >= 0)
		snprintf(out, 64, ", lag %" PRIu64, s->lag);
	else
		out[0] = '\0';
}

static size_t write_line(const struct status *s, int64_t ms, enum detail detail, char *out)
{
	uint64_t again = s->connections ? s->connections - 1 : 0;
	char hub[ADDRESS_TEXT] = "", rate[64], delay[64], lag[64], total[64] = "";
	const char *colon = detail == WHOLE ? ", " : ": ";
	int n;

	if (detail != SHORTEST)
		add_hub(s, detail, hub);
	else
		colon = "";
	add_rate(s, ms, detail, rate);
	add_delay(s, detail, delay);
	add_lag(s, lag);
	if (detail == WHOLE && s->events)
		snprintf(total, sizeof total, ", %" PRIu64 " in all", s->events);
	n = snprintf(out, STATUS_LINE, "%s%s%s%s%s%s%s, %" PRIu64 " reconnect%s",
		link_words(s, detail), hub, colon, rate, total, delay, lag, again,
		again == 1 ? "" : "s");
	return n < 0 ? 0 : n < STATUS_LINE ? (size_t)n : STATUS_LINE - 1;
}

/* All of it is ASCII, except perhaps the name of the hub: then it is cut too early. */
size_t status_line(const struct status *s, int64_t ms, size_t width, char out[STATUS_LINE])
{
	size_t n = 0;

	for (int detail = WHOLE; detail <= SHORTEST; detail++) {
		n = write_line(s, ms, (enum detail)detail, out);
		if (n <= width)
			return n;
	}
	out[width] = '\0';
	return width;
}
