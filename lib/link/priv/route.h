/* route.h - one of the routes of an input, and what the input asks of all of them. Used within one thread.
 *
 * What becomes of a line is decided by the state of its route:
 *
 *                 UP                           SPOOLING                      SKIPPING
 * a line          to the far end               to a file of the spool        left out; one of them goes to the far end, to
 *                                                                            see whether it takes it
 * acknowledged    it is safe                   the file is removed,          UP
 *                                              the next one is sent
 * no connection,  SPOOLING or SKIPPING, with   stays                         stays
 * no progress     what is not safe; if it
 *                 stalls, UP
 * connected       stays                        the next file is sent; if     UP, if the far end has acknowledged
 *                                              there is none, UP, with what  something since the last time
 *                                              is in no file yet
 * other rules     SPOOLING, if the new spool   another spool is refused      UP, if it is not to skip any more
 *                 has files
 * removed         its lines are delivered, or  the files stay; closed        closed
 *                 given up if they make no
 *                 progress (routes.h)
 *
 * A line is safe, and may be acknowledged to its producer, when the far end has acknowledged it, when it is in a file of the spool,
 * or when it is left out. A far end that has failed for good is not asked again: the state stays SPOOLING or SKIPPING. */
#pragma once
#include "far.h"
#include "ledger.h"
#include "link/routes.h"
#include "spool.h"

enum route_state { ROUTE_UP, ROUTE_SPOOLING, ROUTE_SKIPPING };

struct route {
	struct dnc_route what; /* owned */
	struct far *far;
	enum route_state state;
	struct ledger
		unsafe; /* lines that are not safe: UP, at the far end; SPOOLING, in spool.buf */
	uint64_t
		ahead; /* lines at the far end, before those of the ledger, that nobody waits for */
	uint64_t
		left_behind; /* lines of the ledger for which the far end has none, and which are safe with all others */
	uint64_t once;          /* its last line that nobody would send again; 0: none */
	uint64_t far_safe;      /* lines of the far end that are counted as safe */
	int64_t progress_at_ms; /* when something became safe, or the first line came */
	int64_t turned_at_ms;   /* when it last had its turn; 0: never */
	int64_t down_lost_ms; /* so long of the time in which the far end can't deliver does not count */
	bool unproven;        /* nothing was acknowledged since it went up or made no progress */
	bool down_said;
	uint64_t skipped; /* lines that were left out, ever; not those that are `ahead` */
	struct spool spool;
	int64_t full_since_ms; /* 0: it is not full */
	bool stall_said;
	bool retired;
	int64_t retired_at_ms;
	struct dnc_error failed; /* why it failed for good; the message is empty if it has not */
};

/* Opens the route. -1 with ERR; it is to be closed in any case. */
int route_open(struct route *r, const struct dnc_route *what, bool persist, struct dnc_error *err);
void route_close(struct route *r);

/* Gives it the line NUMBER of all routes. -1 with ERR, as the others. */
int route_line(struct route *r, uint64_t number, struct dnc_str line, struct dnc_str id,
	struct dnc_error *err);
int route_flush(struct route *r, struct dnc_error *err);
int route_poll(struct route *r, struct pollfd *entry);
int route_turn(struct route *r, short revents, struct dnc_error *err);

/* True if it is no route any more, and the lines that wait for it make no progress. */
bool route_is_stuck(const struct route *r);

/* Says what was left out, and what waits in files. */
void route_report(const struct route *r);

/* True while what waits in its spool makes progress: the route is not down. FROM_MS: since when that is looked at. */
bool route_drains(const struct route *r, int64_t from_ms);

/* True while it wants no more lines. */
bool route_full(const struct route *r);

/* Those that rules name, and, beside them, those that were removed and still have lines. */
enum { ROUTES_ROOM = 4 * DNC_ROUTES_MAX };

struct dnc_routes {
	struct route *v[ROUTES_ROOM]; /* owned; NULL: free */
	size_t count;                 /* those behind are NULL */
	uint64_t given;               /* lines, to all routes */
	bool once;                    /* they come from a source that does not send again */
	bool persist;
	bool running; /* routes were set before */
};

/* Closes and frees the route at V[I]. */
void routes_drop(struct dnc_routes *r, size_t i);

/* What to wait for: writes an entry for each route, and shortens *TIMEOUT_MS (-1: without a limit). */
void routes_poll(struct dnc_routes *r, struct pollfd *entries, int *timeout_ms);

/* Goes on as far as possible without waiting; ENTRIES are those of routes_poll(). -1 with ERR. */
int routes_turn(struct dnc_routes *r, const struct pollfd *entries, struct dnc_error *err);

/* True if the lines behind the number AFTER, up to UPTO, are safe. */
bool routes_have(const struct dnc_routes *r, uint64_t after, uint64_t upto);

/* A route that is stuck; NULL: none. */
struct route *routes_stuck(const struct dnc_routes *r);

/* Closes it; its lines count as safe. */
void routes_give_up(struct dnc_routes *r, struct route *route);

/* True while some route wants nothing to be read. */
bool routes_full(const struct dnc_routes *r);

/* True while what waits in the spool of some route makes progress; FROM_MS as in route_drains(). */
bool routes_drain(const struct dnc_routes *r, int64_t from_ms);

/* The route that has lines which are not safe; NULL: none. */
const struct route *routes_unsafe(const struct dnc_routes *r);
