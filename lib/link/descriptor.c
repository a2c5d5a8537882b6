/* descriptor.c - open descriptors by their names, "fd:N". */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include "link.h"

int dnc_fd_address(const char *address, struct dnc_error *err)
{
	char *end;
	long fd;

	errno = 0;
	fd = strtol(address + 3, &end, 10);
	if (errno || *end || end == address + 3 || fd < 0 || fd > INT_MAX ||
		fcntl((int)fd, F_GETFD) < 0)
		return dnc_error_set(err, EBADF, "%s: no such open descriptor", address);
	return (int)fd;
}
