#include "priv/postgres_sources.h"
#include <errno.h>
#include <inttypes.h>
#include "base/clock.h"
#include "base/log.h"

/* Standbys that failed are not asked again before this: each attempt may take as long as PG_CONNECT_MS, and clients wait. */
enum { STANDBY_REST_MS = 10000 };

/* A server that serves because none of the kind that is wanted could be reached does so for so long. */
enum { LOOK_MS = 60000 };

/* Events by which a standby is so far behind that another one may serve better. */
enum { FAR = 10000 };

int sources_open(struct pg_sources *s, struct pg_journal *j, int stop_fd, struct dnc_error *err)
{
	const struct dnc_journal_options *options = &j->options;

	s->journal = &j->base;
	s->current = &s->log;
	s->log.pg = pg_new(options->log, PG_PREFER_PRIMARY, "dnc-wsd: reads", err);
	if (!s->log.pg)
		return -1;
	pg_stop_fd(s->log.pg, stop_fd);
	if (!options->standby)
		return 0;
	s->standby.pg = pg_new(options->standby, PG_PREFER_STANDBY, "dnc-wsd: reads", err);
	if (!s->standby.pg)
		return -1;
	pg_stop_fd(s->standby.pg, stop_fd);
	return 0;
}

void sources_close(struct pg_sources *s)
{
	pg_free(s->log.pg);
	pg_free(s->standby.pg);
}

uint64_t sources_seen(const struct pg_sources *s)
{
	return s->current->seen;
}

bool sources_spares_primary(const struct pg_sources *s)
{
	return s->current == &s->standby && pg_is_standby(s->standby.pg);
}

/* The hub can do without them. */
static void rest_standby(struct pg_sources *s, const struct dnc_error *err)
{
	if (!s->standby_failed && err->code != ECANCELED)
		dnc_warn("%s; reading from the servers of --log", err->message);
	s->standby_failed = true;
	s->standby_due_ms = dnc_clock_mono_ms() + STANDBY_REST_MS;
}

/* What was known of another server means nothing any more. */
static PGresult *take(struct pg_source *at, struct dnc_error *err)
{
	PGresult *answer = pg_take(at->pg, err);

	if (!answer || pg_is_new(at->pg))
		at->seen = 0;
	return answer;
}

int sources_send(struct pg_sources *s, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err)
{
	if (pg_send(s->current->pg, sql, n, params, err) == 0)
		return 0;
	s->current->seen = 0;
	if (s->current == &s->standby)
		rest_standby(s, err);
	return -1;
}

PGresult *sources_take(struct pg_sources *s, struct dnc_error *err)
{
	PGresult *answer = take(s->current, err);

	if (!answer && s->current == &s->standby)
		rest_standby(s, err);
	return answer;
}

/* Up to where the server has the events of the journal: after the end of its newest epoch it has others under their numbers, or,
 * when the journal does not know that yet, may have them after the newest that both know. */
static uint64_t find_end(struct dnc_journal *journal, struct dnc_str newest, uint64_t later)
{
	uint64_t end;

	if (epochs_find(journal->epochs, newest, &end))
		return end;
	dnc_journal_look(journal);
	return later ? later - 1 : 0;
}

/* Notes up to where the server has what the journal has. */
static int see(struct dnc_journal *journal, struct pg_source *at, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT seq, " POSTGRES_EPOCH ", (SELECT min(first_seq) FROM dnc.epochs WHERE n > "
		"(SELECT n FROM dnc.epochs WHERE epoch = $1)) FROM dnc.newest()";
	uint64_t changes = epochs_changes(journal->epochs), end;
	struct dnc_epoch epoch = epochs_current(journal->epochs);
	const struct pg_param current = pg_text(dnc_str(epoch.name));
	PGresult *answer = pg_send(at->pg, sql, 1, &current, err) < 0 ? NULL : take(at, err);

	if (!answer) {
		at->seen = 0;
		return -1;
	}
	at->epoch_changes = changes;
	at->newest = (uint64_t)pg_get_int(answer, 0, 0);
	end = find_end(journal, pg_get_text(answer, 0, 1), (uint64_t)pg_get_int(answer, 0, 2));
	at->seen = at->newest < end ? at->newest : end;
	PQclear(answer);
	return 0;
}

/* Has the next statement go to another server, of which nothing is known. */
static void leave(struct pg_source *at)
{
	pg_leave(at->pg);
	at->seen = 0;
}

/* 1 when the server has event NEEDED, 0 when it has not, -1 with ERR. */
static int has(
	struct dnc_journal *journal, struct pg_source *at, uint64_t needed, struct dnc_error *err)
{
	bool changed = at->epoch_changes != epochs_changes(journal->epochs);

	if ((changed || at->seen < needed) && see(journal, at, err) < 0)
		return -1;
	return at->seen >= needed;
}

/* Has the next statement look for a server of the kind that is wanted, if it is time. */
static void look_again(struct pg_source *at, bool standby)
{
	int64_t now = dnc_clock_mono_ms();

	if (pg_is_standby(at->pg) != standby && now >= at->look_due_ms) {
		at->look_due_ms = now + LOOK_MS;
		pg_disconnect(at->pg);
		at->seen = 0;
	}
}

static bool find_standby(struct pg_sources *s, uint64_t needed)
{
	struct dnc_error err;
	int rc;

	if (!s->standby.pg || dnc_clock_mono_ms() < s->standby_due_ms)
		return false;
	look_again(&s->standby, true);
	rc = has(s->journal, &s->standby, needed, &err);
	if (rc < 0) {
		rest_standby(s, &err);
		return false;
	}
	s->standby_failed = false;
	s->current = &s->standby;
	if (rc == 0 && needed - s->standby.seen > FAR && pg_servers(s->standby.pg) > 1) {
		leave(&s->standby);
		s->standby_due_ms = dnc_clock_mono_ms() + STANDBY_REST_MS;
	}
	return rc == 1;
}

/* Each of the servers in turn: without a primary one of its standbys may have more than another, and a former primary has other
 * events than this one. */
int sources_find(struct pg_sources *s, uint64_t needed, struct dnc_error *err)
{
	struct pg_source *log = &s->log;
	int rc;

	if (find_standby(s, needed))
		return 0;
	s->current = log;
	look_again(log, false);
	rc = has(s->journal, log, needed, err);
	for (int more = pg_servers(log->pg) - 1; rc == 0 && more; more--) {
		leave(log);
		rc = has(s->journal, log, needed, err);
	}
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (log->newest >= needed)
		return dnc_error_set(err, EAGAIN,
			"the server of the log at %s has another epoch than this hub",
			pg_server(log->pg));
	return dnc_error_set(err, EAGAIN,
		"the server of the log at %s is %" PRIu64 " events behind", pg_server(log->pg),
		needed - log->newest);
}
