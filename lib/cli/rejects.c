#include "rejects.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "link/link.h"
#include "cli.h"

/* Of services: how long a reader may take nothing, and between tries. */
enum { STUCK_MS = 1000, RETRY_MS = 250 };

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

/* Does a file end in a part of a line, which a program that was killed on a full disk may have left? When nobody can
 * tell, yes: an empty line does less harm than a reject glued to half of another. */
static bool ends_torn(int fd)
{
	struct stat st;
	char path[32], last = 'x';
	bool appends = fcntl(fd, F_GETFL) & O_APPEND;
	off_t end = lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
	int file;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || end <= 0)
		return false;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* FD itself may only be written */
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return true;
	if (pread(file, &last, 1, end - 1) != 1)
		last = 'x';
	close(file);
	return last != '\n';
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
	r->written =
		0; /* a line under way is written whole to the new file, which may be the old one */
	r->torn = ends_torn(fd);
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
	r->torn = where && ends_torn(fd);
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

/* Writes TEXT from *WRITTEN on, which counts up. */
static int write_all(
	struct dnc_rejects *r, struct dnc_str text, size_t *written, struct dnc_error *why)
{
	while (*written < text.n) {
		ssize_t n;

		if (!has_room(r))
			return dnc_error_set(why, EAGAIN,
				"unable to write %s: its reader takes nothing", r->name);
		n = write(r->fd, text.p + *written, text.n - *written);
		if (n >= 0)
			*written += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN)
			return dnc_error_set(why, errno == EBADF ? EIO : errno,
				"unable to write %s: %s", r->name, strerror(errno));
	}
	return 0;
}

/* Writes what is left of the line, behind the end of another that was left half. */
static int write_rest(struct dnc_rejects *r, struct dnc_error *why)
{
	size_t ended = 0;

	if (r->torn) {
		if (write_all(r, DNC_STR("\n"), &ended, why) < 0)
			return -1;
		r->torn = false;
		dnc_warn("%s ended in half a line: a newline was added", r->name);
	}
	return write_all(r, dnc_buf_view(&r->line), &r->written, why);
}

/* Without the line under way; what there is of it must not be glued to the next. */
static void give_up(struct dnc_rejects *r)
{
	r->torn |= r->written && r->written < r->line.n;
	r->written = 0;
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
		if (r->stopped(r->ctx)) {
			give_up(r);
			return -1;
		}
		poll(NULL, 0, RETRY_MS);
	}
	set_failing(r, false, NULL);
	if (rc < 0)
		give_up(r);
	return rc;
}

void dnc_rejects_close(struct dnc_rejects *r)
{
	if (r->path)
		close(r->fd);
	dnc_buf_free(&r->line);
}
