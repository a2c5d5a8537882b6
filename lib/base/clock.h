/* clock.h - wall-clock time as RFC 3339 text and back.
 *
 * Times are milliseconds since 1970-01-01T00:00:00Z without leap seconds, which is what events
 * carry. All functions are thread safe and need no locale or time zone. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "str.h"

#define DNC_TIME_LEN 24 /* 2026-08-29T08:00:00.000Z */
#define DNC_DAY_MS   INT64_C(86400000)

/* Now, by the wall clock. */
int64_t dnc_clock_now_ms(void);

/* Now, by a clock that only goes forward; for durations. */
int64_t dnc_clock_mono_ms(void);
int64_t dnc_clock_mono_ns(void);

/* True when MS lies in the years 0001 to 9999, which are those that can be written and read. */
bool dnc_clock_in_range(int64_t ms);

/* Writes exactly DNC_TIME_LEN bytes, no NUL. MS must be in range. */
void dnc_clock_format(int64_t ms, char out[DNC_TIME_LEN]);

/* Reads an RFC 3339 date-time in any offset. Digits past milliseconds are cut off. A leap second
 * (23:59:60 UTC on the last day of a month) counts as the next minute's first. False when S is
 * anything else, or not in range once converted to UTC. */
bool dnc_clock_parse(struct dnc_str s, int64_t *ms);

/* The same without the range, for what stands in logs already. */
bool dnc_clock_parse_any_year(struct dnc_str s, int64_t *ms);

/* Reads a local date-time as list files have it: "2020-02-16 13:05:00" or with a "T", or a date
 * alone, with no offset. It is taken as UTC, because the files name no zone. Leap seconds and range
 * as above. */
bool dnc_clock_parse_local(struct dnc_str s, int64_t *ms);

/* Reads a span such as "90s", "15m", "24h" or "30d" (also "1w"). False when S is anything else. */
bool dnc_clock_parse_span(struct dnc_str s, int64_t *ms);
