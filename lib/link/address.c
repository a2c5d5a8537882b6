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

int dnc_unix_socket(const char *path, bool listening, struct dnc_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct sockaddr *generic = (const struct sockaddr *)&address;
	int fd, rc;

	if (strlen(path) >= sizeof address.sun_path)
		return socket_error(err, "use", path, ENAMETOOLONG);
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

int dnc_output_open(const char *address, struct dnc_error *err)
{
	if (strncmp(address, "unix:", 5) == 0 && address[5])
		return dnc_unix_socket(address + 5, false, err);
	if (strncmp(address, "fd:", 3) == 0)
		return dnc_fd_address(address, err);
	return dnc_error_set(err, EINVAL, "%s: an output is unix:PATH or fd:N", address);
}
