/* input.c - waits for all sources of an input, and serves them in turn. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/log.h"
#include "priv/outlet.h"
#include "priv/producers.h"
#include "priv/route.h"
#include "priv/stream.h"

/* A file or pipe is read in large blocks. */
enum { FILE_BLOCK = 256 << 10 };

/* How soon an acknowledgement is sent again that the producer's socket did not accept, and how soon
 * poll(2) is called again after it has failed. */
enum { ACK_RETRY_MS = 100, POLL_RETRY_MS = 100 };

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

void dnc_input_unpack(struct dnc_input *in, const struct dnc_unpack_options *options)
{
	in->unpacks = true;
	in->unpack = *options;
}

void dnc_input_free(struct dnc_input *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->count; i++)
		input_free_source(in->sources[i]);
	free(in->sources);
	free(in->polls);
	acks_finish(&in->acks);
	close(in->wake);
	free(in);
}

void dnc_input_wake(struct dnc_input *in)
{
	uint64_t one = 1;

	if (write(in->wake, &one, sizeof one) < 0)
		return; /* the counter is full, so it wakes up anyway */
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

/* True while no source is read. */
static bool is_full(const struct dnc_input *in)
{
	return (in->outlet && outlet_full(in->outlet)) || (in->routes && routes_full(in->routes));
}

/* The entries of the routes come behind those of the sources. */
static size_t count_polls(const struct dnc_input *in)
{
	return POLL_SOURCES + in->count + (in->routes ? in->routes->count : 0);
}

/* Lists what to wait for: sockets, descriptors, and the first of the files; none of them while the outlet
 * or a route is full. A file that cannot be opened is reported and removed. */
static int list_polls(struct dnc_input *in, int *timeout_ms)
{
	bool file_seen = is_full(in), full = file_seen;

	if (!dnc_array_grow(&in->polls, &in->poll_room, count_polls(in)))
		return dnc_error_nomem(&in->err);
	if (in->accept_at_ms && dnc_clock_mono_ms() >= in->accept_at_ms)
		in->accept_at_ms = 0;
	in->polls[POLL_WAKE] = (struct pollfd){.fd = in->wake, .events = POLLIN};
	in->polls[POLL_OUTLET] = (struct pollfd){.fd = -1};
	*timeout_ms = -1;
	if (in->outlet)
		outlet_poll(in->outlet, &in->polls[POLL_OUTLET], timeout_ms);
	for (size_t i = 0; i < in->count; i++) {
		struct input_source *s = in->sources[i];
		struct pollfd *entry = &in->polls[POLL_SOURCES + i];
		struct dnc_error err;

		*entry = (struct pollfd){.fd = -1};
		if (s->file && file_seen)
			continue;
		if (!s->lines.p && !s->listening && input_open_source(s, &err) < 0) {
			stream_fail_file(in, s, &err);
			input_remove_source(in, s);
			i--;
			continue;
		}
		file_seen |= s->file;
		if (!s->listening && !s->lines.p && input_start_source(in, s, FILE_BLOCK) < 0)
			return -1;
		if (s->listening && in->accept_at_ms)
			continue;
		/* Of a producer that has ended only the hang-up is of interest. */
		if (!full || s->listening || s->ended)
			*entry = (struct pollfd){
				.fd = s->unpacker ? dnc_unpack_fd(s->unpacker) : s->fd,
				.events = s->ended ? 0 : POLLIN};
	}
	if (in->routes)
		routes_poll(in->routes, &in->polls[POLL_SOURCES + in->count], timeout_ms);
	return 0;
}

static void serve_wake(struct dnc_input *in, short revents)
{
	uint64_t count;

	if (revents && read(in->wake, &count, sizeof count) > 0 && in->events.woken)
		in->events.woken(in->events.ctx);
}

static int serve_polls(struct dnc_input *in)
{
	size_t listed = in->count;

	serve_wake(in, in->polls[POLL_WAKE].revents);
	if (in->outlet && outlet_turn(in->outlet, in->polls[POLL_OUTLET].revents, &in->err) < 0)
		return -1;
	if (in->routes && routes_turn(in->routes, &in->polls[POLL_SOURCES + listed], &in->err) < 0)
		return -1;
	/* Backwards: a source that ends is removed, new ones are appended. */
	for (size_t i = listed; i-- > 0;) {
		struct input_source *s = in->sources[i];

		if (!in->polls[POLL_SOURCES + i].revents || in->polls[POLL_SOURCES + i].fd < 0)
			continue;
		if ((s->listening ? producers_accept(in, s) : input_read_source(in, s)) < 0)
			return -1;
	}
	return 0;
}

static int idle(struct dnc_input *in)
{
	return in->events.idle ? in->events.idle(in->events.ctx) : 0;
}

/* Of a source that has not ended. */
static uint64_t count_unread(const struct input_source *s)
{
	off_t at = s->stream.regular ? lseek(s->fd, 0, SEEK_CUR) : -1;
	uint64_t n = s->lines.end - s->lines.start;
	int waiting = 0;

	if (at >= 0)
		return n + ((uint64_t)at < s->stream.size_bytes
					   ? s->stream.size_bytes - (uint64_t)at
					   : 0);
	return ioctl(s->fd, FIONREAD, &waiting) == 0 && waiting > 0 ? n + (uint64_t)waiting : n;
}

static void note_unread(struct dnc_input *in, uint64_t bytes)
{
	in->lost_bytes += bytes;
	in->cut_files |= bytes > 0;
}

/* Tells the owner that every source that is still open has ended; incomplete lines are discarded. */
static int close_all(struct dnc_input *in)
{
	int rc = 0;

	for (size_t i = 0; i < in->count; i++) {
		struct input_source *s = in->sources[i];

		s->stream.cut_short = true;
		if (!s->ended && !s->listening && !s->stream.acked && s->fd >= 0)
			note_unread(in, count_unread(s));
		if (s->opened && !s->ended && in->events.close &&
			in->events.close(in->events.ctx, &s->stream) < 0)
			rc = -1;
		s->ended = s->lines.p;
	}
	return rc;
}

static void remove_files(struct dnc_input *in)
{
	for (size_t i = in->count; i-- > 0;)
		if (in->sources[i]->file) {
			in->cut_files |= in->sources[i]->stream.cut_short;
			input_remove_source(in, in->sources[i]);
		}
}

bool dnc_input_cut_files(const struct dnc_input *in)
{
	return in->cut_files;
}

uint64_t dnc_input_lost_bytes(const struct dnc_input *in)
{
	return in->lost_bytes;
}

static bool is_awaited(const struct dnc_input *in)
{
	for (size_t i = 0; i < in->count; i++)
		if (!in->sources[i]->ended)
			return true;
	return false;
}

/* poll(2) has failed. The sources are unchanged, so it is tried again. */
static void fail_waiting(struct dnc_input *in, int code)
{
	const struct timespec t = {.tv_nsec = POLL_RETRY_MS * 1000000};

	if (!in->waiting_failed)
		dnc_err("unable to wait for input: %s; retrying", strerror(code));
	in->waiting_failed = true;
	nanosleep(&t, NULL);
}

static int wait_for_polls(struct dnc_input *in, struct pollfd *polls, size_t count, int timeout_ms)
{
	int ready = poll(polls, (nfds_t)count, timeout_ms);

	if (ready < 0 && errno != EINTR) {
		fail_waiting(in, errno);
	} else if (ready >= 0 && in->waiting_failed) {
		dnc_note("input is read again");
		in->waiting_failed = false;
	}
	return ready;
}

static int wait_for_sources(struct dnc_input *in, int timeout_ms)
{
	return wait_for_polls(in, in->polls, count_polls(in), timeout_ms);
}

/* How long to wait at most, when the outlet asks for TIMEOUT_MS. */
static int wait_ms(const struct dnc_input *in, int timeout_ms)
{
	if (in->acks_due && (timeout_ms < 0 || timeout_ms > ACK_RETRY_MS))
		timeout_ms = ACK_RETRY_MS;
	if (in->accept_at_ms && (timeout_ms < 0 || timeout_ms > ACCEPT_RETRY_MS))
		timeout_ms = ACCEPT_RETRY_MS;
	return timeout_ms;
}

static int prepare(struct dnc_input *in, int *timeout_ms)
{
	return producers_notify(in) < 0 || list_polls(in, timeout_ms) < 0 ? -1 : 0;
}

static int serve(struct dnc_input *in)
{
	while (!in->stopping && is_awaited(in)) {
		int timeout, ready;

		if (prepare(in, &timeout) < 0)
			return -1;
		ready = wait_for_sources(in, 0);
		if (ready == 0) {
			if (idle(in) < 0 || prepare(in, &timeout) < 0)
				return -1;
			if (!is_awaited(in))
				break;
			ready = wait_for_sources(in, wait_ms(in, timeout));
		}
		if (ready >= 0 && serve_polls(in) < 0)
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
	int rc;

	in->err = (struct dnc_error){0};
	in->cut_files = false;
	rc = serve(in);
	/* The owner's `close` is called for each source, even after an error. */
	if (close_all(in) < 0)
		rc = -1;
	remove_files(in);
	return rc < 0 ? -1 : idle(in);
}

int dnc_input_wait(struct dnc_input *in, int fd, int wait)
{
	struct pollfd polls[] = {[POLL_WAKE] = {.fd = in->wake, .events = POLLIN},
		[POLL_OUTLET] = {.fd = -1},
		[POLL_SOURCES] = {.fd = fd, .events = POLLIN}};
	int timeout = -1;

	if (in->outlet)
		outlet_poll(in->outlet, &polls[POLL_OUTLET], &timeout);
	if (timeout < 0 || (wait >= 0 && wait < timeout))
		timeout = wait;
	if (wait_for_polls(in, polls, POLL_SOURCES + 1, timeout) < 0)
		return 0;
	serve_wake(in, polls[POLL_WAKE].revents);
	return in->outlet ? outlet_turn(in->outlet, polls[POLL_OUTLET].revents, &in->err) : 0;
}
