/* outlet.h - an outlet in somebody's poll(). */
#pragma once
#include <poll.h>
#include "link/link.h"

/* What to wait for, and for how long at most (-1 for ever). */
void outlet_poll(const struct dnc_outlet *o, struct pollfd *entry, int *timeout_ms);

/* Connects, reads acknowledgements and sends, whatever is possible without waiting. -1 with ERR when
 * the first connection did not come about in time. */
int outlet_turn(struct dnc_outlet *o, short revents, struct dnc_error *err);
