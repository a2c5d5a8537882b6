#include "priv/spool.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "priv/event_lines.h"

enum {
	FILE_BYTES_MAX =
		64 << 20, /* read at once: many times what a route holds before it is full */
	READ_RETRY_MS = 1000,
	BAD_READS = 60, /* so often a disk that fails is asked for a file: for a minute */
};

static const char ready[] = "ndjson", damaged[] = "damaged";

/* Names that start with a dot are not looked at. */
static int name_file(const struct spool *s, const char *dot, uint64_t number, const char *ending,
	char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%sroute-%016" PRIx64 "-%020" PRIu64 ".%s", s->dir, dot,
		s->key, number, ending);

	return n < PATH_MAX ? 0 : -1;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int list_files(struct spool *s, DIR *dir, struct dnc_error *err)
{
	const struct dirent *d;

	while ((d = readdir(dir))) {
		uint64_t key, number;
		int end = 0;

		if (sscanf(d->d_name, "route-%16" SCNx64 "-%20" SCNu64 ".%n", &key, &number, &end) <
				2 ||
			!end || key != s->key || number == UINT64_MAX)
			continue;
		/* A file that is set aside keeps its number. */
		if (strcmp(d->d_name + end, damaged) == 0 && number >= s->next)
			s->next = number + 1;
		if (strcmp(d->d_name + end, ready) != 0)
			continue;
		if (!dnc_array_grow(&s->files, &s->room, s->count + 1))
			return dnc_error_nomem(err);
		s->files[s->count++] = number;
		if (number >= s->next)
			s->next = number + 1;
	}
	if (s->count)
		qsort(s->files, s->count, sizeof *s->files, compare);
	return 0;
}

static int name_lock(const struct spool *s, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/.route-%016" PRIx64 ".lock", s->dir, s->key);

	return n < PATH_MAX ? 0 : -1;
}

/* Two processes would give different lines the same name, and send each other's. */
static int take_lock(struct spool *s, struct dnc_error *err)
{
	char path[PATH_MAX];

	if (name_lock(s, path) < 0)
		return dnc_error_set(err, ENAMETOOLONG, "%s: the name is too long", s->dir);
	s->lock = dnc_file_lock(path, err);
	if (s->lock < 0 && err->code == EAGAIN)
		return dnc_error_set(err, EAGAIN,
			"another process has this route, and its events in %s", s->dir);
	return s->lock < 0 ? -1 : 0;
}

static bool is_locked_here(const struct spool *s, const char *path)
{
	struct stat held, named;

	return fstat(s->lock, &held) == 0 && stat(path, &named) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int list_directory(struct spool *s, struct dnc_error *err)
{
	DIR *open = opendir(s->dir);
	int rc;

	if (!open)
		return dnc_error_set(err, errno, "unable to read %s: %s", s->dir, strerror(errno));
	rc = list_files(s, open, err);
	closedir(open);
	return rc;
}

/* How many files of S are not among those of NOW. */
static size_t count_gone(const struct spool *s, const struct spool *now)
{
	size_t gone = 0;

	for (size_t i = s->first; i < s->count; i++)
		gone += !now->count ||
		        !bsearch(&s->files[i], now->files, now->count, sizeof *now->files, compare);
	return gone;
}

/* The directory may have been removed, and made again: a lock that no name leads to keeps nobody away. Takes the one that is there
 * now, and the files with it. -1 with ERR: EAGAIN if another process has it. */
static int keep_lock(struct spool *s, struct dnc_error *err)
{
	struct spool now = *s;
	char path[PATH_MAX];

	if (name_lock(s, path) < 0 || is_locked_here(s, path))
		return 0;
	if (take_lock(&now, err) < 0)
		return -1;
	now.files = NULL;
	now.first = now.count = now.room = 0;
	if (list_directory(&now, err) < 0) {
		close(now.lock);
		free(now.files);
		return -1;
	}
	dnc_warn("the lock of %s was removed, or all of it: it is made again; %zu files are gone, "
		 "and %zu are there",
		s->dir, count_gone(s, &now), spool_files(&now));
	now.missing += count_gone(s, &now);
	if (!spool_files(&now) || !spool_files(s) || now.files[0] != s->files[s->first])
		now.is_sent = now.is_damaged = false;
	close(s->lock);
	free(s->files);
	*s = now;
	return 0;
}

int spool_open(struct spool *s, const char *dir, const char *address, struct dnc_error *err)
{
	int rc;

	*s = (struct spool){
		.dir = dir, .next = 1, .lock = -1, .key = UINT64_C(14695981039346656037)};
	for (const char *p = address; *p; p++)
		s->key = (s->key ^ (unsigned char)*p) * UINT64_C(1099511628211); /* FNV-1a */
	s->made = mkdir(dir, 0750) == 0;
	if (!s->made && errno != EEXIST)
		return dnc_error_set(err, errno, "unable to create %s: %s", dir, strerror(errno));
	if (take_lock(s, err) < 0)
		return -1;
	rc = list_directory(s, err);
	if (rc == 0 && access(dir, W_OK | X_OK) < 0)
		rc = dnc_error_set(err, errno, "unable to write to %s: %s", dir, strerror(errno));
	return rc;
}

void spool_unmake(const struct spool *s)
{
	char path[PATH_MAX];

	if (!s->dir || !s->made || s->lock < 0 || name_lock(s, path) < 0)
		return;
	unlink(path);
	rmdir(s->dir); /* fails if there is something else */
}

void spool_close(struct spool *s)
{
	if (s->dir && s->lock >= 0)
		close(s->lock);
	dnc_buf_free(&s->buf);
	free(s->files);
	*s = (struct spool){0};
}

/* Never to the name of another file, where the file system can tell. */
static int move(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS ? rename(from, to) : -1;
}

/* The file has its name when all of it is on disk. */
static int create(
	const struct spool *s, const char *hidden, const char *path, struct dnc_error *err)
{
	if (unlink(hidden) < 0 && errno != ENOENT)
		return dnc_error_set(
			err, errno, "unable to remove %s: %s", hidden, strerror(errno));
	if (dnc_file_create(hidden, 0640, dnc_buf_view(&s->buf), err) < 0)
		return -1;
	if (move(hidden, path) < 0) {
		dnc_error_set(err, errno, "unable to rename %s: %s", hidden, strerror(errno));
		unlink(hidden);
		return -1;
	}
	return dnc_file_sync_directory(path, err);
}

int spool_write(struct spool *s, struct dnc_error *err)
{
	char path[PATH_MAX], hidden[PATH_MAX];

	if (!dnc_buf_ok(&s->buf))
		return dnc_error_nomem(err);
	if (!s->buf.n)
		return 0;
	if (keep_lock(s, err) < 0)
		return -1;
	if (name_file(s, "", s->next, ready, path) < 0 ||
		name_file(s, ".", s->next, ready, hidden) < 0)
		return dnc_error_set(err, ENAMETOOLONG, "%s: the name is too long", s->dir);
	/* Room first: a file that is not in the list would be sent twice. */
	if (!dnc_array_grow(&s->files, &s->room, s->count + 1))
		return dnc_error_nomem(err);
	if (create(s, hidden, path, err) < 0) {
		s->next += err->code == EEXIST; /* somebody has put it there */
		return -1;
	}
	s->files[s->count++] = s->next++;
	dnc_buf_clear(&s->buf);
	return 0;
}

static int read_all(int fd, struct dnc_buf *out)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EISDIR;
	if (st.st_size > FILE_BYTES_MAX)
		return EFBIG;
	if (!dnc_buf_reserve(out, (size_t)st.st_size + 1))
		return ENOMEM;
	while (n > 0 && out->n < out->size) {
		n = read(fd, out->p + out->n, out->size - out->n);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0)
			out->n += (size_t)n;
		else if (n < 0)
			n = 1;
	}
	return 0;
}

static void pass_over(struct spool *s)
{
	s->first++;
	if (s->first == s->count)
		s->first = s->count = 0;
	s->read_tries = 0;
	s->read_at_ms = 0;
	s->is_sent = s->is_damaged = false;
}

/* Nobody reads it under its new name. */
static void set_aside(struct spool *s, const char *path, const char *why)
{
	char aside[PATH_MAX];

	name_file(s, "", s->files[s->first], damaged, aside);
	if (rename(path, aside) < 0)
		dnc_err("%s %s, and can't be renamed: %s; it is tried again at the next start",
			path, why, strerror(errno));
	else
		dnc_err("%s %s; it is set aside as %s", path, why, aside);
	s->missing++;
	pass_over(s);
}

static void say_unread(struct spool *s, const char *why)
{
	if (!s->read_tries++)
		dnc_err("%s; still trying", why);
	s->read_at_ms = dnc_clock_mono_ms() + READ_RETRY_MS;
}

/* It is in order that it can't be read now: its lines come before those of the files behind it. */
static void read_later(struct spool *s, const char *path, int code)
{
	char why[PATH_MAX + 128];

	snprintf(why, sizeof why, "unable to read %s: %s", path, strerror(code));
	say_unread(s, why);
}

static void handle_unread(struct spool *s, const char *path, int code)
{
	switch (code) {
	case ENOENT: /* somebody may have taken it, such as dnc-ingest --watch */
		s->missing++;
		pass_over(s);
		return;
	case EISDIR:
	case ELOOP:
	case ENXIO:
		set_aside(s, path, "is not a regular file");
		return;
	case EFBIG:
		set_aside(s, path, "is larger than any file of a spool");
		return;
	case EIO:
		if (s->read_tries + 1 >= BAD_READS) {
			set_aside(s, path, "can't be read: the disk fails");
			return;
		}
	}
	read_later(s, path, code);
}

/* Files get their names when they are whole: something else has damaged it. Its events are sent. Returns 1 if there are none, -1
 * without memory. */
static int check(struct spool *s, const char *path, struct dnc_buf *text, struct dnc_error *err)
{
	int bad = event_lines_keep(text);

	if (bad < 0)
		return dnc_error_nomem(err);
	if (!text->n) {
		set_aside(s, path, "has no whole event");
		return 1;
	}
	if (bad)
		dnc_err("%s is damaged: %d of its lines are no whole events, and are not sent; the file "
			"is set aside when the others are",
			path, bad);
	s->is_damaged = bad;
	return 0;
}

int spool_read(struct spool *s, struct dnc_buf *out, struct dnc_error *err)
{
	char path[PATH_MAX];
	int fd, code;

	code = keep_lock(s, err);
	if (code < 0 && err->code == DNC_ERROR_NO_MEMORY)
		return -1;
	if (code < 0 && err->code == EAGAIN) { /* else the directory is gone */
		say_unread(s, err->message);
		return 1;
	}
	if (!spool_files(s))
		return 1;
	name_file(s, "", s->files[s->first], ready, path);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	dnc_buf_clear(out);
	code = fd < 0 ? errno : read_all(fd, out);
	if (fd >= 0)
		close(fd);
	if (!dnc_buf_ok(out))
		return dnc_error_nomem(err);
	if (code) {
		handle_unread(s, path, code);
		return 1;
	}
	if (s->read_tries)
		dnc_note("%s is read again", path);
	s->read_tries = 0;
	return check(s, path, out, err);
}

void spool_remove(struct spool *s)
{
	char path[PATH_MAX], lock[PATH_MAX];

	name_file(s, "", s->files[s->first], ready, path);
	if (s->is_damaged) {
		set_aside(s, path, "is damaged");
		return;
	}
	if (name_lock(s, lock) == 0 && !is_locked_here(s, lock)) {
		pass_over(s); /* it went with the directory; there may be one of another process */
		return;
	}
	if (unlink(path) < 0 && errno != ENOENT)
		dnc_err("unable to remove %s: %s; its lines are sent again at the next start", path,
			strerror(errno));
	pass_over(s);
}
