/* clock.h - the clocks, and times as RFC 3339 text.
 *
 * Times are milliseconds since 1970-01-01T00:00:00Z without leap seconds, as events carry them. All
 * functions are thread safe and depend on no locale or time zone. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "str.h"

#define DNC_TIME_LEN 24 /* 2026-08-29T08:00:00.000Z */
#define DNC_DAY_MS   INT64_C(86400000)
/* 1900-01-01T00:00:00Z. What is said to be older is no time of an event, but a year of two digits (0026), or what a program writes
 * for no time (0001-01-01). */
#define DNC_EVENT_TIME_MIN INT64_C(-2208988800000)

/* Now, by the wall clock, which may be set back. */
int64_t dnc_clock_now_ms(void);

/* The same as of the last tick of the kernel (at least 100 a second): cheaper, because no counter of the CPU is read. */
int64_t dnc_clock_tick_ms(void);

/* Now, by the monotonic clock, which counts from an arbitrary start; for durations. */
int64_t dnc_clock_mono_ms(void);
int64_t dnc_clock_mono_ns(void);

/* The same, and it counts while the machine is suspended. */
int64_t dnc_clock_boot_ms(void);

/* The CPU time of this thread so far; for work that others are not to be charged for. A system call. */
int64_t dnc_clock_thread_ns(void);

/* True if MS is in the years 0001 to 9999, the ones that can be written and read. */
bool dnc_clock_in_range(int64_t ms);

/* Writes exactly DNC_TIME_LEN bytes, no NUL. MS must be in range. */
void dnc_clock_format(int64_t ms, char out[DNC_TIME_LEN]);

/* The same where OUT has the text of BEFORE already: of the same day only the time is written. */
void dnc_clock_format_again(int64_t before, int64_t ms, char out[DNC_TIME_LEN]);

/* Reads an RFC 3339 date-time with any offset. Digits after the milliseconds are ignored. A leap second
 * (23:59:60 UTC on the last day of a month) is read as the first second of the next minute. False if S is
 * anything else, or is not in range in UTC. */
bool dnc_clock_parse(struct dnc_str s, int64_t *ms);

/* As dnc_clock_parse(), without the check of the range: for times that are in logs already. */
bool dnc_clock_parse_any_year(struct dnc_str s, int64_t *ms);

/* Reads a date-time without an offset as list files have it: "2020-02-16 13:05:00", with a blank or a "T",
 * or a date alone. It is read as UTC, because the files name no zone. Leap seconds and range as in
 * dnc_clock_parse(). */
bool dnc_clock_parse_local(struct dnc_str s, int64_t *ms);

/* Reads a duration such as "90s", "15m", "24h", "30d" or "1w" in milliseconds. False if S is anything else. */
bool dnc_clock_parse_span(struct dnc_str s, int64_t *ms);
