#include "rejects.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include "../link/link.h"
#include "cli.h"

/* Of services: how long a reader may take nothing, and between tries. */
enum { STUCK_MS = 1000, RETRY_MS = 250 };

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

void dnc_rejects_ask_reopen(struct dnc_rejects *r)
{
	r->reopen = true;
}

void dnc_rejects_reopen(struct dnc_rejects *r)
{
	int fd;

	if (!atomic_exchange(&r->reopen, false) || !r->path)
		return;
	fd = open_file(r->path);
	if (fd < 0) {
		dnc_err("unable to open %s again: %s", r->path, strerror(errno));
		return;
	}
	close(r->fd);
	r->fd = fd;
	r->written = 0; /* a line under way is written whole to the new file */
}

void dnc_rejects_persist(struct dnc_rejects *r, bool (*stopped)(void *ctx), void *ctx)
{
	r->stopped = stopped;
	r->ctx = ctx;
}

bool dnc_rejects_failing(const struct dnc_rejects *r)
{
	return r->failing;
}

void dnc_rejects_open(struct dnc_rejects *r, const char *where)
{
	struct dnc_error err;
	int fd = STDERR_FILENO;

	*r = (struct dnc_rejects){0};
	if (where && strncmp(where, "fd:", 3) == 0) {
		fd = dnc_fd_address(where, &err);
		if (fd < 0)
			dnc_cli_usage("--rejects: %s", err.message);
	} else if (where) {
		fd = open_file(where);
		if (fd < 0)
			dnc_cli_die(DNC_EXIT_IO, "unable to open %s: %s", where, strerror(errno));
		r->path = where;
	}
	r->fd = fd;
	r->name = where ? where : "standard error";
}

static void format(struct dnc_buf *b, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err)
{
	dnc_buf_clear(b);
	dnc_buf_lit(b, "{\"line\":");
	dnc_buf_u64(b, line);
	if (item) {
		dnc_buf_lit(b, ",\"item\":");
		dnc_buf_u64(b, item);
	}
	dnc_json_write_key(b, DNC_STR("source"));
	dnc_json_write_str(b, dnc_str(source));
	dnc_json_write_key(b, DNC_STR("code"));
	dnc_json_write_str(b, dnc_str(dnc_reject_name((enum dnc_reject)err->code)));
	dnc_json_write_key(b, DNC_STR("message"));
	dnc_json_write_str(b, dnc_str(err->message));
	dnc_json_write_key(b, DNC_STR("raw"));
	dnc_json_write_str(b, raw);
	dnc_buf_lit(b, "}\n");
}

/* A service does not wait long for a reader that takes nothing: then it says so. */
static bool has_room(const struct dnc_rejects *r)
{
	struct pollfd entry = {.fd = r->fd, .events = POLLOUT};

	return poll(&entry, 1, r->stopped ? STUCK_MS : -1) != 0;
}

/* Writes what is left of the line. */
static int write_rest(struct dnc_rejects *r, struct dnc_error *why)
{
	while (r->written < r->line.n) {
		ssize_t n;

		if (!has_room(r))
			return dnc_error_set(why, EAGAIN,
				"unable to write %s: its reader takes nothing", r->name);
		n = write(r->fd, r->line.p + r->written, r->line.n - r->written);
		if (n >= 0)
			r->written += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN)
			return dnc_error_set(why, errno == EBADF ? EIO : errno,
				"unable to write %s: %s", r->name, strerror(errno));
	}
	return 0;
}

static void set_failing(struct dnc_rejects *r, bool failing, const struct dnc_error *why)
{
	if (atomic_exchange(&r->failing, failing) == failing)
		return;
	if (failing)
		dnc_err("%s; rejects wait, and nothing is acknowledged, until it works again",
			why->message);
	else
		dnc_note("%s can be written again", r->name);
}

int dnc_rejects_add(struct dnc_rejects *r, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why)
{
	int rc;

	r->count++;
	r->written = 0;
	format(&r->line, source, line, item, raw, err);
	for (;;) {
		dnc_rejects_reopen(r);
		if (!dnc_buf_ok(&r->line))
			format(&r->line, source, line, item, raw, err);
		rc = dnc_buf_ok(&r->line) ? write_rest(r, why) : dnc_error_nomem(why);
		if (rc == 0 || !r->stopped)
			break;
		set_failing(r, true, why);
		if (r->stopped(r->ctx))
			return -1;
		poll(NULL, 0, RETRY_MS);
	}
	set_failing(r, false, NULL);
	return rc;
}

void dnc_rejects_close(struct dnc_rejects *r)
{
	if (r->path)
		close(r->fd);
	dnc_buf_free(&r->line);
}
