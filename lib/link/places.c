/* places.c - files, descriptors and sockets as places of an input. */
#include "priv/places.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "base/array.h"
#include "base/unix_socket.h"

struct place *place_add(struct dnc_input *in)
{
	struct place *p;

	if (!dnc_array_grow(&in->places, &in->room, in->count + 1) ||
		!dnc_array_grow(&in->polls, &in->poll_room, in->room + POLL_PLACES))
		return NULL;
	p = calloc(1, sizeof *p);
	if (p) {
		p->fd = -1;
		in->places[in->count++] = p;
	}
	return p;
}

int dnc_input_add_file(struct dnc_input *in, const char *path, struct dnc_error *err)
{
	struct place *p = place_add(in);

	if (!p)
		return dnc_error_nomem(err);
	p->file = true;
	p->stream.name = strcmp(path, "-") == 0 ? "stdin" : path;
	p->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : -1;
	return 0;
}

static struct place *add_listener(struct dnc_input *in, int fd, const char *name)
{
	struct place *p = place_add(in);

	if (!p)
		return NULL;
	p->fd = fd;
	p->own_fd = p->listening = true;
	p->stream.name = name;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return p;
}

/* The sockets that the service manager passed: they are its own, and outlive us. */
static int add_passed(struct dnc_input *in, struct dnc_error *err)
{
	int n = sd_listen_fds(0), found = 0;

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
		if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
			continue;
		if (!add_listener(in, fd, "systemd"))
			return dnc_error_nomem(err);
		found++;
	}
	return found ? 0
	             : dnc_error_set(err, EINVAL,
			       "systemd: no listening Unix socket was passed (see systemd.socket(5))");
}

int dnc_input_add_address(struct dnc_input *in, const char *address, struct dnc_error *err)
{
	struct place *p;
	int fd;

	if (strcmp(address, "systemd") == 0)
		return add_passed(in, err);
	if (strncmp(address, "unix:", 5) == 0 && address[5]) {
		fd = dnc_unix_socket(address + 5, true, err);
		if (fd < 0)
			return -1;
		p = add_listener(in, fd, address);
		if (!p || !(p->path = strdup(address + 5)))
			return dnc_error_nomem(err);
		return 0;
	}
	if (strncmp(address, "fd:", 3) != 0)
		return dnc_error_set(
			err, EINVAL, "%s: an input is unix:PATH, fd:N or systemd", address);
	fd = dnc_fd_address(address, err);
	if (fd < 0)
		return -1;
	p = place_add(in);
	if (!p)
		return dnc_error_nomem(err);
	p->fd = fd;
	p->stream.name = address;
	return 0;
}

void place_free(struct place *p)
{
	if (p->own_fd && p->fd >= 0)
		close(p->fd);
	if (p->path) {
		unlink(p->path);
		free(p->path);
	}
	dnc_lines_finish(&p->lines);
	free(p);
}

void place_remove(struct dnc_input *in, struct place *p)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->places[i] == p) {
			memmove(&in->places[i], &in->places[i + 1],
				(in->count - i - 1) * sizeof *in->places);
			in->count--;
			break;
		}
	place_free(p);
}
