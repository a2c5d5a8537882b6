/* pattern.h - regular expressions of a bounded cost. */
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/err.h"
#include "base/str.h"

/* The work that one pattern may do on one number, in steps of PCRE2. A number has at most 16 bytes: a reasonable pattern
 * needs no step at all, or tens; 2,000 steps need up to 20 us. PATTERN_CHEAP_STEPS is about as much work as parsing an
 * event. */
enum { PATTERN_STEPS = 2000, PATTERN_CHEAP_STEPS = 256 };

/* Compiles TEXT; *HEAVY says that it needs more than PATTERN_CHEAP_STEPS on such a number. Returns NULL with ERR, whose
 * offset is the byte at fault if there is one; also for a pattern that exceeds the budget on numbers of common shapes.
 * To be freed with pcre2_code_free(). */
pcre2_code *filter_pattern_compile(struct dnc_str text, bool *heavy, struct dnc_error *err);

enum pattern_verdict {
	PATTERN_MATCHES,
	PATTERN_DIFFERS,
	PATTERN_OVER_BUDGET,
	PATTERN_NO_MEMORY,
};

/* Searches NUMBER for RE, in at most STEPS steps. The first call of a thread allocates its match context. */
enum pattern_verdict filter_pattern_try(
	const pcre2_code *re, struct dnc_str number, uint32_t steps);
