/* inflater.h - inflates compressed messages, RFC 7692 section 7.2.2, without context takeover.
 *
 * One inflater serves all connections of a thread, a message at a time; it holds about 80 KiB, and allocates
 * nothing after inflater_new(). Not safe for use by two threads at once. */
#pragma once
#include <stddef.h>
#include "base/str.h"

struct inflater;

/* For messages of at most MAX bytes, inflated. To be freed with inflater_free(). NULL when there is no memory. */
struct inflater *inflater_new(size_t max);
void inflater_free(struct inflater *f); /* NULL is allowed */

/* How many bytes a message of at most MAX bytes has at most when it is compressed by deflate as it is commonly built. */
size_t inflater_bound(size_t max);

enum inflated {
	INFLATED,
	INFLATE_INVALID, /* damaged or cut off data */
	INFLATE_TOO_BIG, /* over MAX bytes; no more of it was inflated */
};

/* Inflates the N bytes at P, the payload of a message, without the 00 00 ff ff that its sender has removed. OUT is valid until
 * inflater_wipe() or the next call. */
enum inflated inflater_run(
	struct inflater *f, const unsigned char *p, size_t n, struct dnc_str *out);

/* Overwrites what the last message has left in memory: it may have held a token. */
void inflater_wipe(struct inflater *f);
