/* stall.h - a call of the log's engine that takes long: it is told while it lasts, and when it has ended. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct stall {
	const char *call, *part; /* "write", and what it waits for: "disk"; static */
	atomic_int_fast64_t
		since_ns; /* when the call began (dnc_clock_mono_ns()); 0: none is under way */
};

/* Begins and ends a call, in the thread that makes it. With TELL one that took long is logged. */
void stall_begin(struct stall *s);
void stall_end(struct stall *s, bool tell);

/* True, and why, while a call has taken 3 s or more. Any thread. */
bool stall_is_long(const struct stall *s, struct dnc_error *why);
