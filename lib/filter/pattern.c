/* pattern.c - compiles and runs regular expressions of strangers at a bounded cost. */
#include "priv/pattern.h"
#include <stdbool.h>
#include "filter.h"

/* Work allowed to one pattern on one number. A number has 16 bytes: an honest pattern needs tens
 * of steps; 2,000 take some microseconds. */
enum { MATCH_LIMIT = 2000, DEPTH_LIMIT = 250, HEAP_LIMIT_KIB = 64, NEST_LIMIT = 20 };

/* What a match needs, one for each thread; lives as long as the process. */
static _Thread_local pcre2_match_data *match_data;
static _Thread_local pcre2_match_context *match_context;

static bool prepare_thread(void)
{
	if (!match_data)
		match_data = pcre2_match_data_create(1, NULL);
	if (!match_context && (match_context = pcre2_match_context_create(NULL))) {
		pcre2_set_match_limit(match_context, MATCH_LIMIT);
		pcre2_set_depth_limit(match_context, DEPTH_LIMIT);
		pcre2_set_heap_limit(match_context, HEAP_LIMIT_KIB);
	}
	return match_data && match_context;
}

enum pattern_verdict filter_pattern_try(const pcre2_code *re, struct dnc_str number)
{
	int rc;

	if (!prepare_thread())
		return PATTERN_DIFFERS;
	rc = pcre2_match(re, (PCRE2_SPTR)number.p, number.n, 0, 0, match_data, match_context);
	if (rc >= 0)
		return PATTERN_MATCHES;
	return rc == PCRE2_ERROR_NOMATCH ? PATTERN_DIFFERS : PATTERN_OVER_BUDGET;
}

static pcre2_compile_context *compile_context(void)
{
	static _Thread_local pcre2_compile_context *context;

	if (!context && (context = pcre2_compile_context_create(NULL))) {
		pcre2_set_max_pattern_length(context, DNC_FILTER_MAX_PATTERN);
		pcre2_set_parens_nest_limit(context, NEST_LIMIT);
	}
	return context;
}

/* Tries numbers of the shapes that there are, masked ones, too. */
static bool is_over_budget(const pcre2_code *re)
{
	static const struct dnc_str shapes[] = {DNC_STR("+123456789012345"),
		DNC_STR("+111111111111111"), DNC_STR("+13035550143"), DNC_STR("+999999999999990"),
		DNC_STR("+1******0143"), DNC_STR("+***********0143")};

	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		if (filter_pattern_try(re, shapes[i]) == PATTERN_OVER_BUDGET)
			return true;
	return false;
}

pcre2_code *filter_pattern_compile(struct dnc_str text, struct dnc_error *err)
{
	char why[160];
	PCRE2_SIZE offset;
	int code;
	pcre2_code *re;

	/* "(*NO_JIT)" and the like would change what a match may cost. */
	if (text.n > 2 && text.p[0] == '(' && text.p[1] == '*') {
		dnc_error_set(err, 0, "a pattern can't start with an option like (*NO_JIT)");
		return NULL;
	}
	/* A number is digits: matching bytes is enough, and no pattern may turn UTF mode on. */
	re = pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C,
		&code, &offset, compile_context());
	if (!re) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
		dnc_error_set(err, 0, "%s", why);
		if (err)
			err->offset = offset < text.n ? offset : text.n;
		return NULL;
	}
	/* Without JIT (no memory may be executable) the interpreter does the same, slower. */
	pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
	if (!is_over_budget(re))
		return re;
	dnc_error_set(
		err, 0, "the pattern takes too much work; avoid repeats of repeats like (\\d+)+");
	pcre2_code_free(re);
	return NULL;
}
