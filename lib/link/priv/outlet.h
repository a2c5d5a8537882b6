/* outlet.h - an outlet in the poll(2) of its owner. Used within one thread. */
#pragma once
#include <poll.h>
#include "link/link.h"

/* What to wait for, and for how many milliseconds at most (-1: without a limit). */
void outlet_poll(const struct dnc_outlet *o, struct pollfd *entry, int *timeout_ms);

/* Connects, reads acknowledgements and sends, as far as possible without waiting; REVENTS are those of
 * outlet_poll()'s entry. -1 with ERR when the first connection was not made in time, or the reader of a
 * pipe has left. */
int outlet_turn(struct dnc_outlet *o, short revents, struct dnc_error *err);

/* How many of the lines that the outlet was given are safe: acknowledged, or written to the pipe. */
uint64_t outlet_safe(const struct dnc_outlet *o);

/* True while so many bytes wait for acknowledgement that no more lines should be written. */
bool outlet_full(const struct dnc_outlet *o);
