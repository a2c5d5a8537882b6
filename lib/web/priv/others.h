/* others.h - the other hubs that share the log, as clients are told of them: for when this one ends, in order or not. */
#pragma once
#include "base/buf.h"
#include "log/hubs.h"

enum { OTHERS_TOLD = 8 }; /* to one client */

struct others {
	struct dnc_hubs_row rows[DNC_HUBS_MAX]; /* those that have an address */
	size_t count;
};

/* HUBS may be NULL. */
void others_read(struct others *o, struct dnc_hubs *hubs);

/* A number that is the same for the same addresses, whatever their order; 0 for none. */
uint64_t others_digest(const struct others *o);

/* Appends an array of some addresses, OTHERS_TOLD at most, in random order each time, so that clients spread. */
void others_write_some(struct others *o, struct dnc_buf *b);
