#include "temporary.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *dnc_temporary_dir(const char *given)
{
	const char *dir = given ? given : getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

int dnc_temporary_fail(const char *dir, const char *act, int code, struct dnc_error *err)
{
	const char *why = strerror(code);

	/* A directory that is missing is no service that does not answer, and its long name no wrong option. */
	if (code == ENOENT || code == ENAMETOOLONG || code == EINVAL || code == EBADF)
		code = EIO;
	return dnc_error_set(err, code,
		"unable to %s a temporary file in %s: %s (TMPDIR names another directory)", act,
		dir, why);
}

/* Not all file systems can make files without a name. */
int dnc_temporary_open(const char *dir, struct dnc_error *err)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	char path[PATH_MAX];

	if (fd >= 0)
		return fd;
	if (snprintf(path, sizeof path, "%s/dnc-XXXXXX", dir) >= (int)sizeof path)
		return dnc_temporary_fail(dir, "create", ENAMETOOLONG, err);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return dnc_temporary_fail(dir, "create", errno, err);
	unlink(path);
	return fd;
}
