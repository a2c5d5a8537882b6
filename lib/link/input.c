/* input.c - waits for many places and hands their lines on. */
#include "link.h"
#include "priv/places.h"
#include "priv/outlet.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"

/* A file or pipe is read in large blocks. */
enum { FILE_BLOCK = 256 << 10 };

/* How soon a producer that did not take its acknowledgement is tried again. */
enum { ACK_RETRY_MS = 100 };

/* Between looks while nobody is accepted, or poll(2) fails. */
enum { EXHAUSTED_MS = 500, WAITING_FAILED_MS = 100 };

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

int place_start(struct dnc_input *in, struct place *p, size_t block)
{
	struct stat st;

	p->stream.id = ++in->streams;
	if (p->stream.acked) {
		dnc_input_name(p->stream.id, p->name);
		p->stream.name = p->name;
	}
	if (dnc_lines_init(&p->lines, in->max_line, block) < 0)
		return -1;
	if (fstat(p->fd, &st) == 0) {
		p->stream.size_bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		p->socket = S_ISSOCK(st.st_mode);
		if (p->file && p->own_fd && S_ISREG(st.st_mode))
			p->stream.modified_ns =
				st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
		if (p->file && p->own_fd && S_ISREG(st.st_mode) && !p->stream.modified_ns)
			p->stream.modified_ns = 1; /* as archives set it that want no time */
	}
	if (in->events.open && in->events.open(in->events.ctx, &p->stream) < 0)
		return -1;
	p->lines.lone_cr = p->stream.lone_cr;
	return 0;
}

static int hand_on(struct dnc_input *in, struct place *p)
{
	struct dnc_line line;

	while (dnc_lines_next(&p->lines, &line)) {
		uint64_t before = in->outlet ? dnc_outlet_lines(in->outlet) : 0, after;
		uint64_t rejected = p->stream.rejected;

		if (in->events.line(in->events.ctx, &p->stream, &line) < 0)
			return -1;
		if (!in->outlet || !p->stream.acked)
			continue;
		after = dnc_outlet_lines(in->outlet);
		if (!ack_note(&in->acks, p->stream.id, line.number, after,
			    p->stream.rejected > rejected ? LINE_REJECTED
			    : after > before              ? LINE_PASSED
							  : LINE_DROPPED))
			return dnc_error_nomem(&in->err);
	}
	return 0;
}

/* Half a line was cut off in the middle: of a number, say. */
static void discard_half_line(struct place *p)
{
	size_t n = p->lines.end - p->lines.start;

	if (n)
		dnc_warn("%s ended in the middle of a line: its %zu bytes are discarded",
			p->stream.name, n);
	p->lines.start = p->lines.end;
}

/* The last line without its end counts when it was read WHOLE, from a file or a pipe. */
static int end_place(struct dnc_input *in, struct place *p, bool whole)
{
	int rc;

	p->stream.cut_short = !whole;
	if (!whole || p->socket)
		discard_half_line(p);
	dnc_lines_end(&p->lines);
	rc = hand_on(in, p);
	if (rc == 0 && in->events.close)
		rc = in->events.close(in->events.ctx, &p->stream);
	p->ended = true;
	if (rc < 0 || !producer_waits(p)) {
		in->producers -= p->stream.acked;
		place_remove(in, p);
	}
	return rc;
}

/* A file that somebody cut off while it was read: what is missing was never seen. */
static bool has_shrunk(const struct place *p)
{
	return p->file && p->own_fd && p->stream.read_bytes < p->stream.size_bytes;
}

static void say_shrunk(struct dnc_input *in, struct place *p)
{
	struct dnc_error err;

	dnc_error_set(&err, EIO,
		"%s shrank while it was read: it had %llu bytes and gave %llu; read it again",
		p->stream.name, (unsigned long long)p->stream.size_bytes,
		(unsigned long long)p->stream.read_bytes);
	in->events.failed(in->events.ctx, &p->stream, &err);
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
		in->events.failed(in->events.ctx, &p->stream, &err);
	}
	if (n == 0 && has_shrunk(p)) {
		say_shrunk(in, p);
		return end_place(in, p, false);
	}
	return end_place(in, p, n == 0);
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
			in->events.failed(in->events.ctx, &p->stream, &err);
			place_remove(in, p);
			i--;
			continue;
		}
		file_seen |= p->file;
		if (!p->listening && !p->lines.p && place_start(in, p, FILE_BLOCK) < 0)
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
		if ((p->listening ? producer_accept(in, p) : read_place(in, p)) < 0)
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

		p->stream.cut_short = true;
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

/* poll(2) has failed: the places are as they were, so it is tried again. */
static void waiting_failed(struct dnc_input *in, int code)
{
	const struct timespec t = {.tv_nsec = WAITING_FAILED_MS * 1000000};

	if (!in->waiting_failed)
		dnc_err("unable to wait for input: %s; trying again", strerror(code));
	in->waiting_failed = true;
	nanosleep(&t, NULL);
}

static int wait_for_polls(struct dnc_input *in, size_t listed, int timeout_ms)
{
	int ready = poll(in->polls, (nfds_t)(listed + POLL_PLACES), timeout_ms);

	if (ready < 0 && errno != EINTR) {
		waiting_failed(in, errno);
	} else if (ready >= 0 && in->waiting_failed) {
		dnc_note("waiting for input works again");
		in->waiting_failed = false;
	}
	return ready;
}

/* How long to wait at most, when the outlet asks for TIMEOUT_MS. */
static int wait_ms(const struct dnc_input *in, int timeout_ms)
{
	if (in->acks_due && (timeout_ms < 0 || timeout_ms > ACK_RETRY_MS))
		timeout_ms = ACK_RETRY_MS;
	if (in->accept_at_ms && (timeout_ms < 0 || timeout_ms > EXHAUSTED_MS))
		timeout_ms = EXHAUSTED_MS;
	return timeout_ms;
}

static int serve(struct dnc_input *in)
{
	while (!in->stopping && is_waited_for(in)) {
		int timeout, ready;
		size_t listed;

		if (producers_tell(in) < 0 || list_polls(in, &timeout) < 0)
			return -1;
		listed = in->count;
		if (!listed)
			break;
		ready = wait_for_polls(in, listed, 0);
		if (ready == 0) {
			if (idle(in) < 0 || producers_tell(in) < 0)
				return -1;
			if (listed != in->count || list_polls(in, &timeout) < 0)
				continue;
			ready = wait_for_polls(in, listed, wait_ms(in, timeout));
		}
		if (ready >= 0 && serve_polls(in, listed) < 0)
			return -1;
	}
	return 0;
}

bool dnc_input_failing(const struct dnc_input *in)
{
	return in->waiting_failed;
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

	return producers_tell(in) < 0 ? -1 : rc;
}
