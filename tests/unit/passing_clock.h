/* passing_clock.h - a monotonic clock on which time passes when the test says so, and what the program says meanwhile. The
 * program is linked with --wrap=dnc_clock_mono_ms. */
#pragma once
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "unit.h"

static _Atomic int64_t passed_ms; /* other threads may look at the clock */

int64_t __wrap_dnc_clock_mono_ms(void);
int64_t __real_dnc_clock_mono_ms(void);

int64_t __wrap_dnc_clock_mono_ms(void)
{
	return __real_dnc_clock_mono_ms() + passed_ms;
}

/* Standard error, while it is read. */
static struct {
	int before, file;
} said;

static inline void listen_to_stderr(void)
{
	said.before = dup(STDERR_FILENO);
	said.file = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(said.before >= 0 && said.file >= 0);
	assert_int_equal(dup2(said.file, STDERR_FILENO), STDERR_FILENO);
}

/* What was said since the last call. Valid until the next. */
static inline const char *take_said(void)
{
	static char text[4096];
	ssize_t n = pread(said.file, text, sizeof text - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(ftruncate(said.file, 0), 0);
	lseek(said.file, 0, SEEK_SET);
	return text;
}

static inline void leave_stderr(void)
{
	dup2(said.before, STDERR_FILENO);
	close(said.before);
	close(said.file);
}
