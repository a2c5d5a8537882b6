#include "priv/route.h"
#include <errno.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/backlog.h"
#include "priv/downtime.h"

enum {
	STALL_SAY_MS = 2000,   /* a stall that lasts so long is said */
	SPOOL_BATCH = 1 << 20, /* so many bytes are written to a file without waiting for more */
	SPOOL_FULL = 4 << 20,  /* as a connection */
	GATHER_MS = 200, /* so long lines wait for others, also while the input has no pause */
};

static char *copy_text(const char *s)
{
	return s ? strdup(s) : NULL;
}

static struct far *(*const openers[])(
	const struct dnc_route *r, bool patient, struct dnc_error *err) = {
	[DNC_ROUTE_UNIX] = far_reader_open,
	[DNC_ROUTE_FD] = far_fd_open,
	[DNC_ROUTE_FILE] = far_file_open,
	[DNC_ROUTE_EXEC] = far_command_open,
};

int route_open(struct route *r, const struct dnc_route *what, bool persist, struct dnc_error *err)
{
	bool patient = persist || what->when_down != DNC_WHEN_DOWN_STALL;

	r->what = *what;
	r->what.name = copy_text(what->name);
	r->what.address = copy_text(what->address);
	r->what.spool = copy_text(what->spool);
	if (!r->what.name || !r->what.address || (what->spool && !r->what.spool))
		return dnc_error_nomem(err);
	if (r->what.spool && spool_open(&r->spool, r->what.spool, r->what.address, err) < 0)
		return -1;
	r->far = openers[what->kind](&r->what, patient, err);
	if (spool_files(&r->spool)) {
		r->state = ROUTE_SPOOLING;
		r->down_said = true;
	}
	return r->far ? 0 : -1;
}

void route_close(struct route *r)
{
	if (r->far)
		r->far->acts->close(r->far);
	spool_close(&r->spool);
	ledger_finish(&r->unsafe);
	dnc_route_finish(&r->what);
}

static bool has_failed(const struct route *r)
{
	return r->failed.message[0];
}

/* Counts what has become safe at the far end. */
static void settle(struct route *r)
{
	uint64_t safe = r->far->acts->safe(r->far), more = safe - r->far_safe, ahead;

	if (!more)
		return;
	r->far_safe = safe;
	r->progress_at_ms = dnc_clock_mono_ms();
	r->unproven = false;
	ahead = more < r->ahead ? more : r->ahead;
	r->ahead -= ahead;
	ledger_remove(&r->unsafe, more - ahead);
	if (r->left_behind && !r->ahead && ledger_lines(&r->unsafe) <= r->left_behind) {
		ledger_remove(&r->unsafe, UINT64_MAX);
		r->left_behind = 0;
	}
}

/* Lines that the far end has not are left out. */
static int skip(struct route *r, struct dnc_error *err)
{
	struct dnc_buf lines = {0};
	uint64_t unsafe, taken;
	int rc = r->far->acts->take(r->far, &lines, err);

	if (rc == 0) {
		r->far_safe = r->far->acts->safe(r->far);
		r->ahead = r->left_behind = 0;
		unsafe = ledger_lines(&r->unsafe);
		taken = backlog_lines(dnc_buf_view(&lines));
		r->skipped += taken < unsafe ? taken : unsafe;
		ledger_remove(&r->unsafe, UINT64_MAX);
		r->state = ROUTE_SKIPPING;
	}
	dnc_buf_free(&lines);
	return rc;
}

/* From up to what `when_down` says. A far end that comes and goes, and acknowledges nothing, is said to be down once. */
static int go_down(struct route *r, const char *why, struct dnc_error *err)
{
	bool skips = r->what.when_down == DNC_WHEN_DOWN_SKIP;

	settle(r);
	if ((skips ? skip(r, err) : backlog_begin(r, err)) < 0)
		return -1;
	if (!r->down_said && skips)
		dnc_warn("%s %s: events for it are left out until it takes them (when_down = skip)",
			r->what.name, why);
	else if (!r->down_said)
		dnc_warn("%s %s: events for it wait in %s until it takes them", r->what.name, why,
			r->spool.dir);
	r->down_said = true;
	r->unproven |=
		r->what.kind != DNC_ROUTE_UNIX; /* nothing else has a connection that shows it */
	return 0;
}

static void say_up(struct route *r)
{
	if (r->what.when_down == DNC_WHEN_DOWN_SKIP)
		dnc_note("%s takes events again; %llu were left out so far", r->what.name,
			(unsigned long long)r->skipped);
	else if (r->spool.dir && !r->spool.missing)
		dnc_note("%s takes events again; it has all that waited in %s", r->what.name,
			r->spool.dir);
	else if (r->spool.dir)
		dnc_note(
			"%s takes events again; but %llu files were not sent: they were set aside, or "
			"taken from %s by another program",
			r->what.name, (unsigned long long)r->spool.missing, r->spool.dir);
	r->spool.missing = 0;
	r->down_said = false;
}

/* The far end has failed for good. The code that a run ends with says nothing about options. */
static int fail(struct route *r, struct dnc_error *err)
{
	if (err->code == DNC_ERROR_NO_MEMORY)
		return -1;
	if (r->what.when_down == DNC_WHEN_DOWN_STALL)
		return -1;
	r->failed = *err;
	dnc_err("%s: %s", r->what.name, err->message);
	return r->state == ROUTE_UP ? go_down(r, "has failed", err) : 0;
}

static int up_line(struct route *r, uint64_t number, struct dnc_str line, struct dnc_str id,
	struct dnc_error *err)
{
	if (!r->unsafe.count)
		r->progress_at_ms = dnc_clock_mono_ms();
	if (!ledger_add(&r->unsafe, number))
		return dnc_error_nomem(err);
	return r->far->acts->line(r->far, line, id, err) < 0 ? fail(r, err) : 0;
}

static int up_look(struct route *r, struct dnc_error *err)
{
	const char *why;

	if (r->what.when_down == DNC_WHEN_DOWN_STALL || has_failed(r))
		return 0;
	if (spool_files(&r->spool)) /* of another run: they come first */
		return backlog_begin(r, err);
	why = downtime_why(r);
	if (!why)
		return 0;
	/* A connection that acknowledges nothing shows nothing when it is there again. */
	r->unproven |= !r->far->acts->down_since(r->far);
	return go_down(r, why, err);
}

static int up_due(const struct route *r)
{
	if (r->what.when_down == DNC_WHEN_DOWN_STALL || has_failed(r))
		return -1;
	if (spool_files(&r->spool) || downtime_why(r))
		return 0;
	return r->unsafe.count ? DOWNTIME_LOOK_MS : -1;
}

static bool up_full(const struct route *r)
{
	return r->far->acts->full(r->far);
}

static int spooling_line(struct route *r, uint64_t number, struct dnc_str line, struct dnc_str id,
	struct dnc_error *err)
{
	(void)id;
	if (!r->unsafe.count)
		r->progress_at_ms = dnc_clock_mono_ms();
	if (!ledger_add(&r->unsafe, number))
		return dnc_error_nomem(err);
	dnc_buf_str(&r->spool.buf, line);
	dnc_buf_chr(&r->spool.buf, '\n');
	return dnc_buf_ok(&r->spool.buf) ? 0 : dnc_error_nomem(err);
}

static int spooling_look(struct route *r, struct dnc_error *err)
{
	if (r->spool.buf.n >= SPOOL_BATCH && backlog_write(r, err) < 0)
		return -1;
	return backlog_send(r, err) < 0 ? fail(r, err) : 0;
}

static int spooling_due(const struct route *r)
{
	return backlog_is_due(r) ? 0 : DOWNTIME_LOOK_MS;
}

static bool spooling_full(const struct route *r)
{
	return r->spool.buf.n > SPOOL_FULL;
}

/* One line at a time shows whether the far end takes lines. */
static int skipping_line(struct route *r, uint64_t number, struct dnc_str line, struct dnc_str id,
	struct dnc_error *err)
{
	(void)number;
	if (r->ahead || has_failed(r) || r->far->acts->down_since(r->far)) {
		r->skipped++;
		return 0;
	}
	r->ahead = 1;
	r->progress_at_ms = dnc_clock_mono_ms();
	return r->far->acts->line(r->far, line, id, err) < 0 ? fail(r, err) : 0;
}

/* A connection shows that the far end takes lines, if it has acknowledged something since it last was there; else only the
 * acknowledgement of a trial does (settle()). */
static int skipping_look(struct route *r, struct dnc_error *err)
{
	(void)err;
	if (has_failed(r) || r->ahead || r->unproven || r->far->acts->down_since(r->far))
		return 0;
	r->state = ROUTE_UP;
	say_up(r);
	r->unproven = true;
	return 0;
}

static int skipping_due(const struct route *r)
{
	(void)r;
	return DOWNTIME_LOOK_MS;
}

static const struct {
	int (*line)(struct route *r, uint64_t number, struct dnc_str line, struct dnc_str id,
		struct dnc_error *err);
	/* Changes the state, as time or the far end require. */
	int (*look)(struct route *r, struct dnc_error *err);
	int (*due)(const struct route *r);   /* in how many milliseconds to look; -1: never */
	bool (*full)(const struct route *r); /* NULL: never */
} states[] = {
	[ROUTE_UP] = {up_line, up_look, up_due, up_full},
	[ROUTE_SPOOLING] = {spooling_line, spooling_look, spooling_due, spooling_full},
	[ROUTE_SKIPPING] = {skipping_line, skipping_look, skipping_due, NULL},
};

int route_line(struct route *r, uint64_t number, struct dnc_str line, struct dnc_str id,
	struct dnc_error *err)
{
	return states[r->state].line(r, number, line, id, err);
}

int route_flush(struct route *r, struct dnc_error *err)
{
	if (r->state == ROUTE_SPOOLING && backlog_write(r, err) < 0)
		return -1;
	if (has_failed(r))
		return 0;
	if (r->far->acts->flush(r->far, err) < 0)
		return fail(r, err);
	settle(r);
	return 0;
}

static void say_stall(struct route *r)
{
	bool full = route_full(r);

	if (!full && r->stall_said)
		dnc_note("%s%s", r->state == ROUTE_UP ? r->what.name : "input is read again",
			r->state == ROUTE_UP ? " takes events again" : "");
	if (!full) {
		r->full_since_ms = 0;
		r->stall_said = false;
	} else if (!r->full_since_ms) {
		r->full_since_ms = dnc_clock_mono_ms();
	} else if (!r->stall_said && dnc_clock_mono_ms() - r->full_since_ms >= STALL_SAY_MS) {
		dnc_warn("nothing is read until %s takes events again: %llu wait for it",
			r->what.name, (unsigned long long)ledger_lines(&r->unsafe));
		r->stall_said = true;
	}
}

/* Goes on with the far end, which may have failed for good. */
static int turn_far(struct route *r, short revents, struct dnc_error *err)
{
	if (has_failed(r))
		return 0;
	if (r->far->acts->turn(r->far, revents, err) < 0)
		return fail(r, err);
	settle(r);
	if ((r->unsafe.count || r->ahead) && dnc_clock_mono_ms() - r->progress_at_ms >= GATHER_MS)
		return route_flush(r, err);
	return 0;
}

int route_turn(struct route *r, short revents, struct dnc_error *err)
{
	downtime_turn(r);
	if (turn_far(r, revents, err) < 0 || states[r->state].look(r, err) < 0)
		return -1;
	if (r->down_said && r->state == ROUTE_UP && !r->unproven)
		say_up(r);
	say_stall(r);
	return 0;
}

int route_poll(struct route *r, struct pollfd *entry)
{
	int timeout = -1, due = states[r->state].due(r);

	*entry = (struct pollfd){.fd = -1};
	if (!has_failed(r))
		timeout = r->far->acts->poll(r->far, entry);
	if (due < 0 && (r->full_since_ms || r->retired))
		due = DOWNTIME_LOOK_MS;
	return due >= 0 && (timeout < 0 || timeout > due) ? due : timeout;
}

bool route_full(const struct route *r)
{
	bool (*full)(const struct route *) = states[r->state].full;

	return full && !r->retired && full(r);
}

void route_report(const struct route *r)
{
	uint64_t skipped = r->skipped + (r->state == ROUTE_SKIPPING ? r->ahead : 0);

	if (skipped)
		dnc_warn("%s: %llu events were left out because it was down (when_down = skip)",
			r->what.name, (unsigned long long)skipped);
	if (spool_files(&r->spool))
		dnc_warn(
			"%s: events wait in %s (%zu files); they are sent when it is a route again, "
			"or at the next start",
			r->what.name, r->spool.dir, spool_files(&r->spool));
}
