#include "rejects.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/temporary.h"
#include "link/link.h"

/* For services: how long to wait for a reader; between attempts; for the first reader of a pipe, at the start. */
enum { STUCK_MS = 1000, RETRY_MS = 250, READER_MS = 10000 };

/* Never waits: a pipe that nobody reads is ENXIO. What is written to it is waited for. */
static int open_file(const char *path)
{
	int fd =
		open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);

	if (fd >= 0)
		fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

/* At the start the reader of a pipe may be about to start, too. */
static int open_first(const char *path, struct dnc_error *err)
{
	int fd, tries = 0;

	while ((fd = open_file(path)) < 0 && errno == ENXIO && tries++ < READER_MS / RETRY_MS)
		poll(NULL, 0, RETRY_MS);
	if (fd < 0)
		dnc_error_set(err, EIO, "unable to open %s: %s", path,
			errno == ENXIO ? "it is a pipe or a socket that nobody reads"
				       : strerror(errno));
	return fd;
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

	if (r->held || !atomic_exchange(&r->reopen, false) || !r->path)
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
		fd = open_first(where, err);
		r->path = fd < 0 ? NULL : where;
	}
	if (fd < 0)
		return -1;
	r->fd = fd;
	r->name = where ? where : "standard error";
	r->torn = where && ends_torn(fd);
	return 0;
}

/* A reject, or, of one that was held, its TEXT. */
struct reject {
	const char *source;
	uint64_t line, item;
	struct dnc_str raw;
	const struct dnc_error *err;
	struct dnc_str text;
};

static void format(struct dnc_buf *b, const struct reject *r)
{
	dnc_buf_clear(b);
	dnc_buf_lit(b, "{\"line\":");
	dnc_buf_u64(b, r->line);
	if (r->item) {
		dnc_buf_lit(b, ",\"item\":");
		dnc_buf_u64(b, r->item);
	}
	dnc_json_write_key(b, DNC_STR("source"));
	dnc_json_write_visible(b, dnc_str(r->source));
	dnc_json_write_key(b, DNC_STR("code"));
	dnc_json_write_str(b, dnc_str(dnc_reject_name((enum dnc_reject)r->err->code)));
	dnc_json_write_key(b, DNC_STR("message"));
	dnc_json_write_visible(b, dnc_str(r->err->message));
	dnc_json_write_key(b, DNC_STR("raw"));
	dnc_json_write_visible(b, r->raw);
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
		else if (errno != EINTR && errno != EAGAIN && r->held)
			return dnc_temporary_fail(dnc_temporary_dir(NULL), "write", errno, why);
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

/* Writes the line once. The first one that is held opens the temporary file. */
static int attempt(struct dnc_rejects *r, struct dnc_error *why)
{
	dnc_rejects_reopen(r);
	if (r->held && r->fd < 0 && (r->fd = dnc_temporary_open(dnc_temporary_dir(NULL), why)) < 0)
		return -1;
	return write_rest(r, why);
}

static int set_line(struct dnc_rejects *r, const struct reject *reject, struct dnc_error *why)
{
	if (reject->text.p) {
		dnc_buf_clear(&r->line);
		dnc_buf_str(&r->line, reject->text);
	} else {
		format(&r->line, reject);
	}
	return dnc_buf_ok(&r->line) ? 0 : dnc_error_nomem(why);
}

/* Writes a reject; a service tries until it succeeds. */
static int write_reject(struct dnc_rejects *r, const struct reject *reject, struct dnc_error *why)
{
	int rc;

	r->written = 0;
	rc = set_line(r, reject, why);
	for (;;) {
		if (rc == 0)
			rc = attempt(r, why);
		if (rc == 0 || !r->stopped)
			break;
		set_failing(r, true, why);
		if (r->stopped(r->ctx)) {
			give_up(r);
			return -1;
		}
		poll(NULL, 0, RETRY_MS);
		rc = dnc_buf_ok(&r->line) ? 0 : set_line(r, reject, why);
	}
	set_failing(r, false, NULL);
	if (rc < 0)
		give_up(r);
	return rc;
}

static void count_fault(struct dnc_reject_fault faults[DNC_REJECT_FAULTS], const char *message)
{
	for (size_t i = 0; i < DNC_REJECT_FAULTS; i++) {
		struct dnc_reject_fault *f = &faults[i];

		if (!f->count)
			snprintf(f->message, sizeof f->message, "%s", message);
		if (strcmp(f->message, message) == 0) {
			f->count++;
			return;
		}
	}
}

int dnc_rejects_add(struct dnc_rejects *r, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why)
{
	r->count++;
	r->codes[err->code]++;
	count_fault(r->faults[err->code], err->message);
	return write_reject(r,
		&(struct reject){
			.source = source, .line = line, .item = item, .raw = raw, .err = err},
		why);
}

void dnc_rejects_print(struct dnc_rejects *r, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err)
{
	format(&r->line,
		&(struct reject){
			.source = source, .line = line, .item = item, .raw = raw, .err = err});
	if (!dnc_buf_ok(&r->line))
		dnc_err("line %llu is rejected, and can't be printed: out of memory",
			(unsigned long long)line);
	else
		fwrite(r->line.p, 1, r->line.n, stderr);
}

void dnc_rejects_hold(struct dnc_rejects *r)
{
	r->held = true;
	r->held_fd = r->fd;
	r->held_name = r->name;
	r->held_path = r->path;
	r->held_torn = r->torn;
	r->fd = -1;
	r->name = "a temporary file for rejects";
	r->path = NULL;
	r->torn = false;
}

/* Goes back to the true file. Returns the temporary one, or -1 if there is none. */
static int end_hold(struct dnc_rejects *r)
{
	int fd = r->fd;

	r->held = false;
	r->fd = r->held_fd;
	r->name = r->held_name;
	r->path = r->held_path;
	r->torn = r->held_torn;
	return fd;
}

/* A text without a newline is a part of a reject that could not be kept, which was reported then: it is none. */
static int copy(struct dnc_rejects *r, FILE *f, struct dnc_error *why)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t n;
	int rc = 0;

	rewind(f);
	while (rc == 0 && (n = getline(&text, &room, f)) > 0 && text[n - 1] == '\n')
		rc = write_reject(r, &(struct reject){.text = {text, (size_t)n}}, why);
	if (rc == 0 && !feof(f))
		rc = dnc_temporary_fail(dnc_temporary_dir(NULL), "read", errno, why);
	free(text);
	return rc;
}

int dnc_rejects_release(struct dnc_rejects *r, struct dnc_error *why)
{
	FILE *f;
	int rc, fd;

	if (!r->held)
		return 0;
	fd = end_hold(r);
	if (fd < 0)
		return 0;
	f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return dnc_error_nomem(why);
	}
	rc = copy(r, f, why);
	fclose(f);
	return rc;
}

void dnc_rejects_forget(struct dnc_rejects *r)
{
	int fd = r->held ? end_hold(r) : -1;

	if (fd >= 0)
		close(fd);
	r->count = 0;
	memset(r->codes, 0, sizeof r->codes);
	memset(r->faults, 0, sizeof r->faults);
}

void dnc_rejects_close(struct dnc_rejects *r)
{
	int fd = r->held ? end_hold(r) : -1;

	if (fd >= 0)
		close(fd);
	if (r->path)
		close(r->fd);
	dnc_buf_free(&r->line);
}
