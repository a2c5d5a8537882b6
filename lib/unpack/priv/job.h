/* job.h - one file that is unpacked: what unpack.c gives to the readers of its kind, and how these end. */
#pragma once
#include "feed.h"

struct job {
	enum dnc_packing packing;
	struct feed feed;
	struct chunks out;
	const char *raise; /* how the limit of `out` is raised; borrowed */
	char why[512]; /* the end of a sentence, when a reader returns -1; empty if it was stopped */
};

/* Unpacks all of JOB, which is a stream or a zip archive. 0, or -1 with `why`. */
int unpack_stream(struct job *job);
int unpack_zip(struct job *job);

/* -1 with `why` if more was unpacked than is allowed. */
int job_check(struct job *job);

/* Sets `why`, printf-style. Returns -1. */
int job_fail(struct job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* After feed_read() has failed. Returns -1. */
int job_fail_reading(struct job *job);
