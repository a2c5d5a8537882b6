#include "unix_socket.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool is_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int socket_error(struct dnc_error *err, const char *doing, const char *path, int code)
{
	const char *reason = strerror(code);

	if (code == EAGAIN)
		reason = "its listener does not accept connections";
	if (code == EADDRINUSE)
		reason = is_socket(path) ? "another process listens there"
		                         : "it exists and is not a socket";
	return dnc_error_set(err, code, "unable to %s unix:%s: %s", doing, path, reason);
}

/* A socket file whose owner is gone refuses connections; so does every other kind of file. */
static bool is_stale(const struct sockaddr_un *address)
{
	bool stale;
	int fd;

	if (!is_socket(address->sun_path))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 &&
	        errno == ECONNREFUSED;
	close(fd);
	return stale;
}

bool dnc_unix_path_fits(const char *path, struct dnc_error *err)
{
	/* An empty one would be an abstract address, which any process may connect to. */
	if (!path[0]) {
		dnc_error_set(err, EINVAL, "unix: has no path");
		return false;
	}
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
	/* A blocking connect(2) waits until the listener accepts. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (listening ? 0 : SOCK_NONBLOCK), 0);
	if (fd < 0)
		return socket_error(err, "create a socket for", path, errno);
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
