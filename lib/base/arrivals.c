#include "arrivals.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "array.h"
#include "clock.h"
#include "log.h"
#include "priv/arrival.h"

enum {
	GONE_SCAN_MS = 500,   /* after something was deleted, which may have been all */
	MAX_EVENT_READS = 64, /* before files are served */
};

#define PARTS_OF_ARIA2 ".aria2"

#define EVENTS                                                                                     \
	(IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF |    \
		IN_ONLYDIR)

struct dnc_arrivals *dnc_arrivals_open(
	const char *path, const struct dnc_arrivals_options *options, struct dnc_error *err)
{
	struct dnc_arrivals *a = calloc(1, sizeof *a);

	if (!a) {
		dnc_error_nomem(err);
		return NULL;
	}
	a->path = path;
	a->options = *options;
	a->max = options->max ? options->max : DNC_ARRIVALS_MAX;
	a->inotify = -1;
	a->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->dir >= 0)
		a->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (a->inotify < 0 || inotify_add_watch(a->inotify, path, EVENTS) < 0) {
		const char *hint = a->inotify < 0 && errno == EMFILE
		                           ? " (see fs.inotify.max_user_instances)"
		                   : errno == ENOSPC ? " (see fs.inotify.max_user_watches)"
		                                     : "";

		dnc_error_set(err, errno, "unable to watch %s: %s%s", path, strerror(errno), hint);
		dnc_arrivals_free(a);
		return NULL;
	}
	signal(SIGIO, SIG_IGN);
	return a;
}

void dnc_arrivals_free(struct dnc_arrivals *a)
{
	struct entry *e, *next;

	if (!a)
		return;
	HASH_ITER(hh, a->entries, e, next)
	arrival_forget(a, e);
	if (a->inotify >= 0)
		close(a->inotify);
	if (a->dir >= 0)
		close(a->dir);
	free(a);
}

int dnc_arrivals_directory(const struct dnc_arrivals *a)
{
	return a->dir;
}

int dnc_arrivals_fd(const struct dnc_arrivals *a)
{
	return a->inotify;
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcasecmp(name + n - m, end) == 0;
}

static bool is_passed_over(const char *name)
{
	/* Of rsync, wget and others; of Firefox; of WinSCP; of Chrome and Edge; of Safari; of Opera; of older browsers; of aria2. */
	static const char *const ends[] = {".tmp", ".part", ".filepart", ".crdownload", ".download",
		".opdownload", ".partial", PARTS_OF_ARIA2, ".rejects", ".reason"};

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (ends_in(name, ends[i]))
			return true;
	return name[0] == '.';
}

/* aria2 gives a download its last name, at its full size, from the beginning, and keeps beside it which parts it lacks. */
static bool lacks_parts(const struct dnc_arrivals *a, struct entry *e)
{
	char beside[NAME_MAX + sizeof PARTS_OF_ARIA2];

	if (snprintf(beside, sizeof beside, "%s%s", e->name, PARTS_OF_ARIA2) >=
			(int)sizeof beside ||
		faccessat(a->dir, beside, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (!e->said)
		dnc_note("%s/%s waits for the rest of its download: %s is beside it", a->path,
			e->name, beside);
	e->said = true;
	e->settling = false;
	e->look_at_ms = arrivals_time(ARRIVAL_LOOK_MS);
	return true;
}

/* Finds or adds the entry NAME. NULL if there is no memory, or too many (code ENOSPC). */
static struct entry *add_entry(struct dnc_arrivals *a, const char *name, struct dnc_error *err)
{
	size_t n = strlen(name);
	struct entry *e;

	HASH_FIND(hh, a->entries, name, n, e);
	if (e)
		return e;
	if (HASH_COUNT(a->entries) >= a->max) {
		if (!a->too_many)
			dnc_warn("%s has more than %zu files: the others are taken later", a->path,
				a->max);
		a->too_many = true;
		dnc_error_set(err, ENOSPC, "too many files");
		return NULL;
	}
	e = calloc(1, sizeof *e + n + 1);
	if (e) {
		memcpy(e->name, name, n + 1);
		HASH_ADD_KEYPTR(hh, a->entries, e->name, n, e);
	}
	if (e && e->hh.tbl)
		return e;
	free(e);
	dnc_error_nomem(err);
	return NULL;
}

static int compare_names(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

struct names {
	char **v;
	size_t count, room;
};

static int list_names(const struct dnc_arrivals *a, struct names *names, struct dnc_error *err)
{
	int fd = openat(a->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int rc = 0;

	if (!dir) {
		dnc_error_set(err, errno, "unable to read %s: %s", a->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (rc == 0 && (errno = 0, d = readdir(dir))) {
		if (is_passed_over(d->d_name))
			continue;
		if (!dnc_array_grow(&names->v, &names->room, names->count + 1) ||
			!(names->v[names->count] = strdup(d->d_name)))
			rc = dnc_error_nomem(err);
		else
			names->count++;
	}
	if (rc == 0 && errno)
		rc = dnc_error_set(err, errno, "unable to read %s: %s", a->path, strerror(errno));
	closedir(dir);
	return rc;
}

/* Adds the names that are new, in their order, and forgets those that have gone. */
static int keep_names(struct dnc_arrivals *a, struct names *names, struct dnc_error *err)
{
	struct entry *e, *next;

	a->scans++;
	if (names->count)
		qsort(names->v, names->count, sizeof *names->v, compare_names);
	for (size_t i = 0; i < names->count; i++) {
		e = add_entry(a, names->v[i], err);
		if (!e && err->code == ENOSPC)
			continue; /* later names may be known */
		if (!e)
			return -1;
		e->scan = a->scans;
		if (e->other) /* it may be replaced by a file */
			e->look_at_ms = 0;
	}
	HASH_ITER(hh, a->entries, e, next)
	{
		if (e->scan != a->scans)
			arrival_forget(a, e);
	}
	return 0;
}

/* Other paths may lead to the directory, but then its name in messages is wrong. */
static int check_directory(const struct dnc_arrivals *a, struct dnc_error *err)
{
	struct stat dir, now;

	if (fstat(a->dir, &dir) < 0)
		return dnc_error_set(err, errno, "unable to read %s: %s", a->path, strerror(errno));
	if (!dir.st_nlink)
		return dnc_error_set(err, ENOENT,
			"%s was deleted: make it again, and start this program again", a->path);
	if (stat(a->path, &now) < 0 || now.st_dev != dir.st_dev || now.st_ino != dir.st_ino)
		return dnc_error_set(err, ENOENT,
			"%s is not the directory that was watched: it was moved, replaced or "
			"unmounted; start this program again with the right one",
			a->path);
	return 0;
}

static int serve_event(
	struct dnc_arrivals *a, const struct inotify_event *event, struct dnc_error *err)
{
	struct entry *e;

	if (event->mask & IN_Q_OVERFLOW) {
		dnc_note("so many files arrived in %s that events were lost: it is listed again",
			a->path);
		a->scan_at_ms = 0;
	}
	if (event->mask & (IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
		return check_directory(a, err) < 0
		               ? -1
		               : dnc_error_set(err, ENOENT,
					 "%s was moved or unmounted: start this program again",
					 a->path);
	if (event->mask & IN_DELETE && a->scan_at_ms > arrivals_time(GONE_SCAN_MS))
		a->scan_at_ms = arrivals_time(GONE_SCAN_MS);
	if (!(event->mask & (IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO)) || !event->len ||
		is_passed_over(event->name))
		return 0;
	e = add_entry(a, event->name, err);
	if (!e)
		return err->code == ENOSPC ? 0 : -1;
	e->scan = a->scans + 1; /* a list that was made before does not have it */
	e->created |= (event->mask & IN_CREATE) != 0;
	e->closed |= (event->mask & IN_CLOSE_WRITE) != 0;
	e->moved_in |= (event->mask & IN_MOVED_TO) != 0;
	e->look_at_ms = 0;
	return 0;
}

static int read_events(struct dnc_arrivals *a, struct dnc_error *err)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));

	for (int i = 0; i < MAX_EVENT_READS; i++) {
		ssize_t n = read(a->inotify, buf, sizeof buf);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return dnc_error_set(
				err, errno, "unable to watch %s: %s", a->path, strerror(errno));
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *event = (const struct inotify_event *)p;

			if (serve_event(a, event, err) < 0)
				return -1;
			p += sizeof *event + event->len;
		}
	}
	return 0;
}

static int scan(struct dnc_arrivals *a, struct dnc_error *err)
{
	struct names names = {0};
	int rc;

	a->scan_at_ms = arrivals_time(a->options.scan_ms);
	rc = check_directory(a, err);
	if (rc == 0)
		rc = list_names(a, &names, err);
	/* Files that arrived meanwhile keep the order of their events. At the start those that were there come first. */
	if (rc == 0 && a->scans)
		rc = read_events(a, err);
	if (rc == 0)
		rc = keep_names(a, &names, err);
	for (size_t i = 0; i < names.count; i++)
		free(names.v[i]);
	free(names.v);
	return rc;
}

/* Opens the entry if it is complete. */
static bool open_complete(struct dnc_arrivals *a, struct entry *e, struct dnc_arrival *file)
{
	if (!arrival_open(a, e, file))
		return false;
	if (arrival_is_complete(a, e, file) && !lacks_parts(a, e))
		return true;
	if (file->fd >= 0)
		close(file->fd);
	return false;
}

/* The next entry that is complete. */
static bool find(struct dnc_arrivals *a, struct dnc_arrival *file)
{
	struct entry *e, *next;
	const char *before = NULL;
	int64_t now = arrivals_time(0);

	HASH_ITER(hh, a->entries, e, next)
	{
		if (e->held || (e->behind && before))
			continue;
		file->name = e->name;
		if (e->look_at_ms <= now && open_complete(a, e, file)) {
			file->before = before;
			a->current = e;
			return true;
		}
		if (file->name && !e->other && !before)
			before = e->name;
	}
	return false;
}

static int wait_ms(const struct dnc_arrivals *a)
{
	int64_t at = a->scan_at_ms, now = arrivals_time(0);
	const struct entry *e;

	for (e = a->entries; e; e = e->hh.next)
		if (!e->held && !e->behind && e->look_at_ms < at)
			at = e->look_at_ms;
	return at <= now ? 0 : (int)(at - now);
}

int dnc_arrivals_next(
	struct dnc_arrivals *a, struct dnc_arrival *file, int *wait, struct dnc_error *err)
{
	if (read_events(a, err) < 0 || (a->scan_at_ms <= arrivals_time(0) && scan(a, err) < 0))
		return -1;
	if (find(a, file))
		return 1;
	*wait = wait_ms(a);
	return 0;
}

void dnc_arrivals_done(struct dnc_arrivals *a, struct dnc_arrival *file, enum dnc_arrival_next next)
{
	struct entry *e = a->current;

	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	a->current = NULL;
	if (next == DNC_ARRIVAL_NOT_AGAIN) {
		arrival_forget(a, e);
		return;
	}
	e->again = true;
	e->held = next == DNC_ARRIVAL_HELD;
	e->behind = next == DNC_ARRIVAL_BEHIND;
	e->settling = e->settles = next == DNC_ARRIVAL_SETTLED;
	e->busy_since_ms = 0;
	arrival_settle(e, &file->st, a->options.settle_ms);
	e->look_at_ms = e->settles  ? e->settled_at_ms
	                : e->behind ? 0
	                            : arrivals_time(ARRIVAL_LOOK_MS);
}
