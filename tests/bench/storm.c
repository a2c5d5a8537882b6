/* storm.c - clients of bare sockets that lose their hub, and come to others all at once.
 *
 *   storm CLIENTS known|wait|spread ADDRESS OTHER,OTHER...
 *
 * All connect to ADDRESS and print "ready"; whoever runs it then ends that hub. Each goes on where it was at one of the OTHERS: at once
 * when the connection just breaks, and as well when the hub says goodbye and clients know others (known); after the retry_after_ms of
 * the goodbye (wait); with spread they wait as long when there is no goodbye, by a number of their own. One that is refused tries the next one,
 * after 100 ms, then after twice as long each time, as dnc-tail does.
 *
 * Prints one line of NAME=VALUE words when all are served again, which is when the hub has confirmed their position, and
 * then again, with `after`, when standard input ends: events that came since. Every event's number is compared with the one before: ends
 * with 1 when something was lost, repeated or out of order. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "frame/frame.h"
#include "source.h"

enum {
	HEAD = 512,    /* bytes of a message that are looked at */
	AT_ONCE = 256, /* attempts under way at the start */
	HUBS = 8,
	SLOT_MS = 100, /* for the peak of what is accepted */
	SLOTS = 6000,
	BACKOFF_MAX_MS = 5000,
	SPREAD_MIN_MS = 500,
	SPREAD_MS = 4500, /* as of dnc-wsd */
	LIMIT_MS = 120000,
};

enum state { IDLE, CONNECTING, UPGRADING, OPEN, SERVED };

struct client {
	int fd;
	enum state state;
	unsigned tries, hub;
	int64_t lost_ms, due_ms; /* lost_ms: 0 before */
	int64_t served_ms;
	uint64_t seq, frame_left;
	char epoch[24];
	unsigned char header[14], head[HEAD];
	size_t header_bytes, head_bytes;
	unsigned opcode;
};

static struct sockaddr_in first, others[HUBS];
static char names[HUBS + 1][32];
static size_t other_count, client_count, served, under_way;
static struct client *clients;
static bool waits, spreads;
static int epoll;
static int64_t started_ms, wave_ms; /* wave_ms: when the first one lost its hub */
static unsigned per_slot[SLOTS], refused, accepted;
static uint64_t disorder, events, gaps;
static unsigned char block[256 << 10];

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void read_address(const char *text, size_t n, struct sockaddr_in *out, char name[32])
{
	char *colon;

	if (n >= 32)
		die("an address is too long");
	memcpy(name, text, n);
	name[n] = '\0';
	colon = strchr(name, ':');
	if (!colon)
		die("an address has no port");
	*colon = '\0';
	out->sin_family = AF_INET;
	out->sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, name, &out->sin_addr) != 1)
		die("an address is not numeric");
	*colon = ':';
}

static void begin(struct client *c)
{
	const struct sockaddr_in *to = c->lost_ms ? &others[c->hub % other_count] : &first;
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || bind_source(c->fd, to) < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->state = CONNECTING;
	under_way++;
	c->header_bytes = c->head_bytes = 0;
	c->frame_left = 0;
	if (connect(c->fd, (const struct sockaddr *)to, sizeof *to) < 0 && errno != EINPROGRESS)
		die("connect");
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd,
		    &(struct epoll_event){.events = EPOLLIN | EPOLLOUT, .data.ptr = c}) < 0)
		die("epoll_ctl");
}

static int64_t retry_after(const struct client *c)
{
	static const char mark[] = "retry_after_ms=";
	const char *at = c->opcode == DNC_OPCODE_CLOSE
	                         ? memmem(c->head, c->head_bytes, mark, sizeof mark - 1)
	                         : NULL;

	return at ? strtol(at + sizeof mark - 1, NULL, 10) : 0;
}

/* The connection has ended. */
static void lose(struct client *c)
{
	int64_t now = dnc_clock_mono_ms(), wait = 0;
	bool fresh = c->state == SERVED;

	close(c->fd);
	if (fresh) {
		wave_ms = wave_ms ? wave_ms : now;
		served--;
		c->lost_ms = now;
		c->tries = 0;
		wait = waits ? retry_after(c) : 0;
		if (!wait && spreads)
			wait = SPREAD_MIN_MS + random() % SPREAD_MS;
	} else {
		under_way--;
		refused++;
		c->hub++;
		wait = (int64_t)100 << (c->tries > 6 ? 6 : c->tries);
		wait = wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait;
		c->tries++;
	}
	c->state = IDLE;
	c->due_ms = now + wait;
}

static void ask(struct client *c)
{
	char text[512], at[64] = "last=0";
	int error = 0, n;
	socklen_t size = sizeof error;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error) {
		lose(c);
		return;
	}
	if (c->lost_ms)
		snprintf(
			at, sizeof at, "since=%llu&epoch=%s", (unsigned long long)c->seq, c->epoch);
	n = snprintf(text, sizeof text,
		"GET /ws/dnc?%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Protocol: dnc.v1\r\n\r\n",
		at, c->lost_ms ? names[c->hub % other_count + 1] : names[0]);
	if (write(c->fd, text, (size_t)n) != n) {
		lose(c);
		return;
	}
	c->state = UPGRADING;
	epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd,
		&(struct epoll_event){.events = EPOLLIN, .data.ptr = c});
}

static uint64_t number_after(const struct client *c, const char *mark)
{
	const char *at = memmem(c->head, c->head_bytes, mark, strlen(mark));

	return at ? strtoull(at + strlen(mark), NULL, 10) : 0;
}

static bool says(const struct client *c, const char *text)
{
	return memmem(c->head, c->head_bytes, text, strlen(text)) != NULL;
}

/* Its subscription is confirmed. */
static void be_served(struct client *c)
{
	static const char mark[] = "\"epoch\":\"";
	int64_t now = dnc_clock_mono_ms(), slot = wave_ms ? (now - wave_ms) / SLOT_MS : 0;
	const char *epoch = memmem(c->head, c->head_bytes, mark, sizeof mark - 1);

	c->state = SERVED;
	c->served_ms = now;
	served++;
	under_way--;
	if (epoch)
		snprintf(c->epoch, sizeof c->epoch, "%.*s",
			(int)strcspn(epoch + sizeof mark - 1, "\""), epoch + sizeof mark - 1);
	if (!c->lost_ms) {
		c->seq = number_after(c, "\"from_seq\":") - 1;
		return;
	}
	accepted++;
	per_slot[slot < SLOTS ? slot : SLOTS - 1]++;
}

/* A message is there, or as much of it as is looked at. */
static void take_message(struct client *c)
{
	if (c->opcode != DNC_OPCODE_TEXT)
		return;
	if (memcmp(c->head, "{\"seq\":", 7) == 0) {
		uint64_t seq = number_after(c, "{\"seq\":");

		disorder += seq != c->seq + 1;
		c->seq = seq;
		events++;
	} else if (says(c, "dnc.subscription.confirmed")) {
		be_served(c);
	} else if (says(c, "dnc.connection.gap")) {
		gaps++;
	}
}

/* The header of a frame, perhaps byte by byte. False when more is needed. */
static bool take_header(struct client *c, const unsigned char **p, const unsigned char *end)
{
	struct dnc_frame_header h;
	enum dnc_frame_read rc = DNC_FRAME_MORE;

	while (*p < end && rc == DNC_FRAME_MORE) {
		c->header[c->header_bytes++] = *(*p)++;
		rc = dnc_frame_read_header(c->header, c->header_bytes, &h);
	}
	if (rc == DNC_FRAME_INVALID)
		die("the hub sent what is no frame");
	if (rc == DNC_FRAME_MORE)
		return false;
	c->opcode = c->header[0] & 15;
	c->frame_left = h.payload;
	c->header_bytes = c->head_bytes = 0;
	return true;
}

static void take_frames(struct client *c, const unsigned char *p, const unsigned char *end)
{
	while (p < end) {
		size_t n, keep;

		if (!c->frame_left && !take_header(c, &p, end))
			return;
		n = (size_t)(end - p) < c->frame_left ? (size_t)(end - p) : (size_t)c->frame_left;
		keep = HEAD - 1 - c->head_bytes < n ? HEAD - 1 - c->head_bytes : n;
		memcpy(c->head + c->head_bytes, p, keep);
		c->head_bytes += keep;
		c->head[c->head_bytes] = '\0';
		p += n;
		c->frame_left -= n;
		if (!c->frame_left)
			take_message(c);
	}
}

/* The answer to the upgrade, of which little is kept; frames may follow in the same read. */
static const unsigned char *take_upgrade(
	struct client *c, const unsigned char *p, const unsigned char *end)
{
	while (p < end && c->head_bytes < HEAD - 1) {
		c->head[c->head_bytes++] = *p++;
		if (c->head_bytes >= 4 && memcmp(c->head + c->head_bytes - 4, "\r\n\r\n", 4) == 0) {
			c->state = memcmp(c->head, "HTTP/1.1 101", 12) == 0 ? OPEN : IDLE;
			c->head_bytes = 0;
			return p;
		}
	}
	return end;
}

static void receive(struct client *c)
{
	ssize_t n = read(c->fd, block, sizeof block);
	const unsigned char *p = block, *end = block + n;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		lose(c);
		return;
	}
	if (c->state == UPGRADING)
		p = take_upgrade(c, p, end);
	if (c->state == IDLE)
		lose(c); /* refused */
	else if (c->state >= OPEN)
		take_frames(c, p, end);
}

/* Begins what is due. */
static void begin_due(int64_t now)
{
	for (size_t i = 0; i < client_count; i++) {
		struct client *c = &clients[i];

		if (c->state == IDLE && c->due_ms <= now && (wave_ms || under_way < AT_ONCE))
			begin(c);
	}
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void print_wave(void)
{
	int64_t *pauses = calloc(client_count, sizeof *pauses), last = 0;
	unsigned peak = 0;

	if (!pauses)
		die("memory");
	for (size_t i = 0; i < client_count; i++) {
		pauses[i] = clients[i].served_ms - clients[i].lost_ms;
		last = clients[i].served_ms > last ? clients[i].served_ms : last;
	}
	for (size_t i = 0; i < SLOTS; i++)
		peak = per_slot[i] > peak ? per_slot[i] : peak;
	qsort(pauses, client_count, sizeof *pauses, by_value);
	printf("seconds=%.3f accepts_per_s=%.0f peak_per_s=%u pause_p50_ms=%lld pause_p99_ms=%lld pause_worst_ms=%lld refused=%u gaps=%llu\n",
		(double)(last - wave_ms) / 1e3,
		(double)accepted / ((double)(last - wave_ms + 1) / 1e3), peak * (1000 / SLOT_MS),
		(long long)pauses[client_count / 2], (long long)pauses[client_count * 99 / 100],
		(long long)pauses[client_count - 1], refused, (unsigned long long)gaps);
	fflush(stdout);
	free(pauses);
}

/* Turns the loop until standard input ends, or nothing more is to be expected. */
static void run(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	struct epoll_event ready[256];
	bool told = false, back = false;

	while (poll(&in, 1, 0) == 0) {
		int64_t now = dnc_clock_mono_ms();
		int n;

		if (now - (wave_ms ? wave_ms : started_ms) > LIMIT_MS)
			break;
		if (served < client_count)
			begin_due(now);
		n = epoll_wait(epoll, ready, 256, 5);
		for (int i = 0; i < n; i++) {
			struct client *c = ready[i].data.ptr;

			if (c->state == CONNECTING)
				ask(c);
			else
				receive(c);
		}
		if (served == client_count && !told) {
			printf("ready connect_s=%.2f\n",
				(double)(dnc_clock_mono_ms() - started_ms) / 1e3);
			fflush(stdout);
			told = true;
		}
		if (accepted == client_count && served == client_count && !back) {
			back = true;
			events = 0;
			print_wave();
		}
	}
	printf("after=%llu disorder=%llu unserved=%zu\n", (unsigned long long)events,
		(unsigned long long)disorder, client_count - served);
	exit(!back || disorder || gaps || served < client_count);
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	if (argc != 5)
		return 2;
	client_count = strtoull(argv[1], NULL, 10);
	waits = strcmp(argv[2], "wait") == 0;
	spreads = strcmp(argv[2], "spread") == 0;
	read_address(argv[3], strlen(argv[3]), &first, names[0]);
	for (const char *at = argv[4]; *at && other_count < HUBS; other_count++) {
		size_t n = strcspn(at, ",");

		read_address(at, n, &others[other_count], names[other_count + 1]);
		at += n + (at[n] == ',');
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	clients = calloc(client_count, sizeof *clients);
	if (!clients || !client_count || !other_count)
		die("arguments");
	for (size_t i = 0; i < client_count; i++)
		clients[i].hub = (unsigned)random();
	started_ms = dnc_clock_mono_ms();
	run();
}
