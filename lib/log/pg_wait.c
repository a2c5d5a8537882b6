/* pg_wait.c - waits for PostgreSQL, with a time limit. */
#include <errno.h>
#include <poll.h>
#include "base/clock.h"
#include "priv/pg_conn.h"

int pg_poll(const struct pg *pg, short events, int wake_fd, int64_t deadline_ms)
{
	struct pollfd fds[] = {
		{PQsocket(pg->conn), events, 0}, {pg->stop_fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};

	for (;;) {
		int64_t left = deadline_ms - dnc_clock_mono_ms();
		int n = poll(fds, 3, left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left);

		if (n < 0 && errno == EINTR)
			continue;
		if (fds[1].revents)
			return -1;
		if (fds[0].revents)
			return 1;
		if (fds[2].revents || n <= 0)
			return 0;
	}
}

/* Sends and receives until SENT, the end of what was sent, or RESULT, there is a result or none is to come. */
static int transfer(struct pg *pg, int64_t deadline, struct dnc_error *err)
{
	for (;;) {
		int unsent = PQflush(pg->conn);
		int rc;

		if (unsent < 0)
			break;
		if (!unsent && !PQisBusy(pg->conn))
			return 0;
		rc = pg_poll(pg, unsent ? POLLIN | POLLOUT : POLLIN, -1, deadline);
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

PGresult *pg_receive(struct pg *pg, int64_t deadline_ms, struct dnc_error *err)
{
	PGresult *r, *last = NULL;

	for (;;) {
		if (transfer(pg, deadline_ms, err) < 0) {
			PQclear(last);
			return NULL;
		}
		r = PQgetResult(pg->conn);
		if (!r)
			break;
		if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(r);
			continue;
		}
		PQclear(last);
		last = r;
		/* COPY has no end of results: there is another as long as nothing is copied. */
		if (PQresultStatus(r) >= PGRES_COPY_OUT && PQresultStatus(r) <= PGRES_COPY_IN)
			break;
	}
	if (!last)
		pg_error(pg, NULL, err);
	return last;
}
