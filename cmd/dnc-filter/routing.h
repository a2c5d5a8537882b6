/* routing.h - the routes of the rules: opened, given their events, opened again with rules that were read again. */
#pragma once
#include "link/routes.h"
#include "options.h"
#include "rules/rules.h"

struct routing {
	struct dnc_routes *routes;   /* NULL: there are none */
	int numbers[DNC_ROUTES_MAX]; /* of the routes of the rules, in `routes` */
};

/* Opens what R routes to (NULL: nothing), unless O only counts; with sockets to read, what can't be opened is tried again
 * (dnc_routes_new()). Exits if that fails, or if a route leads to what O or R use (claims.h). */
void routing_open(struct routing *g, const struct dnc_rules *r, const struct options *o);

/* Gives the event ID to its routes, as D says. -1 with ERR. */
int routing_send(
	struct routing *g, const struct dnc_decision *d, struct dnc_str id, struct dnc_error *err);

/* The routes of FRESH take the place of those that are set: what both route to stays open, with what it holds; what only the old
 * ones do is finished in the background. -1 with ERR: nothing has changed. */
int routing_change(struct routing *g, const struct dnc_rules *fresh, struct dnc_error *err);

/* NULL routes are allowed in these, too. */
int routing_flush(struct routing *g, struct dnc_error *err);
void routing_reopen(struct routing *g);
void routing_report(const struct routing *g);
void routing_close(struct routing *g);
