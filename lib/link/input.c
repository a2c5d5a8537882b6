/* input.c - waits for many places and hands their lines on. */
#include "link.h"
#include "places.h"
#include "outlet.h"
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
#include "../base/clock.h"
#include "../base/log.h"

/* A file or pipe is read in large blocks; a producer's connection starts small, there may be many. */
enum { FILE_BLOCK = 256 << 10, PRODUCER_BLOCK = 16 << 10 };

/* How soon a producer that did not take its acknowledgement is tried again. */
enum { UNTOLD_MS = 100 };

/* How long nobody is accepted once the descriptors have run out. */
enum { EXHAUSTED_MS = 500 };

struct dnc_input *dnc_input_new(
	size_t max_line, const struct dnc_input_events *events, struct dnc_outlet *outlet)
{
	struct dnc_input *in = calloc(1, sizeof *in);

	if (!in)
		return NULL;
	in->max_line = max_line;
	in->events = *events;
	in->outlet = outlet;
	in->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (in->wake < 0) {
		free(in);
		return NULL;
	}
	return in;
}

void dnc_input_free(struct dnc_input *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->count; i++)
		place_free(in->places[i]);
	free(in->places);
	free(in->polls);
	ack_finish(&in->acks);
	close(in->wake);
	free(in);
}

void dnc_input_wake(struct dnc_input *in)
{
	uint64_t one = 1;

	if (write(in->wake, &one, sizeof one) < 0)
		return; /* the counter is full: it is awake anyway */
}

void dnc_input_stop(struct dnc_input *in)
{
	in->stopping = true;
	dnc_input_wake(in);
}

const struct dnc_error *dnc_input_error(const struct dnc_input *in)
{
	return &in->err;
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
	if (fstat(p->fd, &st) == 0 && S_ISREG(st.st_mode)) {
		p->stream.size_bytes = (uint64_t)st.st_size;
		if (p->file && p->own_fd)
			p->stream.modified_ns =
				st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
		if (p->file && p->own_fd && !p->stream.modified_ns)
			p->stream.modified_ns = 1; /* as archives set it that want no time */
	}
	if (in->events.open && in->events.open(in->events.ctx, &p->stream) < 0)
		return -1;
	p->lines.lone_cr = p->stream.lone_cr;
	return 0;
}

/* Acknowledgements never wait: what the socket does not take now is told with a later count. */
static void tell(struct place *p)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%llu\n", (unsigned long long)p->safe);

	if (send(p->fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) == n)
		p->told = p->safe;
	else if (errno != EAGAIN && errno != EINTR)
		p->told = UINT64_MAX; /* it does not listen any more */
}

void dnc_input_ack(struct dnc_input *in, uint64_t stream_id, uint64_t count)
{
	for (size_t i = 0; i < in->count; i++) {
		struct place *p = in->places[i];

		if (p->stream.id != stream_id)
			continue;
		if (count > p->safe)
			p->safe = count;
		in->untold = true;
		return;
	}
}

static int hand_on(struct dnc_input *in, struct place *p)
{
	struct dnc_line line;

	while (dnc_lines_next(&p->lines, &line)) {
		if (in->events.line(in->events.ctx, &p->stream, &line) < 0)
			return -1;
		if (in->outlet && p->stream.id &&
			!ack_note(
				&in->acks, p->stream.id, line.number, dnc_outlet_lines(in->outlet)))
			return dnc_error_nomem(&in->err);
	}
	return 0;
}

/* A producer that has sent all may still wait for what it was not told. */
static bool waits_for_acks(const struct place *p)
{
	return p->stream.id && p->told < p->lines.number;
}

static int end_place(struct dnc_input *in, struct place *p)
{
	int rc;

	dnc_lines_end(&p->lines);
	rc = hand_on(in, p);
	if (rc == 0 && in->events.close)
		rc = in->events.close(in->events.ctx, &p->stream);
	p->ended = true;
	if (rc < 0 || !waits_for_acks(p)) {
		in->producers -= p->stream.id != 0;
		place_remove(in, p);
	}
	return rc;
}

/* Tells every producer what became safe, and lets those go that know all or are gone. */
static void tell_all(struct dnc_input *in)
{
	struct ack_note note;

	while (in->outlet && ack_take(&in->acks, dnc_outlet_safe(in->outlet), &note))
		dnc_input_ack(in, note.stream_id, note.line);
	if (!in->untold)
		return;
	in->untold = false;
	for (size_t i = in->count; i-- > 0;) {
		struct place *p = in->places[i];

		if (p->stream.id && p->told < p->safe)
			tell(p);
		in->untold |= p->stream.id && p->told < p->safe;
		if (p->ended && !waits_for_acks(p)) {
			in->producers--;
			place_remove(in, p);
		}
	}
}

static int accept_producer(struct dnc_input *in, struct place *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	struct place *p;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		dnc_warn("no descriptors are left: producers wait");
		in->accept_at_ms = dnc_clock_mono_ms() + EXHAUSTED_MS;
	}
	if (fd < 0)
		return 0; /* it went away, or descriptors ran out: asked again soon */
	p = in->producers < DNC_INPUT_MAX_PRODUCERS ? place_add(in) : NULL;
	if (!p) {
		close(fd);
		return 0;
	}
	p->fd = fd;
	p->own_fd = true;
	p->stream.id = ++in->connections;
	snprintf(p->name, sizeof p->name, "connection %llu", (unsigned long long)p->stream.id);
	p->stream.name = p->name;
	in->producers++;
	return start_place(in, p, PRODUCER_BLOCK);
}

static int read_place(struct dnc_input *in, struct place *p)
{
	struct dnc_error err;
	size_t room;
	char *space;
	ssize_t n;

	if (p->ended) { /* it hung up without waiting for the rest */
		in->producers--;
		place_remove(in, p);
		return 0;
	}
	space = dnc_lines_space(&p->lines, &room);
	if (!space)
		return dnc_error_nomem(&in->err);
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

/* Lists what to wait for: sockets, descriptors, and the first of the files; nobody while the outlet
 * is full. A file that can't be opened is reported and left out. */
static int list_polls(struct dnc_input *in, int *timeout_ms)
{
	bool file_seen = in->outlet && dnc_outlet_full(in->outlet), full = file_seen;

	if (in->accept_at_ms && dnc_clock_mono_ms() >= in->accept_at_ms)
		in->accept_at_ms = 0;
	in->polls[POLL_WAKE] = (struct pollfd){.fd = in->wake, .events = POLLIN};
	in->polls[POLL_OUTLET] = (struct pollfd){.fd = -1};
	*timeout_ms = -1;
	if (in->outlet)
		outlet_poll(in->outlet, &in->polls[POLL_OUTLET], timeout_ms);
	for (size_t i = 0; i < in->count; i++) {
		struct place *p = in->places[i];
		struct pollfd *entry = &in->polls[POLL_PLACES + i];
		struct dnc_error err;

		*entry = (struct pollfd){.fd = -1};
		if (p->file && file_seen)
			continue;
		if (p->fd == -1 && open_file(p, &err) < 0) {
			in->events.failed(in->events.ctx, &err);
			place_remove(in, p);
			i--;
			continue;
		}
		file_seen |= p->file;
		if (!p->listening && !p->lines.p && start_place(in, p, FILE_BLOCK) < 0)
			return -1;
		if (p->listening && in->accept_at_ms)
			continue;
		/* One that has ended is only asked whether it hung up. */
		if (!full || p->listening || p->ended)
			*entry = (struct pollfd){.fd = p->fd, .events = p->ended ? 0 : POLLIN};
	}
	return 0;
}

static int serve_polls(struct dnc_input *in, size_t listed)
{
	uint64_t count;

	if (in->polls[POLL_WAKE].revents && read(in->wake, &count, sizeof count) > 0 &&
		in->events.woken)
		in->events.woken(in->events.ctx);
	if (in->outlet && outlet_turn(in->outlet, in->polls[POLL_OUTLET].revents, &in->err) < 0)
		return -1;
	/* Backwards, because a place that ends is taken out; new ones come behind. */
	for (size_t i = listed; i-- > 0;) {
		struct place *p = in->places[i];

		if (!in->polls[POLL_PLACES + i].revents || in->polls[POLL_PLACES + i].fd < 0)
			continue;
		if ((p->listening ? accept_producer(in, p) : read_place(in, p)) < 0)
			return -1;
	}
	return 0;
}

static int idle(struct dnc_input *in)
{
	return in->events.idle ? in->events.idle(in->events.ctx) : 0;
}

/* Whatever still stands open is at its end for its owner; half a line is not handed on. */
static int close_all(struct dnc_input *in)
{
	int rc = 0;

	for (size_t i = 0; i < in->count; i++) {
		struct place *p = in->places[i];

		if (p->lines.p && !p->ended && in->events.close &&
			in->events.close(in->events.ctx, &p->stream) < 0)
			rc = -1;
		p->ended = p->lines.p;
	}
	return rc;
}

static bool is_waited_for(const struct dnc_input *in)
{
	for (size_t i = 0; i < in->count; i++)
		if (!in->places[i]->ended)
			return true;
	return false;
}

static int serve(struct dnc_input *in)
{
	while (!in->stopping && is_waited_for(in)) {
		int timeout, ready;
		size_t listed;

		tell_all(in);
		if (list_polls(in, &timeout) < 0)
			return -1;
		listed = in->count;
		if (!listed)
			break;
		ready = poll(in->polls, (nfds_t)(listed + POLL_PLACES), 0);
		if (ready == 0) {
			if (idle(in) < 0)
				return -1;
			tell_all(in);
			if (listed != in->count || list_polls(in, &timeout) < 0)
				continue;
			if (in->untold && (timeout < 0 || timeout > UNTOLD_MS))
				timeout = UNTOLD_MS;
			if (in->accept_at_ms && (timeout < 0 || timeout > EXHAUSTED_MS))
				timeout = EXHAUSTED_MS;
			ready = poll(in->polls, (nfds_t)(listed + POLL_PLACES), timeout);
		}
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return dnc_error_set(
				&in->err, errno, "unable to wait: %s", strerror(errno));
		if (serve_polls(in, listed) < 0)
			return -1;
	}
	return 0;
}

int dnc_input_run(struct dnc_input *in)
{
	int rc = serve(in);

	/* Whatever happened, the owner of each place learns that it is at its end. */
	if (close_all(in) < 0 || rc < 0)
		return -1;
	return idle(in);
}

int dnc_input_finish(struct dnc_input *in, int64_t wait_ms)
{
	int rc = in->outlet ? dnc_outlet_finish(in->outlet, wait_ms, &in->err) : 0;

	tell_all(in);
	return rc;
}
