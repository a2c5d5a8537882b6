#include "rejects.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "link/link.h"

/* For services: how long to wait for a reader, and between attempts. */
enum { STUCK_MS = 1000, RETRY_MS = 250 };

/* Codes that a report tells. */
enum { REPORTED_CODES = 5 };

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

/* True if a file ends in an incomplete line, left by a program that was killed or by a full disk. Also true if it can't
 * be read: an empty line does less harm than a reject appended to a part of another. */
static bool ends_torn(int fd)
{
	struct stat st;
	char path[32], last = 'x';
	bool appends = fcntl(fd, F_GETFL) & O_APPEND;
	off_t end = lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
	int file;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || end <= 0)
		return false;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* fd may be write-only */
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
		dnc_err("unable to reopen %s: %s", r->path, strerror(errno));
		return;
	}
	close(r->fd);
	r->fd = fd;
	r->written =
		0; /* the current reject is written completely to the new file, which may be the old one */
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

int dnc_rejects_open(struct dnc_rejects *r, const char *where, struct dnc_error *err)
{
	int fd = STDERR_FILENO;

	*r = (struct dnc_rejects){0};
	if (where && strncmp(where, "fd:", 3) == 0) {
		fd = dnc_fd_address(where, err);
	} else if (where) {
		fd = open_file(where);
		if (fd < 0)
			dnc_error_set(err, EIO, "unable to open %s: %s", where, strerror(errno));
		r->path = fd < 0 ? NULL : where;
	}
	if (fd < 0)
		return -1;
	r->fd = fd;
	r->name = where ? where : "standard error";
	r->torn = where && ends_torn(fd);
	return 0;
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
	dnc_json_write_visible(b, dnc_str(source));
	dnc_json_write_key(b, DNC_STR("code"));
	dnc_json_write_str(b, dnc_str(dnc_reject_name((enum dnc_reject)err->code)));
	dnc_json_write_key(b, DNC_STR("message"));
	dnc_json_write_visible(b, dnc_str(err->message));
	dnc_json_write_key(b, DNC_STR("raw"));
	dnc_json_write_visible(b, raw);
	dnc_buf_lit(b, "}\n");
}

/* A service does not wait long for a reader, in order to report it. */
static bool has_room(const struct dnc_rejects *r)
{
	struct pollfd entry = {.fd = r->fd, .events = POLLOUT};

	return poll(&entry, 1, r->stopped ? STUCK_MS : -1) != 0;
}

/* Writes TEXT from *WRITTEN on, and updates it. */
static int write_all(
	struct dnc_rejects *r, struct dnc_str text, size_t *written, struct dnc_error *why)
{
	while (*written < text.n) {
		ssize_t n;

		if (!has_room(r))
			return dnc_error_set(why, EAGAIN,
				"unable to write %s: its reader does not read", r->name);
		n = write(r->fd, text.p + *written, text.n - *written);
		if (n >= 0)
			*written += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN)
			return dnc_error_set(why, errno == EBADF ? EIO : errno,
				"unable to write %s: %s", r->name, strerror(errno));
	}
	return 0;
}

/* Writes the rest of the line, after a newline that ends an incomplete one. */
static int write_rest(struct dnc_rejects *r, struct dnc_error *why)
{
	size_t ended = 0;

	if (r->torn) {
		if (write_all(r, DNC_STR("\n"), &ended, why) < 0)
			return -1;
		r->torn = false;
		dnc_warn("%s ended in an incomplete line: a newline was added", r->name);
	}
	return write_all(r, dnc_buf_view(&r->line), &r->written, why);
}

/* Drops the current line. If a part of it is written, the next one must not be appended to that. */
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
		dnc_err("%s; retrying; nothing is acknowledged until it succeeds", why->message);
	else
		dnc_note("%s is writable again", r->name);
}

int dnc_rejects_add(struct dnc_rejects *r, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why)
{
	int rc;

	r->count++;
	if (!r->codes[err->code]++)
		snprintf(r->firsts[err->code], DNC_REJECT_FIRST, "%s", err->message);
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

void dnc_rejects_report(const struct dnc_rejects *r)
{
	bool told[DNC_REJECTS] = {false};

	for (int n = 0; n < REPORTED_CODES; n++) {
		size_t most = 0;

		for (size_t i = 1; i < DNC_REJECTS; i++)
			if (!told[i] && r->codes[i] > (most ? r->codes[most] : 0))
				most = i;
		if (!most)
			return;
		told[most] = true;
		dnc_note("%llu rejected with %s; the first: %s", (unsigned long long)r->codes[most],
			dnc_reject_name((enum dnc_reject)most), r->firsts[most]);
	}
}
