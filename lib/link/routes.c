#include "link/routes.h"
#include <stdlib.h>
#include "priv/input.h"
#include "priv/route.h"

struct dnc_routes *dnc_routes_new(bool persist)
{
	struct dnc_routes *r = calloc(1, sizeof *r);

	if (r)
		r->persist = persist;
	return r;
}

void routes_drop(struct dnc_routes *r, size_t i)
{
	route_close(r->v[i]);
	free(r->v[i]);
	r->v[i] = NULL;
	while (r->count && !r->v[r->count - 1])
		r->count--;
}

void dnc_routes_free(struct dnc_routes *r)
{
	if (!r)
		return;
	for (size_t i = r->count; i-- > 0;)
		if (r->v[i])
			routes_drop(r, i);
	free(r);
}

void dnc_input_routes(struct dnc_input *in, struct dnc_routes *r)
{
	in->routes = r;
}

int dnc_routes_line(struct dnc_routes *r, int number, struct dnc_str line, struct dnc_str id,
	struct dnc_error *err)
{
	struct route *route = r->v[number];

	r->given++;
	if (r->once)
		route->once = r->given;
	return route_line(route, r->given, line, id, err);
}

int dnc_routes_flush(struct dnc_routes *r, struct dnc_error *err)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] && route_flush(r->v[i], err) < 0)
			return -1;
	return 0;
}

void dnc_routes_reopen(struct dnc_routes *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] && r->v[i]->far->acts->reopen)
			r->v[i]->far->acts->reopen(r->v[i]->far);
}

void dnc_routes_report(const struct dnc_routes *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i])
			route_report(r->v[i]);
}

void routes_poll(struct dnc_routes *r, struct pollfd *entries, int *timeout_ms)
{
	for (size_t i = 0; i < r->count; i++) {
		int timeout;

		entries[i] = (struct pollfd){.fd = -1};
		if (!r->v[i])
			continue;
		timeout = route_poll(r->v[i], &entries[i]);
		if (timeout >= 0 && (*timeout_ms < 0 || timeout < *timeout_ms))
			*timeout_ms = timeout;
	}
}

int routes_turn(struct dnc_routes *r, const struct pollfd *entries, struct dnc_error *err)
{
	for (size_t i = r->count; i-- > 0;) {
		struct route *one = r->v[i];

		if (!one)
			continue;
		if (route_turn(one, entries[i].revents, err) < 0)
			return -1;
		if (!one->retired || one->unsafe.count)
			continue;
		route_report(one);
		routes_drop(r, i);
	}
	return 0;
}

bool routes_have(const struct dnc_routes *r, uint64_t after, uint64_t upto)
{
	for (size_t i = 0; i < r->count && after < upto; i++)
		if (r->v[i] && ledger_has(&r->v[i]->unsafe, after, upto))
			return false;
	return true;
}

struct route *routes_stuck(const struct dnc_routes *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] && route_is_stuck(r->v[i]))
			return r->v[i];
	return NULL;
}

void routes_give_up(struct dnc_routes *r, struct route *route)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] == route) {
			route_report(route);
			routes_drop(r, i);
			return;
		}
}

bool routes_full(const struct dnc_routes *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] && route_full(r->v[i]))
			return true;
	return false;
}

bool routes_drain(const struct dnc_routes *r, int64_t from_ms)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] && route_drains(r->v[i], from_ms))
			return true;
	return false;
}

const struct route *routes_unsafe(const struct dnc_routes *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] && r->v[i]->unsafe.count)
			return r->v[i];
	return NULL;
}
