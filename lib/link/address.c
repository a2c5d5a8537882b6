/* address.c - the sources of an input by their names: files, "unix:PATH", "fd:N" and "systemd". */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "base/unix_socket.h"
#include "priv/input.h"

int dnc_input_add_file(struct dnc_input *in, const char *path, struct dnc_error *err)
{
	struct input_source *s = input_add_source(in);

	if (!s)
		return dnc_error_nomem(err);
	s->file = true;
	s->stream.name = strcmp(path, "-") == 0 ? "stdin" : path;
	s->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : -1;
	return 0;
}

/* Adds the sockets that the service manager passed. It owns their files, which are not removed. */
static int add_passed(struct dnc_input *in, struct dnc_error *err)
{
	int n = sd_listen_fds(0), found = 0;

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
		if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
			continue;
		if (!input_add_listener(in, fd, "systemd"))
			return dnc_error_nomem(err);
		found++;
	}
	if (!found)
		return dnc_error_set(err, EINVAL,
			"systemd: no listening Unix socket was passed (see systemd.socket(5))");
	return 0;
}

static int add_unix_socket(struct dnc_input *in, const char *address, struct dnc_error *err)
{
	const char *path = address + strlen("unix:");
	int fd = dnc_unix_socket(path, true, err);
	struct input_source *s;

	if (fd < 0)
		return -1;
	s = input_add_listener(in, fd, address);
	if (!s) {
		close(fd);
		unlink(path);
		return dnc_error_nomem(err);
	}
	s->path = strdup(path);
	return s->path ? 0 : dnc_error_nomem(err);
}

static int add_fd(struct dnc_input *in, const char *address, struct dnc_error *err)
{
	int fd = dnc_fd_address(address, err);
	struct input_source *s;

	if (fd < 0)
		return -1;
	s = input_add_source(in);
	if (!s)
		return dnc_error_nomem(err);
	s->fd = fd;
	s->stream.name = address;
	return 0;
}

int dnc_input_add_address(struct dnc_input *in, const char *address, struct dnc_error *err)
{
	if (strcmp(address, "systemd") == 0)
		return add_passed(in, err);
	if (strncmp(address, "unix:", 5) == 0 && address[5])
		return add_unix_socket(in, address, err);
	if (strncmp(address, "fd:", 3) == 0)
		return add_fd(in, address, err);
	return dnc_error_set(err, EINVAL, "%s: not unix:PATH, fd:N or systemd", address);
}
