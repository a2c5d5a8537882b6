#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static int fail(const char *act, const char *path, struct dnc_error *err)
{
	return dnc_error_set(err, errno, "unable to %s %s: %s", act, path, strerror(errno));
}

/* Linux: linux/magic.h. */
static bool is_nameless_pipe(int fd)
{
	enum { PIPEFS = 0x50495045 };
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS;
}

static int check_kind(int fd, const char *path, bool pipes, struct dnc_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail("open", path, err);
	if (S_ISREG(st.st_mode) || (pipes && S_ISFIFO(st.st_mode) && is_nameless_pipe(fd)))
		return 0;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return fail("read", path, err);
	}
	return dnc_error_set(err, EINVAL,
		S_ISFIFO(st.st_mode)
			? "%s is a pipe, which can't be read again: write its content to a file"
			: "%s is not a regular file",
		path);
}

/* Without O_NONBLOCK a pipe would wait for its writer, and some devices would wait, too. */
static int open_checked(const char *path, bool pipes, struct dnc_error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return fail("open", path, err);
	if (check_kind(fd, path, pipes, err) == 0)
		return fd;
	close(fd);
	return -1;
}

int dnc_file_open(const char *path, struct dnc_error *err)
{
	int fd = open_checked(path, true, err);

	/* What is read from a pipe is waited for. */
	if (fd < 0 || fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	fail("open", path, err);
	close(fd);
	return -1;
}

FILE *dnc_file_open_stream(const char *path, struct dnc_error *err)
{
	int fd = dnc_file_open(path, err);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !file) {
		dnc_error_nomem(err);
		close(fd);
	}
	return file;
}

int dnc_file_check_again(const char *path, struct dnc_error *err)
{
	int fd = open_checked(path, false, err);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

bool dnc_file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int dnc_file_check_unchanged(
	int fd, const struct stat *before, const char *path, struct dnc_error *err)
{
	struct stat now;

	if (!S_ISREG(before->st_mode))
		return 0;
	if (fstat(fd, &now) < 0)
		return fail("read", path, err);
	if (now.st_size == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == before->st_mtim.tv_nsec)
		return 0;
	return dnc_error_set(err, EAGAIN,
		"%s was written to while it was read: write a new file, rename it to this one, and "
		"try again",
		path);
}

static int write_all(int fd, struct dnc_str text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text.p += n;
		text.n -= (size_t)n;
	}
	return fsync(fd);
}

/* A new file whose content is on disk; its name may not be yet. */
static int write_new(const char *path, mode_t mode, struct dnc_str text, struct dnc_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int rc;

	if (fd < 0)
		return fail("create", path, err);
	rc = write_all(fd, text);
	if (rc < 0)
		fail("write", path, err);
	if (close(fd) < 0 && rc == 0)
		rc = fail("write", path, err);
	if (rc < 0)
		unlink(path);
	return rc;
}

int dnc_file_sync_directory(const char *path, struct dnc_error *err)
{
	const char *slash = strrchr(path, '/');
	char name[PATH_MAX] = ".";
	int fd, rc;

	if (slash)
		snprintf(name, sizeof name, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES) { /* it may be written but not read, as a drop box */
		sync();
		return 0;
	}
	if (fd < 0)
		return fail("open", name, err);
	rc = fsync(fd);
	/* Some file systems sync no directories: EINVAL. */
	if (rc < 0 && errno == EINVAL)
		rc = 0;
	if (rc < 0)
		fail("sync", name, err);
	close(fd);
	return rc;
}

int dnc_file_create(const char *path, mode_t mode, struct dnc_str text, struct dnc_error *err)
{
	if (write_new(path, mode, text, err) < 0)
		return -1;
	if (dnc_file_sync_directory(path, err) == 0)
		return 0;
	unlink(path);
	return -1;
}

/* A file may take the place of this: root's file must not replace a device such as /dev/null, nor a socket its name. */
static int check_replaceable(const char *path, struct dnc_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ||
		S_ISDIR(st.st_mode)) /* a directory: rename() says so */
		return 0;
	return dnc_error_set(err, EINVAL,
		"unable to replace %s: it is not a regular file; name a file that may be replaced",
		path);
}

int dnc_file_replace(const char *path, mode_t mode, struct dnc_str text, struct dnc_error *err)
{
	char fresh[PATH_MAX];

	if (check_replaceable(path, err) < 0)
		return -1;

	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
		errno = ENAMETOOLONG;
		return fail("write", path, err);
	}
	/* The file of a writer that was killed, or a link that another user made. */
	if (unlink(fresh) < 0 && errno != ENOENT)
		return fail("remove", fresh, err);
	if (write_new(fresh, mode, text, err) < 0)
		return -1;
	if (rename(fresh, path) < 0) {
		fail("replace", path, err);
		unlink(fresh);
		return -1;
	}
	return dnc_file_sync_directory(path, err);
}

int dnc_file_lock(const char *path, struct dnc_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0660);

	/* One that another user made; network file systems want it writable. */
	if (fd < 0 && errno == EACCES)
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail("open", path, err);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	fail("lock", path, err);
	close(fd);
	return -1;
}
