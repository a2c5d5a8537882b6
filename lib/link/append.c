#include "priv/append.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "priv/tail.h"

static int fail(struct append *a, const char *act, const char *path)
{
	return dnc_error_set(&a->err, errno, "unable to %s %s: %s", act, path, strerror(errno));
}

static int check(struct append *a, int fd, const char *path, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return fail(a, "open", path);
	if (!S_ISREG(st->st_mode))
		return dnc_error_set(&a->err, EINVAL, "%s is not a regular file", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno != EWOULDBLOCK ? fail(a, "lock", path)
		                            : dnc_error_set(&a->err, EBUSY,
						      "another process writes to %s", path);
	/* It may have grown before it was locked. */
	return fstat(fd, st) < 0 ? fail(a, "open", path) : 0;
}

/* Returns a descriptor, or -1. */
static int open_file(struct append *a, const char *path)
{
	int how = O_RDWR | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, fd = open(path, how);
	struct stat st;

	/* What a link points to is not made: it may be anywhere. */
	if (fd < 0 && errno == ENOENT)
		fd = open(path, how | O_CREAT | O_EXCL, 0640);
	if (fd < 0 && errno == EEXIST)
		return dnc_error_set(
			&a->err, ENOENT, "unable to open %s: it is a link to nothing", path);
	if (fd < 0)
		return fail(a, "open", path);
	if (check(a, fd, path, &st) == 0 &&
		tail_read(fd, path, st.st_size, &a->tail, &a->err) >= 0 &&
		dnc_file_sync_directory(path, &a->err) == 0)
		return fd;
	dnc_buf_clear(&a->tail);
	close(fd);
	return -1;
}

/* True if PATH is not the file that is open. KEPT: that has another name, so that what is in it is not lost. */
static bool has_left(const struct append *a, const char *path, bool *kept)
{
	struct stat named, open;

	if (fstat(a->fd, &open) < 0)
		return false;
	*kept = open.st_nlink > 0;
	if (stat(path, &named) < 0)
		return errno == ENOENT;
	return named.st_dev != open.st_dev || named.st_ino != open.st_ino;
}

/* A file that was renamed, but has no successor that can be opened, goes on. */
static int find_file(struct append *a, const char *path)
{
	bool kept = false, left = a->fd >= 0 && has_left(a, path, &kept);
	int fd;

	if (!left)
		a->stays = false;
	if (a->fd >= 0 && !left)
		return 0;
	fd = open_file(a, path);
	if (fd < 0 && !kept)
		return -1;
	if (fd < 0) {
		if (!a->stays)
			dnc_err("%s; the file that was open stays in use", a->err.message);
		a->stays = true;
		return 0;
	}
	if (left && !kept)
		dnc_warn("%s was removed; what follows is in a new one", path);
	if (left)
		close(a->fd);
	a->fd = fd;
	a->cut_to = -1;
	return 0;
}

/* Nothing of what is behind stays: no half of a line, and nothing twice. */
static int cut(struct append *a, const char *path)
{
	struct stat st;

	if (a->cut_to < 0)
		return 0;
	if (fstat(a->fd, &st) < 0 || (st.st_size > a->cut_to && ftruncate(a->fd, a->cut_to) < 0))
		return fail(a, "cut", path);
	a->cut_to = -1;
	return 0;
}

static int write_out(struct append *a, const char *path)
{
	struct dnc_str left = a->text;
	struct stat st;

	if (fstat(a->fd, &st) < 0)
		return fail(a, "write", path);
	a->from = st.st_size;
	while (left.n) {
		ssize_t n = write(a->fd, left.p, left.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		left.p += n;
		left.n -= (size_t)n;
	}
	if (!left.n && fdatasync(a->fd) == 0)
		return 0;
	fail(a, "write", path);
	append_undo(a, path);
	return -1;
}

void append_undo(struct append *a, const char *path)
{
	struct dnc_error why = a->err;

	a->cut_to = a->from;
	a->done = false;
	if (cut(a, path) < 0)
		dnc_err("%s; before that, nothing more is written to it", a->err.message);
	a->err = why;
}

/* Returns 1 if the file was removed while it was written. */
static int run_once(struct append *a, const char *path)
{
	bool kept = true;

	if (find_file(a, path) < 0 || cut(a, path) < 0)
		return -1;
	a->found = a->text.n && a->tail.n;
	if (a->found)
		return 0;
	if (a->text.n && write_out(a, path) < 0)
		return -1;
	return a->text.n && has_left(a, path, &kept) && !kept;
}

void append_run(struct append *a, const char *path)
{
	int rc;

	a->done = a->found = false;
	a->err = (struct dnc_error){0};
	dnc_buf_clear(&a->tail);
	rc = run_once(a, path);
	if (rc > 0)
		rc = run_once(a, path);
	if (rc > 0)
		dnc_error_set(&a->err, ENOENT, "%s was removed while it was written", path);
	a->done = rc == 0 && !a->found;
}
