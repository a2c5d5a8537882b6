/* await.h - waits for what other threads do. */
#pragma once
#include "unit.h"
#include <stdbool.h>
#include <unistd.h>
#include "base/clock.h"

/* Waits until CONDITION holds, and fails after a minute, with the line where it stands. */
#define await(condition)                                                                           \
	do {                                                                                       \
		int64_t await_until = dnc_clock_mono_ms() + 60000;                                 \
		bool await_held;                                                                   \
		while (!(await_held = (condition)) && dnc_clock_mono_ms() < await_until)           \
			usleep(1000);                                                              \
		assert_true(await_held);                                                           \
	} while (0)
