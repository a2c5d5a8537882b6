/* minute.h - how totals have grown within the last minute: of one server, in its thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "metrics/metrics.h"

enum {
	MINUTE_STEPS = 60,      /* a second each */
	MINUTE_RATE_STEPS = 10, /* over which events a second are told */
};

/* All zero is empty. */
struct minute {
	struct minute_step {
		int64_t at_ms; /* of dnc_clock_mono_ms() */
		uint64_t events;
		struct dnc_histogram delivery;
	} step[MINUTE_STEPS + 1];
	size_t count, next;
};

/* Notes the totals at NOW_MS, once a second at most: more often nothing happens. */
void minute_note(
	struct minute *m, int64_t now_ms, uint64_t events, const struct dnc_histogram *delivery);

/* Sets OUT to what TOTAL has more than a minute ago, or since the first note. */
void minute_delivery(
	const struct minute *m, const struct dnc_histogram *total, struct dnc_histogram *out);

/* Events a second at NOW_MS, when there are EVENTS, over MINUTE_RATE_STEPS. */
double minute_rate(const struct minute *m, int64_t now_ms, uint64_t events);
