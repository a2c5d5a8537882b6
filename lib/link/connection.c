/* connection.c - connects to a reader, sends lines and reads acknowledgements. */
#include "priv/connection.h"
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/unix_socket.h"
#include "priv/loss.h"

enum {
	FULL_BYTES = 4 << 20,    /* unacknowledged bytes past which a connection is full */
	BLOCK_BYTES = 128 << 10, /* unsent bytes past which a send is tried */
	MAX_ACK_READS = 64,      /* at once: more than a socket holds */
	BACKOFF_MIN_MS = 100,
	BACKOFF_MAX_MS = 5000,
};

int connection_init(
	struct connection *c, const char *address, int64_t patience_ms, struct dnc_error *err)
{
	*c = (struct connection){.fd = -1,
		.address = address,
		.stall.limit_ms = STALL_MS,
		.backoff_ms = BACKOFF_MIN_MS,
		.down_since_ms = dnc_clock_mono_ms(),
		.give_up_at_ms = dnc_clock_mono_ms() + patience_ms};
	if (readers_read(&c->readers, address, err) == 0)
		return 0;
	readers_free(&c->readers);
	return -1;
}

const char *connection_name(const struct connection *c)
{
	return c->fd >= 0 ? readers_now(&c->readers) : c->address;
}

void connection_finish(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	readers_free(&c->readers);
	dnc_buf_free(&c->buf);
}

/* Waits between one half and one and a half of the backoff, so that stages that lost the same reader do not
 * all connect at once. */
static void schedule_retry(struct connection *c)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
		random = 0;
	c->retry_at_ms = dnc_clock_mono_ms() + c->backoff_ms / 2 + random % (unsigned)c->backoff_ms;
	c->backoff_ms = c->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : c->backoff_ms * 2;
}

/* The lines from the first one that is not acknowledged before the byte UNTIL. */
static uint64_t count_lines(const struct connection *c, size_t until)
{
	const char *end = c->buf.p + until;
	uint64_t n = 0;

	for (const char *p = c->buf.p + c->first;
		p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n;
}

/* What was not acknowledged will be sent again. */
static void disconnect(struct connection *c, const char *why)
{
	/* The lines that the reader may have although it has not acknowledged them. */
	uint64_t sent = count_lines(c, c->sent);

	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->fruitless = c->count ? 0 : c->fruitless + (sent > 0);
	dnc_error_set(&c->connect_err, EIO, "%s", why);
	if (sent > c->again)
		c->again = sent;
	c->sent = c->first;
	c->count = 0;
	c->totals = (struct dnc_outcome){0};
	c->ack_bytes = 0;
	if (!c->down_since_ms)
		c->down_since_ms = dnc_clock_mono_ms();
	loss_begins(c, why);
	if (readers_next(&c->readers))
		c->retry_at_ms = 0;
	else
		schedule_retry(c);
}

/* FD is connected to the reader in use. */
static void connected(struct connection *c, int fd)
{
	bool other = c->readers.at != c->reader;

	c->fd = fd;
	c->made++;
	c->changes += other;
	c->reader = c->readers.at;
	c->give_up_at_ms = c->down_since_ms = 0;
	if (c->fruitless >= LOSS_FRUITLESS_SAID)
		return;
	c->backoff_ms = BACKOFF_MIN_MS;
	loss_ends(c, other);
}

static int try_connect(struct connection *c, struct dnc_error *err)
{
	do {
		int fd = dnc_unix_socket(readers_path(&c->readers, c->readers.at), false, err);

		if (fd >= 0) {
			connected(c, fd);
			return 0;
		}
		c->connect_err = *err;
		loss_adds(c, err->message);
	} while (readers_next(&c->readers));
	loss_stays(c);
	if (c->give_up_at_ms && dnc_clock_mono_ms() >= c->give_up_at_ms) {
		*err = c->connect_err;
		return -1;
	}
	schedule_retry(c);
	return 0;
}

/* COUNT lines of this connection are safe now. False if that is more than were sent. */
static bool apply_count(struct connection *c, uint64_t count)
{
	uint64_t more = count > c->count ? count - c->count : 0;
	size_t first = c->first;

	for (uint64_t i = 0; i < more; i++) {
		const char *newline = NULL;

		if (c->sent > first)
			newline = memchr(c->buf.p + first, '\n', c->sent - first);
		if (!newline)
			return false;
		first = (size_t)(newline - c->buf.p) + 1;
	}
	c->first = first;
	if (more)
		readers_proven(&c->readers);
	if (more && c->fruitless >= LOSS_FRUITLESS_SAID) {
		dnc_note("%s acknowledges again", readers_now(&c->readers));
		c->backoff_ms = BACKOFF_MIN_MS;
		c->loss_logged = false;
	}
	c->fruitless = more ? 0 : c->fruitless;
	c->count += more;
	c->safe += more;
	if (c->first > c->buf.n / 2) {
		memmove(c->buf.p, c->buf.p + c->first, c->buf.n - c->first);
		c->buf.n -= c->first;
		c->sent -= c->first;
		c->first = 0;
	}
	return true;
}

/* Adds to SUM what a total has grown by since LAST. */
static void add_growth(uint64_t *sum, uint64_t *last, uint64_t now)
{
	if (now <= *last)
		return;
	*sum += now - *last;
	*last = now;
}

/* The next MORE lines are safe. Duplicates among those that were sent again may have been new when they were sent
 * first. */
static void count_unclear(struct connection *c, uint64_t more, uint64_t duplicates)
{
	uint64_t again = c->again < more ? c->again : more;

	c->again -= again;
	c->outcome.unclear += duplicates < again ? duplicates : again;
}

/* False if the line is no acknowledgement. */
static bool apply_ack(struct connection *c)
{
	uint64_t count, safe = c->safe, duplicates = c->outcome.duplicates;
	struct dnc_outcome reported;

	if (!ack_read((struct dnc_str){c->ack, c->ack_bytes}, &count, &reported) ||
		!apply_count(c, count))
		return false;
	add_growth(&c->outcome.duplicates, &c->totals.duplicates, reported.duplicates);
	add_growth(&c->outcome.rejected, &c->totals.rejected, reported.rejected);
	add_growth(&c->outcome.dropped, &c->totals.dropped, reported.dropped);
	add_growth(&c->outcome.unclear, &c->totals.unclear, reported.unclear);
	add_growth(&c->outcome.releases, &c->totals.releases, reported.releases);
	add_growth(&c->outcome.others, &c->totals.others, reported.others);
	count_unclear(c, c->safe - safe, c->outcome.duplicates - duplicates);
	c->ack_bytes = 0;
	return true;
}

/* False if there may be no more of them now. */
static bool read_acks(struct connection *c)
{
	char bytes[4096];
	ssize_t n = read(c->fd, bytes, sizeof bytes);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		disconnect(c, n ? strerror(errno) : "closed by the reader");
	if (n <= 0)
		return false;
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] != '\n' && c->ack_bytes < sizeof c->ack) {
			c->ack[c->ack_bytes++] = bytes[i];
		} else if (bytes[i] != '\n' || !apply_ack(c)) {
			disconnect(c, "invalid acknowledgement received");
			return false;
		}
	}
	return n == sizeof bytes;
}

/* Also those that a reader which has left had sent before. */
static void drain_acks(struct connection *c)
{
	for (int i = 0; i < MAX_ACK_READS && read_acks(c); i++)
		;
}

/* The owner may have so much to send that it does not wait for long: acknowledgements are read meanwhile, because what is not
 * known to be safe when the connection is lost is sent again, and its outcome is unclear then. */
static void send_more(struct connection *c)
{
	if (c->fd >= 0 && c->sent < c->buf.n)
		drain_acks(c);
	while (c->fd >= 0 && c->sent < c->buf.n) {
		ssize_t n = send(c->fd, c->buf.p + c->sent, c->buf.n - c->sent, MSG_NOSIGNAL);
		int code = errno;

		if (n >= 0) {
			c->sent += (size_t)n;
		} else if (code == EAGAIN) {
			return;
		} else if (code != EINTR) {
			drain_acks(c);
			if (c->fd >= 0)
				disconnect(c, strerror(code));
		}
	}
}

/* Another reader takes over, if one can be reached: one that is slow is better than none. */
static void leave_reader(struct connection *c, int64_t now)
{
	const size_t before = c->readers.at;
	char why[64];

	for (size_t i = 1; i < c->readers.count; i++) {
		size_t other = (before + i) % c->readers.count;
		struct dnc_error err;
		int fd = dnc_unix_socket(readers_path(&c->readers, other), false, &err);

		if (fd < 0)
			continue;
		snprintf(why, sizeof why, "it has acknowledged nothing for %lld s",
			(long long)((now - c->stall.since_ms) / 1000));
		disconnect(c, why);
		stall_leave(&c->stall);
		c->readers.at = other;
		connected(c, fd);
		return;
	}
	stall_stay(&c->stall, now);
}

static bool stalls(struct connection *c, int64_t now)
{
	return stall_look(&c->stall, c->fd >= 0 && c->first < c->buf.n, c->safe,
		(unsigned)c->readers.count, now);
}

/* A process that is stopped, or a machine that is gone, closes nothing. */
static void look_for_stall(struct connection *c)
{
	int64_t now;

	if (!connection_has_several(c))
		return;
	now = dnc_clock_mono_ms();
	if (!stalls(c, now))
		return;
	drain_acks(c);
	if (stalls(c, now))
		leave_reader(c, now);
}

int connection_turn(struct connection *c, short revents, struct dnc_error *err)
{
	if (c->fd < 0 && dnc_clock_mono_ms() >= c->retry_at_ms && try_connect(c, err) < 0)
		return -1;
	if (c->fd >= 0 && revents & (POLLIN | POLLHUP | POLLERR))
		drain_acks(c);
	look_for_stall(c);
	send_more(c);
	return 0;
}

void connection_poll(const struct connection *c, struct pollfd *entry, int *timeout_ms)
{
	int64_t left = c->retry_at_ms - dnc_clock_mono_ms();

	*timeout_ms = -1;
	*entry = (struct pollfd){.fd = c->fd, .events = POLLIN};
	if (c->sent < c->buf.n)
		entry->events |= POLLOUT;
	if (c->fd < 0)
		*timeout_ms = left < 0 ? 0 : (int)left;
	else if (connection_has_several(c) && c->first < c->buf.n)
		*timeout_ms = stall_look_ms(&c->stall);
}

int connection_add(struct connection *c, const char *p, size_t n, struct dnc_error *err)
{
	dnc_buf_add(&c->buf, p, n);
	dnc_buf_chr(&c->buf, '\n');
	if (!dnc_buf_ok(&c->buf))
		return dnc_error_nomem(err);
	if (c->buf.n - c->sent >= BLOCK_BYTES)
		send_more(c);
	return 0;
}

bool connection_is_full(const struct connection *c)
{
	return c->buf.n - c->first > FULL_BYTES;
}

int connection_take(struct connection *c, struct dnc_buf *out, struct dnc_error *err)
{
	uint64_t lines = count_lines(c, c->buf.n);

	dnc_buf_add(out, c->buf.p + c->first, c->buf.n - c->first);
	if (!dnc_buf_ok(out))
		return dnc_error_nomem(err);
	if (c->fd >= 0)
		disconnect(c, "it does not acknowledge");
	dnc_buf_clear(&c->buf);
	c->first = c->sent = 0;
	c->safe += lines;
	c->again = 0;
	return 0;
}
