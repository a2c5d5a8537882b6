/* pg_wait.c - waits for PostgreSQL, with a time limit. */
#include <errno.h>
#include <poll.h>
#include <time.h>
#include "base/clock.h"
#include "priv/pg_conn.h"

enum {
	LATE_MS = 1000, /* for what has come when the limit is over */
	RETRY_MS = 20,  /* after a poll(2) that failed */
};

int pg_poll(const struct pg *pg, short events, int wake_fd, struct pg_limit *limit)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000};
	struct pollfd fds[] = {
		{PQsocket(pg->conn), events, 0}, {pg->stop_fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};

	for (;;) {
		int64_t now = dnc_clock_mono_ms(), left = limit->at_ms - now;
		int n;

		if (left <= 0 && !limit->end_ms)
			limit->end_ms = now + LATE_MS;
		if (limit->end_ms && now >= limit->end_ms)
			return 0;
		n = poll(fds, 3, left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left);
		if (n < 0) {
			/* There may be memory again: the server is not to blame. */
			if (errno != EINTR)
				nanosleep(&pause, NULL);
			continue;
		}
		if (fds[1].revents)
			return -1;
		if (fds[2].revents) /* however much the server sends */
			return 0;
		if (fds[0].revents)
			return 1;
		if (n == 0)
			return 0;
	}
}

/* Sends and receives until SENT, the end of what was sent, or RESULT, there is a result or none is to come. */
static int transfer(struct pg *pg, struct pg_limit *limit, struct dnc_error *err)
{
	for (;;) {
		int unsent = PQflush(pg->conn);
		int rc;

		if (unsent < 0)
			break;
		if (!unsent && !PQisBusy(pg->conn))
			return 0;
		rc = pg_poll(pg, unsent ? POLLIN | POLLOUT : POLLIN, -1, limit);
		if (rc < 0)
			return dnc_error_set(
				err, ECANCELED, "log on %s: shutting down", pg->server);
		if (rc == 0)
			return dnc_error_set(err, ETIMEDOUT, "log on %s: no answer in time: %s",
				pg->server, pg_hint_connecting(pg));
		if (!PQconsumeInput(pg->conn))
			break;
	}
	pg_error(pg, NULL, err);
	return -1;
}

/* It has no end of results: there is another as long as nothing is copied, whether the server says something or not. */
static bool is_copy(const PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);

	return status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH;
}

PGresult *pg_receive(struct pg *pg, int64_t deadline_ms, struct dnc_error *err)
{
	struct pg_limit limit = {.at_ms = deadline_ms};
	PGresult *r, *last = NULL;
	bool endless = false;

	while (!endless) {
		if (transfer(pg, &limit, err) < 0) {
			PQclear(last);
			return NULL;
		}
		r = PQgetResult(pg->conn);
		if (!r)
			break;
		endless = is_copy(r);
		if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(r);
		} else {
			PQclear(last);
			last = r;
		}
	}
	if (!last)
		pg_error(pg, NULL, err);
	return last;
}
