#include "filing.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "log.h"
#include "priv/arrival.h"
#include "priv/moving.h"
#include "utf8.h"

const char *const dnc_filing_folders[] = {"done", "failed", NULL};

/* What is in the directory while it is used; the first ones are papers. */
enum { REJECTS, REASON, PAPERS, MOVING = PAPERS, LOCK, WORKS };

static const char *const suffixes[] = {".rejects", ".reason", ".moving", ".lock"};

_Static_assert(sizeof suffixes / sizeof *suffixes == WORKS, "one suffix each");
_Static_assert(WORKS == (int)DNC_FILING_WORKS, "one name each");

enum {
	NAME_BYTES = 220, /* of a name, so that number and suffix have room in NAME_MAX */
	MAX_NUMBER = 100000,
};

static int fail(
	const struct dnc_filing *f, const char *act, const char *name, struct dnc_error *err)
{
	return dnc_error_set(
		err, errno, "unable to %s %s/%s: %s", act, f->path, name, strerror(errno));
}

static int take_lock(struct dnc_filing *f, struct dnc_error *err)
{
	f->lock = openat(f->dir, f->work[LOCK],
		O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0660);
	/* One that another user made; network file systems want it writable. */
	if (f->lock < 0 && errno == EACCES)
		f->lock = openat(
			f->dir, f->work[LOCK], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (f->lock < 0)
		return fail(f, "create", f->work[LOCK], err);
	if (flock(f->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		dnc_error_set(err, EAGAIN, "another process watches %s", f->path);
	else
		fail(f, "lock", f->work[LOCK], err);
	close(f->lock);
	f->lock = -1;
	return -1;
}

/* Also after somebody has removed them. */
static int make_folders(const struct dnc_filing *f, struct dnc_error *err)
{
	struct stat dir, st;

	if (fstat(f->dir, &dir) < 0)
		return fail(f, "read", "", err);
	for (const char *const *name = dnc_filing_folders; *name; name++) {
		if (mkdirat(f->dir, *name, 0770) < 0 && errno != EEXIST)
			return fail(f, "create", *name, err);
		if (fstatat(f->dir, *name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return fail(f, "read", *name, err);
		if (!S_ISDIR(st.st_mode))
			return dnc_error_set(err, ENOTDIR, "%s/%s is not a directory: move it away",
				f->path, *name);
		if (st.st_dev != dir.st_dev)
			return dnc_error_set(err, EXDEV,
				"%s/%s is on another file system: files are moved at once, which "
				"needs a directory on the same one",
				f->path, *name);
	}
	return 0;
}

static bool exists(const struct dnc_filing *f, const char *name)
{
	struct stat st;

	/* What can't be looked at may be there. */
	return fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       (errno != ENOENT && errno != ENOTDIR);
}

static int remove_work(const struct dnc_filing *f, const char *name, struct dnc_error *err)
{
	return unlinkat(f->dir, name, 0) < 0 && errno != ENOENT ? fail(f, "remove", name, err) : 0;
}

/* Moves the papers beside the file, which is in its folder. */
static int move_papers(const struct dnc_filing *f, struct dnc_error *err)
{
	for (size_t i = 0; i < PAPERS; i++) {
		char to[sizeof f->target + 16];

		snprintf(to, sizeof to, "%s%s", f->target, suffixes[i]);
		if (renameat(f->dir, f->work[i], f->dir, to) < 0 && errno != ENOENT)
			return fail(f, "create", to, err);
	}
	return remove_work(f, f->work[MOVING], err);
}

/* The names of the work files. */
static int name_works(struct dnc_filing *f, const char *prefix, struct dnc_error *err)
{
	for (size_t i = 0; i < WORKS; i++)
		if (snprintf(f->work[i], sizeof f->work[i], "%s%s", prefix, suffixes[i]) >=
			(int)sizeof f->work[i])
			return dnc_error_set(err, ENAMETOOLONG, "%s: the name is too long", prefix);
	if (snprintf(f->rejects, sizeof f->rejects, "%s/%s", f->path, f->work[REJECTS]) >=
		(int)sizeof f->rejects)
		return dnc_error_set(err, ENAMETOOLONG, "%s: the name is too long", f->path);
	return 0;
}

void dnc_filing_close(struct dnc_filing *f)
{
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
}

int dnc_filing_begin(struct dnc_filing *f, struct dnc_error *err)
{
	f->target[0] = '\0';
	f->moved = f->checked = f->gone = false;
	for (size_t i = 0; i < PAPERS; i++)
		if (remove_work(f, f->work[i], err) < 0)
			return -1;
	return remove_work(f, f->work[MOVING], err);
}

/* Waits until the rejects are on disk. Returns 1 if there are any; none at all are removed. */
static int sync_rejects(const struct dnc_filing *f, struct dnc_error *err)
{
	const char *work = f->work[REJECTS];
	int fd = openat(f->dir, work, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : fail(f, "read", work, err);
	rc = fstat(fd, &st);
	if (rc == 0 && st.st_size)
		rc = fsync(fd);
	if (rc < 0)
		fail(f, "write", work, err);
	close(fd);
	if (rc < 0)
		return -1;
	return st.st_size ? 1 : remove_work(f, work, err);
}

static int write_work(
	const struct dnc_filing *f, const char *name, struct dnc_str text, struct dnc_error *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", f->path, name);
	return dnc_file_replace(path, 0640, text, err);
}

static bool is_free(const struct dnc_filing *f)
{
	char name[sizeof f->target + 16];

	if (exists(f, f->target))
		return false;
	for (size_t i = 0; i < PAPERS; i++) {
		snprintf(name, sizeof name, "%s%s", f->target, suffixes[i]);
		if (exists(f, name))
			return false;
	}
	return true;
}

static int choose_target(struct dnc_filing *f, const char *name, enum dnc_filing_folder folder,
	struct dnc_error *err)
{
	size_t n = strlen(name);

	if (n > NAME_BYTES)
		n = dnc_utf8_whole(name, NAME_BYTES);
	for (unsigned i = 0; i < MAX_NUMBER; i++) {
		int k = snprintf(f->target, sizeof f->target, "%s/%.*s", dnc_filing_folders[folder],
			(int)n, name);

		if (i)
			snprintf(f->target + k, sizeof f->target - (size_t)k, ".%u", i);
		if (is_free(f))
			return 0;
	}
	f->target[0] = '\0';
	return dnc_error_set(err, EEXIST, "%s/%s has %d files with the name %s: move them away",
		f->path, dnc_filing_folders[folder], MAX_NUMBER, name);
}

/* Without papers it need not be on disk: it is for a process that is killed, and nothing is lost if the machine fails. */
static int write_moving(const struct dnc_filing *f, const struct dnc_arrival *file, bool papers,
	struct dnc_error *err)
{
	char text[MOVING_BYTES];
	struct dnc_str record = {text, moving_format(text, f->target, file)};
	int fd, rc;

	if (papers)
		return write_work(f, f->work[MOVING], record, err);
	fd = openat(f->dir, f->work[MOVING],
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	rc = fd >= 0 && write(fd, record.p, record.n) == (ssize_t)record.n
	             ? 0
	             : fail(f, "write", f->work[MOVING], err);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Prepares all that must be there before the file is moved. */
static int prepare(struct dnc_filing *f, const struct dnc_arrival *file,
	enum dnc_filing_folder folder, const char *reason, struct dnc_error *err)
{
	int rejects;

	if (make_folders(f, err) < 0)
		return -1;
	rejects = sync_rejects(f, err);
	if (rejects < 0)
		return -1;
	if (reason && write_work(f, f->work[REASON], dnc_str(reason), err) < 0)
		return -1;
	if (choose_target(f, file->name, folder, err) < 0)
		return -1;
	if (write_moving(f, file, rejects || reason, err) < 0) {
		f->target[0] = '\0';
		return -1;
	}
	return 0;
}

/* Moves what is in the folder back to NAME, or to a name that is free. */
static int put_back(struct dnc_filing *f, const char *name, struct dnc_error *err)
{
	char free_name[NAME_MAX + 1];
	size_t n = strlen(name);

	if (moving_rename_back(f->dir, f->target, name) == 0)
		return 0;
	if (n > NAME_BYTES)
		n = dnc_utf8_whole(name, NAME_BYTES);
	for (unsigned i = 1; errno == EEXIST && i < MAX_NUMBER; i++) {
		snprintf(free_name, sizeof free_name, "%.*s.%u", (int)n, name, i);
		if (moving_rename_back(f->dir, f->target, free_name) < 0)
			continue;
		dnc_note("%s/%s: the name was taken meanwhile; it is %s now", f->path, name,
			free_name);
		return 0;
	}
	return dnc_error_set(err, errno,
		"%s/%s was not read, and can't be moved back: %s; move it to %s", f->path,
		f->target, strerror(errno), f->path);
}

/* Moves the file. Returns 1 if it has changed. */
static int move_file(struct dnc_filing *f, const struct dnc_arrival *file, struct dnc_error *err)
{
	enum dnc_arrival_state state = arrival_compare(f->dir, file->name, file);

	if (state == DNC_ARRIVAL_UNKNOWN)
		return fail(f, "read", file->name, err);
	if (state == DNC_ARRIVAL_CHANGED)
		return 1;
	f->gone = state == DNC_ARRIVAL_GONE;
	if (!f->gone && moving_rename(f->dir, file->name, f->target) < 0) {
		if (errno != ENOENT)
			return dnc_error_set(err, errno, "unable to move %s/%s to %s: %s", f->path,
				file->name, f->target, strerror(errno));
		f->gone = true;
	}
	f->moved = true;
	return 0;
}

/* Another file may have taken the name just before it was moved, or a program may have opened it to write. After that nobody
 * opens it by its name. Returns 1 if it has changed. */
static int check_moved(struct dnc_filing *f, const struct dnc_arrival *file, struct dnc_error *err)
{
	enum dnc_arrival_state state =
		f->gone ? DNC_ARRIVAL_SAME : arrival_compare(f->dir, f->target, file);

	if (state == DNC_ARRIVAL_UNKNOWN)
		return fail(f, "read", f->target, err);
	if (state != DNC_ARRIVAL_SAME && exists(f, f->target) && put_back(f, file->name, err) < 0)
		return -1;
	f->gone |= state == DNC_ARRIVAL_GONE;
	f->checked = true;
	return state == DNC_ARRIVAL_CHANGED;
}

/* Completes the move of the file that M says, as check_moved() does: a process that was killed may have moved another file,
 * which nobody has read, or one that was changed since. */
static int complete(struct dnc_filing *f, const struct moving *m, struct dnc_error *err)
{
	struct dnc_arrival file = {.name = m->name, .fd = -1, .st = m->st};
	int rc;

	moving_set_device(f->dir, m->name, &file);
	if (m->name[0] && arrival_compare(f->dir, m->name, &file) != DNC_ARRIVAL_GONE)
		return 0; /* it was not moved, and is read again */
	memcpy(f->target, m->target, sizeof f->target);
	if (!m->name[0] && !exists(f, f->target))
		return 0;
	dnc_note("%s/%s: completing its move, which was interrupted", f->path, f->target);
	if (!m->name[0])
		return move_papers(f, err);
	file.fd = openat(
		f->dir, f->target, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	moving_set_device(f->dir, f->target, &file);
	rc = check_moved(f, &file, err);
	if (file.fd >= 0)
		close(file.fd);
	if (rc > 0)
		dnc_note("%s/%s was changed after it was read: it is read again", f->path, m->name);
	return rc ? rc : move_papers(f, err);
}

/* What a process that was killed has left. */
static int recover(struct dnc_filing *f, struct dnc_error *err)
{
	struct moving m;
	char name[DNC_FILING_WORK_BYTES + 8];

	if (moving_read(&m, f->dir, f->work[MOVING], dnc_filing_folders) &&
		complete(f, &m, err) < 0)
		return -1;
	for (size_t i = REASON; i <= MOVING; i++) {
		snprintf(name, sizeof name, "%s.new", f->work[i]); /* of dnc_file_replace() */
		if (remove_work(f, name, err) < 0)
			return -1;
	}
	return dnc_filing_begin(f, err);
}

int dnc_filing_open(
	struct dnc_filing *f, const char *path, int dir, const char *prefix, struct dnc_error *err)
{
	*f = (struct dnc_filing){.path = path, .dir = dir, .lock = -1};
	if (name_works(f, prefix, err) < 0 || take_lock(f, err) < 0)
		return -1;
	if (make_folders(f, err) == 0 && recover(f, err) == 0)
		return 0;
	dnc_filing_close(f);
	return -1;
}

/* The reasons of earlier attempts, whose files were moved back, hold no longer. */
static void remove_reasons(const struct dnc_filing *f, const char *name)
{
	char path[2 * NAME_MAX], number[16] = "";
	bool more = true;

	for (unsigned i = 1; more && i < MAX_NUMBER; i++) {
		int n = snprintf(path, sizeof path, "failed/%s%s", name, number);

		more = exists(f, path);
		snprintf(path + n, sizeof path - (size_t)n, "%s", suffixes[REASON]);
		more = more || unlinkat(f->dir, path, 0) == 0;
		snprintf(number, sizeof number, ".%u", i);
	}
}

int dnc_filing_move(struct dnc_filing *f, const struct dnc_arrival *file,
	enum dnc_filing_folder folder, const char *reason, struct dnc_error *err)
{
	int rc = 0;

	if (!f->moved && prepare(f, file, folder, reason, err) < 0)
		return -1;
	if (!f->moved)
		rc = move_file(f, file, err);
	if (rc == 0 && !f->checked)
		rc = check_moved(f, file, err);
	if (rc == 0)
		rc = move_papers(f, err);
	if (rc == 0 && folder == DNC_FILING_DONE)
		remove_reasons(f, file->name);
	return rc;
}
