/* downtime.h - for how long a route has delivered nothing. Used within one thread.
 *
 * Only time in which the route was served counts, as of its last turn: what blocks the loop, such as a slow condition or a stopped
 * process, is no fault of the far end. */
#pragma once
#include "route.h"

/* How soon a route that has lines is looked at, in milliseconds. What passes beyond that between two turns does not count. */
enum { DOWNTIME_LOOK_MS = 500 };

/* The route has its turn. To be called before anything else of the turn. */
void downtime_turn(struct route *r);

/* Why the route is down for the lines that wait for it; NULL: it is not. */
const char *downtime_why(const struct route *r);
