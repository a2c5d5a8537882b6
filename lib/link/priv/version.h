/* version.h - the version of a file that is read twice: what is published is what was checked. Used within the input's thread. */
#pragma once
#include <time.h>
#include "input.h"

/* The time in nanoseconds. */
int64_t version_ns(const struct timespec *t);

/* Of a source with a version, which is open: the version is found, or must be the one that is known. -1 with ERR. */
int version_check(const struct input_source *s, struct dnc_error *err);

/* True if the source is a file that is read twice, and is not the version any more that was opened: bytes that were read
 * before this call and are not used yet may not be those that were checked. */
bool version_is_other(const struct input_source *s);

/* Tells the owner that the file NAME of the source was changed while it was read. */
void version_fail(struct dnc_input *in, const struct input_source *s, const char *name);
