/* address.c - the sources of an input by their names: files, "unix:PATH", "fd:N" and "systemd". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/passed.h"
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

int dnc_input_add_open_file(struct dnc_input *in, const char *name, int fd, struct dnc_error *err)
{
	struct input_source *s = input_add_source(in);

	if (!s)
		return dnc_error_nomem(err);
	s->file = s->own_fd = true;
	s->stream.name = name;
	s->fd = fd;
	return 0;
}

void dnc_input_expect(struct dnc_input *in, struct dnc_file_version *versions)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->sources[i]->file)
			in->sources[i]->version = versions++;
}

static int add_passed_socket(void *in, int fd)
{
	return input_add_listener(in, fd, "systemd") ? 0 : -1;
}

/* Adds the sockets that the service manager passed. It owns their files, which are not removed. */
static int add_passed(struct dnc_input *in, struct dnc_error *err)
{
	int found = dnc_passed_sockets(false, add_passed_socket, in);

	if (found < 0)
		return dnc_error_nomem(err);
	if (!found)
		return dnc_error_set(err, EINVAL,
			"systemd: no listening Unix socket was passed (see systemd.socket(5))");
	return 0;
}

static int add_unix_socket(struct dnc_input *in, const char *address, struct dnc_error *err)
{
	size_t prefix = strlen("unix:");
	char *name = strndup(address, prefix + dnc_unix_path_length(address + prefix));
	int fd = name ? dnc_unix_socket(address + prefix, true, err) : dnc_error_nomem(err);
	struct input_source *s = fd < 0 ? NULL : input_add_listener(in, fd, name);

	if (s) {
		s->unix_name = name;
		return 0;
	}
	if (fd >= 0) {
		close(fd);
		unlink(name + prefix);
		dnc_error_nomem(err);
	}
	free(name);
	return -1;
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
