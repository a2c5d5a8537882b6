#include "unix_socket.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <stdio.h>
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

/* A socket file whose owner is gone refuses connections; so does every other kind of file. One whose owner does not accept
 * (EAGAIN) is in use: a blocking connect(2) would wait for it. *CODE is set when that can't be found out. */
static bool is_stale(const struct sockaddr_un *address, int *code)
{
	bool stale;
	int fd;

	if (!is_socket(address->sun_path))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		*code = errno;
		return false;
	}
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

size_t dnc_unix_path_length(const char *path)
{
	return strcspn(path, ",");
}

/* Who may connect to a socket that listens. */
struct access {
	mode_t mode; /* 0: as umask(2) says */
	gid_t group; /* -1: that of the process */
};

/* Finds the group NAME in /etc/group or another database of nsswitch.conf(5). */
static int read_group(struct access *a, const char *name, struct dnc_error *err)
{
	struct group group, *found = NULL;
	char text[16384], *end;
	unsigned long number;
	int rc = getgrnam_r(name, &group, text, sizeof text, &found);

	if (found) {
		a->group = group.gr_gid;
		return 0;
	}
	errno = 0;
	number = strtoul(name, &end, 10);
	if (name[0] < '0' || name[0] > '9' || *end || errno || number >= (gid_t)-1)
		return dnc_error_set(err, EINVAL, "group=%s: %s", name,
			rc && rc != ENOENT && rc != ESRCH ? strerror(rc)
							  : "there is no such group");
	a->group = (gid_t)number;
	return 0;
}

static int read_mode(struct access *a, const char *mode, struct dnc_error *err)
{
	size_t n = strlen(mode);

	a->mode = (mode_t)strtoul(mode, NULL, 8);
	if (n && n <= 4 && strspn(mode, "01234567") == n && a->mode && a->mode <= 0777)
		return 0;
	return dnc_error_set(err, EINVAL, "mode=%s: not an octal mode like 0660", mode);
}

/* Reads OPTIONS: ",mode=0660,group=dnc". */
static int read_options(struct access *a, const char *options, struct dnc_error *err)
{
	while (*options) {
		char word[64];
		size_t n = strcspn(++options, ",");
		int rc;

		if (n >= sizeof word)
			return dnc_error_set(
				err, EINVAL, "%.20s...: too long for an option", options);
		memcpy(word, options, n);
		word[n] = '\0';
		options += n;
		if (strncmp(word, "mode=", 5) == 0)
			rc = read_mode(a, word + 5, err);
		else if (strncmp(word, "group=", 6) == 0)
			rc = read_group(a, word + 6, err);
		else
			rc = dnc_error_set(err, EINVAL,
				"\"%s\": after the comma only mode=MODE and group=GROUP are known",
				word);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* Binds FD, and sets mode and group before listen(2) lets anybody connect. */
static int bind_and_listen(
	int fd, const struct sockaddr_un *address, const struct access *a, struct dnc_error *err)
{
	const struct sockaddr *generic = (const struct sockaddr *)address;
	const char *path = address->sun_path, *doing = "listen on";
	int rc = bind(fd, generic, sizeof *address), code = errno;

	if (rc < 0 && code == EADDRINUSE && is_stale(address, &code) && unlink(path) == 0) {
		rc = bind(fd, generic, sizeof *address);
		code = errno;
	}
	if (rc < 0)
		return socket_error(err, doing, path, code);
	if (a->group != (gid_t)-1) {
		doing = "set the group of";
		rc = fchownat(AT_FDCWD, path, (uid_t)-1, a->group, AT_SYMLINK_NOFOLLOW);
	}
	if (rc == 0 && a->mode) {
		doing = "set the mode of";
		rc = fchmodat(AT_FDCWD, path, a->mode, AT_SYMLINK_NOFOLLOW);
	}
	if (rc == 0) {
		doing = "listen on";
		rc = listen(fd, SOMAXCONN);
	}
	if (rc == 0)
		return 0;
	rc = errno;
	unlink(path);
	return socket_error(err, doing, path, rc);
}

static int listen_on(const char *path, struct dnc_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct access access = {.group = (gid_t)-1};
	size_t n = dnc_unix_path_length(path);
	char name[sizeof address.sun_path + 1];
	struct dnc_error wrong;
	int fd;

	snprintf(name, sizeof name, "%.*s", (int)n, path);
	if (!dnc_unix_path_fits(name, err))
		return -1;
	strcpy(address.sun_path, name);
	if (read_options(&access, path + n, &wrong) < 0)
		return dnc_error_set(
			err, EINVAL, "unable to listen on unix:%s: %s", name, wrong.message);
	if (access.group != (gid_t)-1 && !access.mode)
		access.mode = 0660;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return socket_error(err, "create a socket for", name, errno);
	if (bind_and_listen(fd, &address, &access, err) == 0)
		return fd;
	close(fd);
	return -1;
}

int dnc_unix_socket(const char *path, bool listening, struct dnc_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (listening)
		return listen_on(path, err);
	if (!dnc_unix_path_fits(path, err))
		return -1;
	strcpy(address.sun_path, path);
	/* A blocking connect(2) waits until the listener accepts. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return socket_error(err, "create a socket for", path, errno);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	socket_error(err, "connect to", path, errno);
	close(fd);
	return -1;
}
