/* clock.h - wall-clock time as RFC 3339 text and back.
 *
 * Times are milliseconds since 1970-01-01T00:00:00Z without leap seconds, which is what events
 * carry. All functions are thread safe and need no locale or time zone. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "str.h"

#define DNC_TIME_LEN 24 /* 2026-08-29T08:00:00.000Z */

/* Now, by the wall clock. */
int64_t dnc_clock_now_ms(void);

/* Now, by a clock that only goes forward; for durations. */
int64_t dnc_clock_mono_ms(void);
int64_t dnc_clock_mono_ns(void);

/* Writes exactly DNC_TIME_LEN bytes, no NUL. Years 0000 to 9999. */
void dnc_clock_format(int64_t ms, char out[DNC_TIME_LEN]);

/* Reads an RFC 3339 date-time in any offset (digits past milliseconds are cut off, a leap second
 * counts as the next minute's first). False when S is anything else. */
bool dnc_clock_parse(struct dnc_str s, int64_t *ms);

/* Reads a local date-time as list files have it: "2020-02-16 13:05:00" or with a "T", or a date
 * alone, with no offset. It is taken as UTC, because the files name no zone. */
bool dnc_clock_parse_local(struct dnc_str s, int64_t *ms);

/* Reads a span such as "90s", "15m", "24h" or "30d" (also "1w"). False when S is anything else. */
bool dnc_clock_parse_span(struct dnc_str s, int64_t *ms);
