/* address.c - Unix sockets and descriptors by name. */
#include "link.h"
#include "address.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int socket_error(struct dnc_error *err, const char *doing, const char *path, int code)
{
	return dnc_error_set(err, code, "unable to %s unix:%s: %s", doing, path,
		code == EADDRINUSE ? "another process listens there" : strerror(code));
}

/* A socket file whose owner is gone refuses connections. */
static bool is_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 &&
	        errno == ECONNREFUSED;
	close(fd);
	return stale;
}

bool dnc_unix_path_fits(const char *path, struct dnc_error *err)
{
	if (strlen(path) < sizeof((struct sockaddr_un *)0)->sun_path)
		return true;
	socket_error(err, "use", path, ENAMETOOLONG);
	return false;
}

int dnc_unix_socket(const char *path, bool listening, struct dnc_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct sockaddr *generic = (const struct sockaddr *)&address;
	int fd, rc;

	if (!dnc_unix_path_fits(path, err))
		return -1;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return socket_error(err, "make a socket for", path, errno);
	if (!listening) {
		if (connect(fd, generic, sizeof address) == 0)
			return fd;
		socket_error(err, "connect to", path, errno);
		close(fd);
		return -1;
	}
	rc = bind(fd, generic, sizeof address);
	if (rc < 0 && errno == EADDRINUSE && is_stale(&address) && unlink(path) == 0)
		rc = bind(fd, generic, sizeof address);
	if (rc == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	socket_error(err, "listen on", path, errno);
	close(fd);
	return -1;
}

int dnc_fd_address(const char *address, struct dnc_error *err)
{
	char *end;
	long fd;

	errno = 0;
	fd = strtol(address + 3, &end, 10);
	if (errno || *end || end == address + 3 || fd < 0 || fd > INT_MAX ||
		fcntl((int)fd, F_GETFD) < 0) {
		dnc_error_set(err, EBADF, "%s: no such open descriptor", address);
		return -1;
	}
	return (int)fd;
}
