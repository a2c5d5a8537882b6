/* routes.h - where lines go beside the outlet: rules name them (base/route.h).
 *
 * An input with routes acknowledges a line when all routes that it was given to have it safe, and the lines of its producer before
 * it, and the outlet all that it was given up to then, also by other producers. It does not wait for their routes. What a route
 * can't deliver stalls the input, waits in the files of a spool, or is left out and counted, as its `when_down` says. A
 * route counts as down when it is not connected, or its file or command fails, for two seconds, and when nothing of what it
 * holds has become safe for ten. Only time in which it was served counts.
 *
 * Routes belong to the thread of their input. Nothing here waits, but for the disk of a spool. Each file has a thread that writes it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/route.h"

struct dnc_input;
struct dnc_routes;

/* Creates an empty set, to be freed with dnc_routes_free(). With PERSIST, as for a service, a route that can't be opened or
 * written is tried again without end; else that is an error. NULL when there is no memory. */
struct dnc_routes *dnc_routes_new(bool persist);

/* Frees R; NULL is allowed. Lines that are not safe are lost; a command that is running is killed. Waits a second at most for what is
 * being written to a file. */
void dnc_routes_free(struct dnc_routes *r);

/* Makes IN wait for the routes, which must outlive it. Before dnc_input_run(). */
void dnc_input_routes(struct dnc_input *in, struct dnc_routes *r);

/* Makes the COUNT routes in WHAT (copied) the routes, and writes their numbers. What has an address that a route has already goes on
 * as it is, with the new `when_down` and spool. All others get no more lines: each is closed once all that it has is safe, and
 * until then taken up again if it is set again. If it makes no progress for ten seconds, the input disconnects the producers that
 * wait for it, which send again what was not acknowledged, and it is closed; with lines of sources that do not send again, it waits.
 *
 * -1 with ERR, whose code is an errno: nothing has changed. A file that stalls must be there to be opened, unless this is the first
 * call, of a service. */
int dnc_routes_set(struct dnc_routes *r, const struct dnc_route *const *what, size_t count,
	int *numbers, struct dnc_error *err);

/* Gives a line, without its newline, to the route. ID is that of its event: a file does not get the same one again. -1 with ERR. */
int dnc_routes_line(struct dnc_routes *r, int number, struct dnc_str line, struct dnc_str id,
	struct dnc_error *err);

/* Sends or writes what was gathered. -1 with ERR. */
int dnc_routes_flush(struct dnc_routes *r, struct dnc_error *err);

/* Opens files again that were renamed, soon. Async-signal-unsafe. */
void dnc_routes_reopen(struct dnc_routes *r);

/* At the end: says what was left out, and what waits in spools. */
void dnc_routes_report(const struct dnc_routes *r);
