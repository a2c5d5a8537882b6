/* outlets.h - an outlet that is turned by hand, and its readers, who expect numbers. */
#pragma once
#include "passing_clock.h"
#include "sockets.h"
#include "link/link.h"
#include "link/priv/outlet.h"

/* One turn, after a wait of a millisecond at most. */
static inline void turn(struct dnc_outlet *out)
{
	struct pollfd entry;
	struct dnc_error err;
	int timeout;

	outlet_poll(out, &entry, &timeout);
	poll(&entry, 1, 1);
	assert_int_equal(outlet_turn(out, entry.revents, &err), 0);
}

/* Turns until CONDITION, at most for about WAIT_MS. */
#define TURN_UNTIL(out, condition)                                                                 \
	for (int turns = 0; !(condition); turns++) {                                               \
		if (turns == WAIT_MS)                                                              \
			fail_msg("turned in vain for %s", #condition);                             \
		turn(out);                                                                         \
	}

/* Writes the numbers FIRST to LAST, a line each. */
static inline void write_numbers(struct dnc_outlet *out, uint64_t first, uint64_t last)
{
	struct dnc_error err;
	char line[32];

	for (uint64_t i = first; i <= last; i++) {
		int n = snprintf(line, sizeof line, "%llu", (unsigned long long)i);

		assert_int_equal(dnc_outlet_line(out, line, (size_t)n, &err), 0);
	}
}

/* A reader of numbers, which must come in order. */
struct numbers {
	uint64_t last, current; /* complete, and the digits of the next so far */
};

static inline void count_numbers(struct numbers *r, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != '\n') {
			r->current = r->current * 10 + (uint64_t)(p[i] - '0');
			continue;
		}
		assert_int_equal(r->current, r->last + 1);
		r->last = r->current;
		r->current = 0;
	}
}

static inline void ack_number(int reader, uint64_t count)
{
	char text[32];

	snprintf(text, sizeof text, "%llu\n", (unsigned long long)count);
	send_text(reader, text);
}

/* A turn after MS have passed. Returns what was said. */
static inline const char *turn_after(struct dnc_outlet *out, int64_t ms)
{
	passed_ms += ms;
	turn(out);
	return take_said();
}

static inline void expect_said(const char *said_now, const char *text)
{
	if (!strstr(said_now, text))
		fail_msg("said \"%s\", not \"%s\"", said_now, text);
	assert_ptr_equal(strchr(said_now, '\n') + 1, strchr(said_now, '\0'));
}
