#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int fail(const char *act, const char *path, struct dnc_error *err)
{
	return dnc_error_set(err, errno, "unable to %s %s: %s", act, path, strerror(errno));
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

int dnc_file_replace(const char *path, mode_t mode, struct dnc_str text, struct dnc_error *err)
{
	char fresh[PATH_MAX];

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
