#include "routing.h"
#include "claims.h"
#include "cli/cli.h"

static int set(struct routing *g, const struct dnc_rules *r, struct dnc_error *err)
{
	const struct dnc_route *all[DNC_ROUTES_MAX];
	size_t count = dnc_rules_routes(r);

	for (size_t i = 0; i < count; i++)
		all[i] = dnc_rules_route(r, i);
	return dnc_routes_set(g->routes, all, count, g->numbers, err);
}

void routing_open(struct routing *g, const struct dnc_rules *r, const struct options *o)
{
	struct dnc_error err;

	if (!o->count && claims_check(o, r, &err) < 0)
		dnc_cli_die_io(&err);
	if (!r || o->count)
		return;
	g->routes = dnc_routes_new(o->stage.input_count > 0);
	if (!g->routes)
		dnc_cli_die_nomem();
	if (set(g, r, &err) < 0)
		dnc_cli_die(dnc_cli_exit_code(err.code), "--rules: %s", err.message);
}

int routing_send(
	struct routing *g, const struct dnc_decision *d, struct dnc_str id, struct dnc_error *err)
{
	for (size_t i = 0; i < d->routed_count; i++)
		if (dnc_routes_line(g->routes, g->numbers[d->routed[i].route], d->routed[i].line,
			    id, err) < 0)
			return -1;
	return 0;
}

int routing_change(struct routing *g, const struct dnc_rules *fresh, struct dnc_error *err)
{
	return g->routes ? set(g, fresh, err) : 0; /* none: events are only counted */
}

int routing_flush(struct routing *g, struct dnc_error *err)
{
	return g->routes ? dnc_routes_flush(g->routes, err) : 0;
}

void routing_reopen(struct routing *g)
{
	if (g->routes)
		dnc_routes_reopen(g->routes);
}

void routing_report(const struct routing *g)
{
	if (g->routes)
		dnc_routes_report(g->routes);
}

void routing_close(struct routing *g)
{
	dnc_routes_free(g->routes);
	g->routes = NULL;
}
