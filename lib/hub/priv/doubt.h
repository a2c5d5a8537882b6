/* doubt.h - starts that this hub can't judge yet: a client comes from another hub of a shared log, which has seen a newer
 * event or epoch of it.
 *
 * Taken as it is, such a position is one that the log never had, and the client would get events again. So its subscriber waits until the
 * journal has looked at the log once more. */
#pragma once
#include "hub.h"

enum doubt_state {
	DOUBT_OVER,  /* the start can be judged */
	DOUBT_WAITS, /* S waits for the next tick */
	DOUBT_STAYS, /* the log could not be asked in time */
};

/* True when START of S, which is of SINCE, is in doubt: S keeps a copy of it in doubt.start. */
bool doubt_begin(struct dnc_subscriber *s, const struct dnc_start *start);

/* What has become of it. The log is looked at once in a tick at most, for all subscribers of the hub. */
enum doubt_state doubt_look(struct dnc_subscriber *s);
