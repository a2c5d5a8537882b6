/* backlog.h - what waits in the spool of a route, and its way there and to the far end. Used within one thread. */
#pragma once
#include "route.h"

/* How many lines TEXT has. */
uint64_t backlog_lines(struct dnc_str text);

/* Moves the lines that the far end has not to the spool. -1 with ERR when there is no memory. */
int backlog_begin(struct route *r, struct dnc_error *err);

/* Writes the lines that are in no file to one, and they are safe. A disk that fails is tried again. -1 without memory. */
int backlog_write(struct route *r, struct dnc_error *err);

/* True if backlog_send() has something to do. */
bool backlog_is_due(const struct route *r);

/* Gives the next file to the far end, if it has all of the one before. If there are no more files the far end gets what is in none,
 * and the route is up. -1 with ERR if the far end has failed for good. */
int backlog_send(struct route *r, struct dnc_error *err);
