/* routes_change.c - other routes: all that can fail is done before anything changes. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/route.h"

/* What is to become of one route. */
struct change {
	int number;
	bool is_new;
	bool makes_file; /* its file was not there */
	bool other_spool;
	char *directory; /* of that; owned; NULL: it has none */
	struct spool spool;
};

/* Also by another way to write its path: "sp", "./sp". */
static bool is_same_spool(const char *a, const char *b)
{
	struct stat x, y;

	return dnc_str_eq(dnc_str(a), dnc_str(b)) ||
	       (a && b && stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
		       x.st_ino == y.st_ino);
}

/* A spool that is not empty stays what it is. */
static int prepare_change(const struct route *r, const struct dnc_route *what, struct change *c,
	struct dnc_error *err)
{
	c->other_spool = !is_same_spool(r->what.spool, what->spool);
	if (r->failed.message[0] && what->when_down != r->what.when_down)
		return dnc_error_set(err, EBUSY, "%s has failed: %.120s; start the program again",
			r->what.name, r->failed.message);
	if (c->other_spool && r->state == ROUTE_SPOOLING)
		return dnc_error_set(err, EBUSY,
			"%s: events wait in its spool %s; change it when they are delivered",
			r->what.name, r->what.spool);
	if (!c->other_spool || !what->spool)
		return 0;
	c->directory = strdup(what->spool);
	if (!c->directory)
		return dnc_error_nomem(err);
	return spool_open(&c->spool, c->directory, what->address, err);
}

/* A link, or another way to write its path. */
static int check_other_names(
	const struct dnc_routes *r, const struct dnc_route *what, struct dnc_error *err)
{
	struct stat st, other;

	if (what->kind != DNC_ROUTE_FILE || stat(dnc_route_rest(what), &st) < 0)
		return 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct dnc_route *one = r->v[i] ? &r->v[i]->what : NULL;

		if (one && one->kind == DNC_ROUTE_FILE && stat(dnc_route_rest(one), &other) == 0 &&
			st.st_dev == other.st_dev && st.st_ino == other.st_ino)
			return dnc_error_set(err, EINVAL,
				"%s is the same file as %s: rules must name it in the same way",
				what->name, one->name);
	}
	return 0;
}

/* Whoever changes rules is there to correct them: a file is not waited for as at the start of a service, when its disk may come
 * later. */
static int try_file(const struct dnc_route *what, struct dnc_error *err)
{
	struct route trial = {0};
	int rc = route_open(&trial, what, false, err);

	route_close(&trial);
	return rc;
}

static int prepare_new(
	struct dnc_routes *r, const struct dnc_route *what, struct change *c, struct dnc_error *err)
{
	struct stat st;
	size_t room = 0;

	while (room < ROUTES_ROOM && r->v[room])
		room++;
	if (room == ROUTES_ROOM)
		return dnc_error_set(err, EAGAIN,
			"%s: %d routes are open, with those that were removed and still have lines; "
			"try again when these are delivered",
			what->name, ROUTES_ROOM);
	if (check_other_names(r, what, err) < 0)
		return -1;
	c->makes_file = what->kind == DNC_ROUTE_FILE && lstat(dnc_route_rest(what), &st) < 0 &&
	                errno == ENOENT;
	if (r->running && what->kind == DNC_ROUTE_FILE && what->when_down == DNC_WHEN_DOWN_STALL &&
		try_file(what, err) < 0)
		return -1;
	r->v[room] = calloc(1, sizeof *r->v[room]);
	if (!r->v[room])
		return dnc_error_nomem(err);
	c->is_new = true;
	c->number = (int)room;
	if (room >= r->count)
		r->count = room + 1;
	return route_open(r->v[room], what, r->persist, err);
}

static int prepare(
	struct dnc_routes *r, const struct dnc_route *what, struct change *c, struct dnc_error *err)
{
	*c = (struct change){.number = -1, .spool.lock = -1};
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] && strcmp(r->v[i]->what.address, what->address) == 0) {
			c->number = (int)i;
			return prepare_change(r->v[i], what, c, err);
		}
	return prepare_new(r, what, c, err);
}

/* Nothing stays of a route that was not to be: neither an empty file nor a directory. The file is locked until then. */
static void abandon_new(struct dnc_routes *r, const struct change *c)
{
	struct route *one = r->v[c->number];
	const char *path = one->far && c->makes_file ? dnc_route_rest(&one->what) : NULL;
	struct stat st;

	if (path && lstat(path, &st) == 0 && S_ISREG(st.st_mode) && !st.st_size)
		unlink(path);
	spool_unmake(&one->spool);
	routes_drop(r, (size_t)c->number);
}

static void abandon(struct dnc_routes *r, struct change *c)
{
	if (c->is_new)
		abandon_new(r, c);
	spool_unmake(&c->spool);
	spool_close(&c->spool);
	free(c->directory);
}

/* Files that the new spool has are found by the route's state. */
static void commit(struct route *r, const struct dnc_route *what, struct change *c)
{
	r->retired = false;
	if (r->state == ROUTE_SKIPPING && what->when_down != DNC_WHEN_DOWN_SKIP) {
		route_report(r);
		r->skipped = 0; /* they are not said again */
		r->state = ROUTE_UP;
	}
	if (c->other_spool) {
		spool_close(&r->spool);
		free(r->what.spool);
		r->what.spool = c->directory;
		r->spool = c->spool;
	}
	r->what.when_down = what->when_down;
	r->what.timeout_ms = what->timeout_ms;
}

static void retire(struct route *r)
{
	if (r->unsafe.count)
		dnc_note("%s is no route any more; %llu lines still wait for it", r->what.name,
			(unsigned long long)ledger_lines(&r->unsafe));
	r->retired = true;
	r->retired_at_ms = dnc_clock_mono_ms();
}

static bool has(const int *numbers, size_t count, size_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == (int)number)
			return true;
	return false;
}

int dnc_routes_set(struct dnc_routes *r, const struct dnc_route *const *what, size_t count,
	int *numbers, struct dnc_error *err)
{
	struct change changes[DNC_ROUTES_MAX];

	if (count > DNC_ROUTES_MAX)
		return dnc_error_set(err, EAGAIN, "more than %d routes", DNC_ROUTES_MAX);
	for (size_t i = 0; i < count; i++)
		if (prepare(r, what[i], &changes[i], err) < 0) {
			for (size_t k = i + 1; k-- > 0;)
				abandon(r, &changes[k]);
			return -1;
		}
	for (size_t i = 0; i < count; i++) {
		numbers[i] = changes[i].number;
		if (!changes[i].is_new)
			commit(r->v[numbers[i]], what[i], &changes[i]);
	}
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] && !r->v[i]->retired && !has(numbers, count, i))
			retire(r->v[i]);
	r->running = true;
	return 0;
}
