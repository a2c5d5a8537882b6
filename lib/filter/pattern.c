/* pattern.c - compiles and runs regular expressions of strangers at a bounded cost. */
#include "priv/pattern.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include "filter.h"
#include "priv/advice.h"

/* For the interpreter, and for compiling. */
enum { DEPTH_LIMIT = 250, HEAP_LIMIT_KIB = 64, NEST_LIMIT = 20 };

/* What PCRE2 needs, one set for each thread, freed when the thread ends. */
struct contexts {
	pcre2_match_data *data;
	pcre2_match_context *match;
	uint32_t steps; /* that a match may take by `match` */
	pcre2_compile_context *compile;
};

static _Thread_local struct contexts *of_thread;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* only for its destructor: reading of_thread is faster */
static bool have_key;

/* The functions of PCRE2 accept NULL. */
static void free_contexts(void *p)
{
	struct contexts *c = p;

	pcre2_match_data_free(c->data);
	pcre2_match_context_free(c->match);
	pcre2_compile_context_free(c->compile);
	free(c);
}

static void make_key(void)
{
	have_key = pthread_key_create(&key, free_contexts) == 0;
}

static struct contexts *make_contexts(void)
{
	struct contexts *c = calloc(1, sizeof *c);

	pthread_once(&once, make_key);
	if (!c)
		return NULL;
	c->data = pcre2_match_data_create(1, NULL);
	c->match = pcre2_match_context_create(NULL);
	c->compile = pcre2_compile_context_create(NULL);
	if (!c->data || !c->match || !c->compile || !have_key || pthread_setspecific(key, c)) {
		free_contexts(c);
		return NULL;
	}
	pcre2_set_match_limit(c->match, c->steps = PATTERN_STEPS);
	pcre2_set_depth_limit(c->match, DEPTH_LIMIT);
	pcre2_set_heap_limit(c->match, HEAP_LIMIT_KIB);
	pcre2_set_max_pattern_length(c->compile, DNC_FILTER_MAX_PATTERN);
	pcre2_set_parens_nest_limit(c->compile, NEST_LIMIT);
	return of_thread = c;
}

static inline struct contexts *contexts(void)
{
	return of_thread ? of_thread : make_contexts();
}

enum pattern_verdict filter_pattern_try(const pcre2_code *re, struct dnc_str number, uint32_t steps)
{
	struct contexts *c = contexts();
	int rc;

	if (!c)
		return PATTERN_NO_MEMORY;
	if (c->steps != steps)
		pcre2_set_match_limit(c->match, c->steps = steps);
	rc = pcre2_match(re, (PCRE2_SPTR)number.p, number.n, 0, 0, c->data, c->match);
	if (rc >= 0)
		return PATTERN_MATCHES;
	if (rc == PCRE2_ERROR_NOMEMORY)
		return PATTERN_NO_MEMORY;
	return rc == PCRE2_ERROR_NOMATCH ? PATTERN_DIFFERS : PATTERN_OVER_BUDGET;
}

/* Tries numbers of the shapes that there are, masked ones, too. */
static bool exceeds(const pcre2_code *re, uint32_t steps)
{
	static const struct dnc_str shapes[] = {DNC_STR("+123456789012345"),
		DNC_STR("+111111111111111"), DNC_STR("+13035550143"), DNC_STR("+999999999999990"),
		DNC_STR("+1******0143"), DNC_STR("+***********0143")};

	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		if (filter_pattern_try(re, shapes[i], steps) == PATTERN_OVER_BUDGET)
			return true;
	return false;
}

pcre2_code *filter_pattern_compile(struct dnc_str text, bool *heavy, struct dnc_error *err)
{
	const struct contexts *c = contexts();
	char why[160];
	PCRE2_SIZE offset;
	int code;
	pcre2_code *re;

	if (!c) {
		dnc_error_nomem(err);
		return NULL;
	}
	/* "(*NO_JIT)" and the like would change what a match may cost. */
	if (text.n > 2 && text.p[0] == '(' && text.p[1] == '*') {
		dnc_error_set(err, 0, "a pattern must not start with an option such as (*NO_JIT)");
		return NULL;
	}
	/* A number is digits: matching bytes is enough, and no pattern may turn UTF mode on. */
	re = pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C,
		&code, &offset, c->compile);
	if (!re) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
		filter_bad_pattern(err, why, text);
		if (err)
			err->offset = offset < text.n ? offset : text.n;
		return NULL;
	}
	/* Without JIT (no memory may be executable) the interpreter does the same, slower. */
	pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
	*heavy = exceeds(re, PATTERN_CHEAP_STEPS);
	if (!*heavy || !exceeds(re, PATTERN_STEPS))
		return re;
	dnc_error_set(
		err, 0, "the pattern takes too much work; avoid nested repeats such as (\\d+)+");
	pcre2_code_free(re);
	return NULL;
}
