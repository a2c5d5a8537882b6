#include "priv/arrival.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "log.h"
#include "priv/written.h"

enum {
	BUSY_SAY_MS = 60000, /* when a message says that a file waits */
	CREATED_FACTOR = 10, /* of settle_ms, for a file that will be closed */
};

int64_t arrivals_time(int ms)
{
	return dnc_clock_mono_ms() + ms;
}

void arrival_forget(struct dnc_arrivals *a, struct entry *e)
{
	HASH_DELETE(hh, a->entries, e);
	free(e);
}

static bool same_content(const struct stat *x, const struct stat *y)
{
	return x->st_dev == y->st_dev && x->st_ino == y->st_ino && x->st_size == y->st_size &&
	       x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
}

static bool is_expected(const struct dnc_arrivals *a, const char *name)
{
	for (const char *const *f = a->options.folders; *f; f++)
		if (strcmp(*f, name) == 0)
			return true;
	return false;
}

/* NAME is not a file. It is looked at again by each scan, but reported once. */
static void pass_over(struct dnc_arrivals *a, struct entry *e, const struct stat *st)
{
	static const struct {
		mode_t kind;
		const char *name;
	} kinds[] = {{S_IFDIR, "a directory"}, {S_IFLNK, "a symbolic link"}, {S_IFIFO, "a pipe"},
		{S_IFSOCK, "a socket"}};
	const char *kind = "a device";
	bool same = e->other && e->st.st_ino == st->st_ino &&
	            (e->st.st_mode & S_IFMT) == (st->st_mode & S_IFMT);

	e->other = true;
	e->settling = false;
	e->look_at_ms = INT64_MAX;
	e->st = *st;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if ((st->st_mode & S_IFMT) == kinds[i].kind)
			kind = kinds[i].name;
	if (!same && !(S_ISDIR(st->st_mode) && is_expected(a, e->name)))
		dnc_warn("%s/%s is %s, not a file: it is left there", a->path, e->name, kind);
}

static void wait_for_writer(const struct dnc_arrivals *a, struct entry *e)
{
	e->settling = false;
	e->look_at_ms = arrivals_time(ARRIVAL_LOOK_MS);
	if (!e->busy_since_ms)
		e->busy_since_ms = arrivals_time(0);
	if (!e->said && e->look_at_ms - e->busy_since_ms > BUSY_SAY_MS) {
		dnc_note("%s/%s is still open for writing: it waits until it is closed", a->path,
			e->name);
		e->said = true;
	}
}

/* The file may be complete, but can't be looked at now. Said once for each reason. */
static void try_later(const struct dnc_arrivals *a, struct entry *e, int code)
{
	if (code != e->code)
		dnc_warn(
			"unable to open %s/%s: %s; trying again", a->path, e->name, strerror(code));
	e->code = code;
	e->settling = false;
	e->look_at_ms = arrivals_time(ARRIVAL_LOOK_MS);
}

/* After a failure to look at it. True if it was replaced meanwhile, or somebody holds a lease, who writes it. */
static bool is_changing(int code)
{
	return code == ENOENT || code == ELOOP || code == ENXIO || code == EWOULDBLOCK;
}

void arrival_settle(struct entry *e, const struct stat *st, int ms)
{
	e->st = *st;
	e->settled_at_ms = arrivals_time(ms);
}

/* True if the file has not changed for MS. ST is what it is now. */
static bool has_settled(struct entry *e, const struct stat *st, int ms)
{
	bool known = e->st.st_nlink != 0, same = known && same_content(&e->st, st);

	if (!same)
		arrival_settle(e, st, ms);
	/* A file that changes is written: it does not count as settling until it has paused. */
	e->settling = !known || same;
	e->look_at_ms = e->settled_at_ms;
	return same && e->settled_at_ms <= arrivals_time(0);
}

bool arrival_is_complete(const struct dnc_arrivals *a, struct entry *e, struct dnc_arrival *file)
{
	enum written w = file->fd < 0 ? WRITTEN_UNKNOWN : written_by(file->fd);
	bool will_be_closed = w == WRITTEN_UNKNOWN && e->created && !e->closed;

	if (w == WRITTEN_BY_SOMEBODY) {
		wait_for_writer(a, e);
		return false;
	}
	/* A program that makes a file may open it again to fill it. */
	if ((w == WRITTEN_BY_NOBODY || (e->moved_in && !e->again)) && file->st.st_size &&
		!e->settles)
		return true;
	file->settled = has_settled(
		e, &file->st, a->options.settle_ms * (will_be_closed ? CREATED_FACTOR : 1));
	return file->settled;
}

bool arrival_open(struct dnc_arrivals *a, struct entry *e, struct dnc_arrival *file)
{
	*file = (struct dnc_arrival){.name = e->name, .fd = -1};
	if (fstatat(a->dir, e->name, &file->st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT) {
			arrival_forget(a, e);
			file->name = NULL;
		} else {
			try_later(a, e, errno);
		}
		return false;
	}
	if (!S_ISREG(file->st.st_mode)) {
		pass_over(a, e, &file->st);
		return false;
	}
	e->other = false;
	file->fd =
		openat(a->dir, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	file->code = file->fd < 0 ? errno : 0;
	if (file->fd < 0) {
		if (errno == EACCES || errno == EPERM || errno == EIO)
			return true;
		if (is_changing(errno))
			wait_for_writer(a, e);
		else
			try_later(a, e, errno);
		return false;
	}
	if (fstat(file->fd, &file->st) < 0 || fcntl(file->fd, F_SETFL, 0) < 0) {
		try_later(a, e, errno);
		close(file->fd);
		return false;
	}
	e->code = 0;
	if (S_ISREG(file->st.st_mode))
		return true;
	close(file->fd);
	wait_for_writer(a, e);
	return false;
}

enum dnc_arrival_state arrival_compare(int dir, const char *name, const struct dnc_arrival *file)
{
	struct stat now;
	bool written = file->fd >= 0 && written_by(file->fd) == WRITTEN_BY_SOMEBODY;

	/* After the writers: one that has closed it meanwhile shows in the size and times. */
	if (fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == ENOTDIR ? DNC_ARRIVAL_GONE : DNC_ARRIVAL_UNKNOWN;
	if (now.st_dev != file->st.st_dev || now.st_ino != file->st.st_ino)
		return DNC_ARRIVAL_GONE;
	return written || !same_content(&now, &file->st) ? DNC_ARRIVAL_CHANGED : DNC_ARRIVAL_SAME;
}

enum dnc_arrival_state dnc_arrivals_check(
	const struct dnc_arrivals *a, const struct dnc_arrival *file)
{
	return arrival_compare(a->dir, file->name, file);
}

void dnc_arrivals_release(struct dnc_arrivals *a)
{
	for (struct entry *e = a->entries; e; e = e->hh.next) {
		if (e->held)
			e->look_at_ms = 0;
		e->held = false;
	}
}

bool dnc_arrivals_trouble(const struct dnc_arrivals *a, struct dnc_error *err)
{
	for (const struct entry *e = a->entries; e; e = e->hh.next)
		if (e->code) {
			dnc_error_set(err, e->code, "unable to open %s/%s: %s", a->path, e->name,
				strerror(e->code));
			return true;
		}
	return false;
}

size_t dnc_arrivals_waiting(const struct dnc_arrivals *a, size_t *settling)
{
	size_t waiting = 0;
	const struct entry *e;

	*settling = 0;
	for (e = a->entries; e; e = e->hh.next) {
		waiting += !e->other && !e->held && !e->behind;
		*settling += e->settling;
	}
	return waiting;
}
