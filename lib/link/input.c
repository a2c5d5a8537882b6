/* input.c - waits for many places and hands their lines on. */
#include "link.h"
#include "address.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file or pipe is read in large blocks; a producer's connection starts small, there may be many. */
enum { FILE_BLOCK = 256 << 10, PRODUCER_BLOCK = 16 << 10 };

struct place {
	struct dnc_stream stream;
	struct dnc_lines lines;
	int fd;    /* -1 for a file that is not open yet */
	bool file; /* files are read one after the other */
	bool listening, own_fd;
	char *path;    /* of a listening socket, to be removed; owned */
	char name[32]; /* of a connection */
};

struct dnc_input {
	struct dnc_input_events events;
	size_t max_line;
	struct place **places;
	size_t count, room, producers;
	struct pollfd *polls; /* as many as room, and one for the wake-up */
	int wake;
	uint64_t connections; /* ever, for names */
	atomic_bool stopping;
};

struct dnc_input *dnc_input_new(size_t max_line, const struct dnc_input_events *events)
{
	struct dnc_input *in = calloc(1, sizeof *in);

	if (!in)
		return NULL;
	in->max_line = max_line;
	in->events = *events;
	in->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (in->wake < 0) {
		free(in);
		return NULL;
	}
	return in;
}

static void free_place(struct place *p)
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

void dnc_input_free(struct dnc_input *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->count; i++)
		free_place(in->places[i]);
	free(in->places);
	free(in->polls);
	close(in->wake);
	free(in);
}

static struct place *add_place(struct dnc_input *in)
{
	struct place *p;

	if (in->count == in->room) {
		size_t room = in->room ? in->room * 2 : 8;
		struct place **places = realloc(in->places, room * sizeof *places);
		struct pollfd *polls;

		if (!places)
			return NULL;
		in->places = places;
		polls = realloc(in->polls, (room + 1) * sizeof *polls);
		if (!polls)
			return NULL;
		in->polls = polls;
		in->room = room;
	}
	p = calloc(1, sizeof *p);
	if (p) {
		p->fd = -1;
		in->places[in->count++] = p;
	}
	return p;
}

int dnc_input_add_file(struct dnc_input *in, const char *path, struct dnc_error *err)
{
	struct place *p = add_place(in);

	if (!p)
		return dnc_error_nomem(err);
	p->file = true;
	p->stream.name = strcmp(path, "-") == 0 ? "stdin" : path;
	p->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : -1;
	return 0;
}

int dnc_input_add_address(struct dnc_input *in, const char *address, struct dnc_error *err)
{
	bool is_unix = strncmp(address, "unix:", 5) == 0 && address[5];
	struct place *p;
	int fd;

	if (!is_unix && strncmp(address, "fd:", 3) != 0)
		return dnc_error_set(err, EINVAL, "%s: an input is unix:PATH or fd:N", address);
	fd = is_unix ? dnc_unix_socket(address + 5, true, err) : dnc_fd_address(address, err);
	if (fd < 0)
		return -1;
	p = add_place(in);
	if (!p || (is_unix && !(p->path = strdup(address + 5))))
		return dnc_error_nomem(err);
	p->fd = fd;
	p->own_fd = p->listening = is_unix;
	p->stream.name = address;
	if (is_unix)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	return 0;
}

void dnc_input_stop(struct dnc_input *in)
{
	uint64_t one = 1;

	in->stopping = true;
	if (write(in->wake, &one, sizeof one) < 0)
		return; /* the counter is full: it is awake anyway */
}

/* The file whose turn it is gets opened; files behind it wait. */
static int open_file(struct place *p, struct dnc_error *err)
{
	p->fd = open(p->stream.name, O_RDONLY | O_CLOEXEC);
	if (p->fd < 0)
		return dnc_error_set(
			err, errno, "unable to open %s: %s", p->stream.name, strerror(errno));
	p->own_fd = true;
	return 0;
}

static int start_place(struct dnc_input *in, struct place *p, size_t block)
{
	struct stat st;

	if (dnc_lines_init(&p->lines, in->max_line, block) < 0)
		return -1;
	if (fstat(p->fd, &st) == 0 && S_ISREG(st.st_mode))
		p->stream.size_bytes = (uint64_t)st.st_size;
	return in->events.open ? in->events.open(in->events.ctx, &p->stream) : 0;
}

static int hand_on(struct dnc_input *in, struct place *p)
{
	struct dnc_line line;

	while (dnc_lines_next(&p->lines, &line))
		if (in->events.line(in->events.ctx, &p->stream, &line) < 0)
			return -1;
	return 0;
}

static void remove_place(struct dnc_input *in, struct place *p)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->places[i] == p) {
			memmove(&in->places[i], &in->places[i + 1],
				(in->count - i - 1) * sizeof *in->places);
			in->count--;
			break;
		}
	free_place(p);
}

static int end_place(struct dnc_input *in, struct place *p)
{
	int rc;

	dnc_lines_end(&p->lines);
	rc = hand_on(in, p);
	if (rc == 0 && in->events.close)
		rc = in->events.close(in->events.ctx, &p->stream);
	if (p->name[0])
		in->producers--;
	remove_place(in, p);
	return rc;
}

static int accept_producer(struct dnc_input *in, struct place *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	struct place *p;

	if (fd < 0)
		return 0; /* it went away, or descriptors ran out: asked again soon */
	p = in->producers < DNC_INPUT_MAX_PRODUCERS ? add_place(in) : NULL;
	if (!p) {
		close(fd);
		return 0;
	}
	p->fd = fd;
	p->own_fd = true;
	snprintf(p->name, sizeof p->name, "connection %llu", (unsigned long long)++in->connections);
	p->stream.name = p->name;
	in->producers++;
	return start_place(in, p, PRODUCER_BLOCK);
}

static int read_place(struct dnc_input *in, struct place *p)
{
	struct dnc_error err;
	size_t room;
	char *space = dnc_lines_space(&p->lines, &room);
	ssize_t n;

	if (!space)
		return -1;
	n = read(p->fd, space, room);
	if (n > 0) {
		p->stream.read_bytes += (uint64_t)n;
		dnc_lines_filled(&p->lines, (size_t)n);
		return hand_on(in, p);
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && errno != ECONNRESET) {
		dnc_error_set(
			&err, errno, "unable to read %s: %s", p->stream.name, strerror(errno));
		in->events.failed(in->events.ctx, &err);
	}
	return end_place(in, p);
}

/* Lists what to wait for: sockets, descriptors, and the first of the files. A file that can't be
 * opened is reported and left out. The number of entries, or -1. */
static int list_polls(struct dnc_input *in)
{
	bool file_seen = false;
	int n = 0;

	in->polls[n++] = (struct pollfd){.fd = in->wake, .events = POLLIN};
	for (size_t i = 0; i < in->count; i++) {
		struct place *p = in->places[i];
		struct dnc_error err;

		in->polls[n] = (struct pollfd){.fd = -1};
		if (p->file && file_seen) {
			n++;
			continue;
		}
		if (p->fd == -1 && open_file(p, &err) < 0) {
			in->events.failed(in->events.ctx, &err);
			remove_place(in, p);
			i--;
			continue;
		}
		file_seen |= p->file;
		if (!p->listening && !p->lines.p && start_place(in, p, FILE_BLOCK) < 0)
			return -1;
		in->polls[n++] = (struct pollfd){.fd = p->fd, .events = POLLIN};
	}
	return n;
}

int dnc_input_run(struct dnc_input *in)
{
	while (in->count && !in->stopping) {
		int n = list_polls(in), ready;
		size_t listed = (size_t)n - 1;

		if (n < 0)
			return -1;
		if (!in->count)
			break;
		ready = poll(in->polls, (nfds_t)n, 0);
		if (ready == 0) {
			if (in->events.idle && in->events.idle(in->events.ctx) < 0)
				return -1;
			ready = poll(in->polls, (nfds_t)n, -1);
		}
		if (ready < 0 && errno != EINTR)
			return -1;
		/* Backwards, because a place that ends is taken out; new ones come behind. */
		for (size_t i = listed; ready > 0 && i-- > 0;) {
			struct place *p = in->places[i];

			if (!in->polls[i + 1].revents || in->polls[i + 1].fd < 0)
				continue;
			if ((p->listening ? accept_producer(in, p) : read_place(in, p)) < 0)
				return -1;
		}
	}
	return in->events.idle ? in->events.idle(in->events.ctx) : 0;
}
