#include "priv/job.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* A bomb: from RATIO_FROM bytes on, no more than RATIO times what was read in this pass (unpack.h says why). */
enum { RATIO = 10000 };
static const uint64_t RATIO_FROM = UINT64_C(1) << 30;

int job_fail(struct job *job, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(job->why, sizeof job->why, fmt, args);
	va_end(args);
	return -1;
}

int job_fail_reading(struct job *job)
{
	if (errno == ECANCELED)
		return -1;
	if (errno == ESTALE)
		return job_fail(
			job, "was changed while it was read; read it again when it is complete");
	return job_fail(job, "can't be read: %s", strerror(errno));
}

int job_check(struct job *job)
{
	if (job->out.bytes > job->out.max)
		return job_fail(job, "unpacks to more than %llu bytes; if it is a list, %s",
			(unsigned long long)job->out.max, job->raise);
	if (job->out.bytes > RATIO_FROM && job->out.bytes / RATIO > job->feed.pass)
		return job_fail(job,
			"unpacks to more than %d times its size, as no list does; look at it",
			RATIO);
	return 0;
}
