/* nomem.h - allocations that fail when the test says so: those that C code of the library and the test makes. The
 * linker wraps them (see the Makefile). Include it in one file of a program. */
#pragma once
#include "unit.h"
#include <stdbool.h>
#include <stdlib.h>

static _Thread_local int left =
	-1; /* allocations of this thread until one fails; less than 0: none will */
static _Thread_local int failures; /* so many fail in a row */

static bool fails(void)
{
	if (left < 0 || left-- > 0)
		return false;
	left = --failures > 0 ? 0 : -1;
	return true;
}

static inline void fail_after(int count, int times)
{
	left = count;
	failures = times;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t count, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t count, size_t n);

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t count, size_t n)
{
	return fails() ? NULL : __real_reallocarray(p, count, n);
}

/* Calls ATTEMPT with the first allocation failing, then the second and so on, until it succeeds: it must have failed
 * at least once. CHECK is called after each failure. */
static inline void fail_each(int (*attempt)(void *ctx), void (*check)(void *ctx), void *ctx)
{
	int count = 0;

	for (fail_after(0, 1); attempt(ctx) < 0; fail_after(++count, 1)) {
		fail_after(-1, 0);
		check(ctx);
		assert_true(count < 4000);
	}
	fail_after(-1, 0);
	assert_true(count > 0);
}
