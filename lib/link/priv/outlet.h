/* outlet.h - an outlet in the poll(2) of its owner. Used within one thread. */
#pragma once
#include <poll.h>
#include "base/buf.h"
#include "link/link.h"

/* What to wait for, and for how many milliseconds at most (-1: without a limit). */
void outlet_poll(struct dnc_outlet *o, struct pollfd *entry, int *timeout_ms);

/* Connects, reads acknowledgements and sends, as far as possible without waiting; REVENTS are those of
 * outlet_poll()'s entry. Says when the reader acknowledges nothing for some time, and when it goes on
 * (base/waiting.h). -1 with ERR when the first connection was not made in time, or the reader of a pipe has left. */
int outlet_turn(struct dnc_outlet *o, short revents, struct dnc_error *err);

/* How many of the lines that the outlet was given are safe: acknowledged, or written to the pipe. */
uint64_t outlet_safe(const struct dnc_outlet *o);

/* True while so many bytes wait for acknowledgement that no more lines should be written. */
bool outlet_full(const struct dnc_outlet *o);

/* Since when there is no connection to the reader, by dnc_clock_mono_ms(); 0: there is one, or it is a pipe. */
int64_t outlet_down_since(const struct dnc_outlet *o);

/* Moves the lines that are not safe to the end of OUT; they count as safe, and a connection is closed, because its reader may
 * still acknowledge them. -1 with ERR when there is no memory: they stay. */
int outlet_take(struct dnc_outlet *o, struct dnc_buf *out, struct dnc_error *err);
