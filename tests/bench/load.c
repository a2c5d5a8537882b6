/* load.c - publishes events to a server and counts what each of many clients of bare sockets receives.
 *
 *   load [-t] [-r RATE] [-p PUBLISH] [-f FILE] PROTOCOL ADDRESS PATH CLIENTS EVENTS
 *
 * PROTOCOL is what the frames hold: "events" (one event each, as text), "mqtt" or "nats". PUBLISH says how
 * events are handed in: fd:N (lines), http:ADDRESS/PATH (POST, pipelined), mqtt:ADDRESS, nats:ADDRESS; FILE
 * has them, one a line, without `seq`: that is put in front unless the server does it (fd:N). RATE is events
 * a second; without one they go as fast as they are taken.
 *
 * -t speaks TLS, and does not ask who the server is.
 *
 * Prints "ready" when all clients are connected, waits for a line on standard input, publishes, and prints
 * one line of results as NAME=VALUE words. Honest about loss: every frame is taken apart, and the number in
 * every event compared with the one before; about latency: each event is timed from before it is handed in to
 * each client's read that has its start. Stays connected until standard input ends. Ends with 1 when
 * something was lost, repeated or out of order; no byte for 10 s counts as lost. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "frame/frame.h"
#include "source.h"

enum { BLOCK = 256 << 10, HEAD = 96, SILENCE_MS = 10000, SEQ_HEAD = 27, LINE_BYTES = 34 << 10 };

/* Latencies by 1/16 of a power of two, in us. */
enum { STEPS = 16, POWERS = 28, CELLS = STEPS * POWERS };

enum protocol { EVENTS, MQTT, NATS };

struct client {
	int fd;
	SSL *ssl; /* NULL: plain */
	uint64_t events, last_seq, disorder;
	/* Two layers are taken apart: frames, and what stands in them. Each passes bytes over, or collects
	 * those of a head that came in pieces. */
	uint64_t frame_left, skip;
	unsigned char frame_head[14], head[HEAD];
	size_t frame_head_bytes, head_bytes;
};

static enum protocol protocol;
static uint64_t wanted;
static double rate; /* of events, per second; 0: no limit */
static size_t clients_done;
static _Atomic int64_t *sent_ns; /* by seq */
static int64_t read_ns;
static uint64_t latencies[CELLS], latency_count;
static const char *publish_to, *file;
static SSL_CTX *tls;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void observe(int64_t ns)
{
	uint64_t us = ns > 1000 ? (uint64_t)ns / 1000 : 1;
	int power = 63 - __builtin_clzll(us);
	uint64_t step = power >= 4 ? us >> (power - 4) & 15 : us << (4 - power) & 15;

	latencies[power < POWERS ? (unsigned)power * STEPS + step : CELLS - 1]++;
	latency_count++;
}

static double quantile_ms(double q)
{
	uint64_t below = 0;

	for (int i = 0; i < CELLS; i++) {
		below += latencies[i];
		if ((double)below >= q * (double)latency_count)
			return (double)(UINT64_C(1) << (i / STEPS)) * (1 + (i % STEPS + 1) / 16.0) /
			       1e3;
	}
	return 0;
}

static struct sockaddr_in resolve(const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	char host[64];
	const char *colon = strchr(address, ':');

	if (!colon || (size_t)(colon - address) >= sizeof host)
		die(address);
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	inet_pton(AF_INET, host, &to.sin_addr);
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	return to;
}

static int dial(const char *address)
{
	struct sockaddr_in to = resolve(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || bind_source(fd, &to) < 0 ||
		connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static void write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t w = write(fd, at, n);

		if (w < 0)
			die("write");
		at += w;
		n -= (size_t)w;
	}
}

static void take_event(struct client *c, const unsigned char *payload)
{
	uint64_t seq;

	if (memcmp(payload, "{\"seq\":", 7) != 0)
		return; /* a message of the connection, no event */
	seq = strtoull((const char *)payload + 7, NULL, 10);
	c->disorder += c->events && seq != c->last_seq + 1;
	c->last_seq = seq;
	if (sent_ns && seq <= wanted)
		observe(read_ns - sent_ns[seq]);
	if (++c->events == wanted)
		clients_done++;
}

/* Bytes to collect of the record that starts with the N at P before more is known, and, once that many are
 * there, where its event starts and how many bytes follow those collected. */
static size_t nats_head(const unsigned char *p, size_t n, size_t *event, uint64_t *rest)
{
	const unsigned char *end = memmem(p, n, "\r\n", 2);
	const char *size;

	if (!end)
		return n + 1;
	*event = SIZE_MAX;
	*rest = 0;
	if (memcmp(p, "MSG ", 4) != 0)
		return (size_t)(end - p) + 2;
	for (size = (const char *)end; size[-1] != ' ';)
		size--;
	*event = (size_t)(end - p) + 2;
	*rest = strtoull(size, NULL, 10) + 2 - SEQ_HEAD;
	return *event + SEQ_HEAD;
}

static size_t mqtt_head(const unsigned char *p, size_t n, size_t *event, uint64_t *rest)
{
	uint64_t length = 0;
	size_t i = 1, topic;

	for (int shift = 0;; i++, shift += 7) {
		if (i >= n)
			return n + 1;
		length |= (uint64_t)(p[i] & 127) << shift;
		if (!(p[i] & 128))
			break;
	}
	i++;
	*event = SIZE_MAX;
	*rest = length;
	if (p[0] >> 4 != 3)
		return i; /* no PUBLISH */
	if (n < i + 2)
		return i + 2;
	topic = (size_t)p[i] << 8 | p[i + 1];
	*event = i + 2 + topic;
	*rest = length - 2 - topic - SEQ_HEAD;
	return *event + SEQ_HEAD;
}

/* The content of frames, for protocols that have records of their own in it. */
static void take_stream(struct client *c, const unsigned char *p, size_t n)
{
	while (n) {
		size_t pass = c->skip < n ? (size_t)c->skip : n, need, event = SIZE_MAX;
		uint64_t rest = 0;

		p += pass;
		n -= pass;
		c->skip -= pass;
		if (!n)
			return;
		c->head[c->head_bytes++] = *p++;
		n--;
		do {
			need = (protocol == MQTT ? mqtt_head : nats_head)(
				c->head, c->head_bytes, &event, &rest);
			pass = need > c->head_bytes ? need - c->head_bytes : 0;
			if (need > HEAD)
				die("a record's head is too long");
			if (pass > n)
				pass = n;
			memcpy(c->head + c->head_bytes, p, pass);
			c->head_bytes += pass;
			p += pass;
			n -= pass;
		} while (pass);
		if (c->head_bytes < need)
			return;
		if (event != SIZE_MAX)
			take_event(c, c->head + event);
		c->skip = rest;
		c->head_bytes = 0;
	}
}

/* Length of the header of the frame at P, 0 when N bytes are too few to tell; its payload. */
static size_t frame_header(const unsigned char *p, size_t n, uint64_t *payload)
{
	struct dnc_frame_header h;
	enum dnc_frame_read rc = dnc_frame_read_header(p, n, &h);

	if (rc == DNC_FRAME_INVALID) {
		fprintf(stderr, "load: the server sent what is no frame\n");
		exit(1);
	}
	if (rc == DNC_FRAME_MORE)
		return 0;
	*payload = h.payload;
	return h.bytes;
}

/* Part of a frame's payload; when FRESH the start of it. */
static void take_payload(struct client *c, const unsigned char *p, size_t n, bool fresh)
{
	size_t need;

	if (protocol != EVENTS) {
		take_stream(c, p, n);
		return;
	}
	if (fresh)
		c->head_bytes = 0;
	if (fresh && n >= SEQ_HEAD) {
		take_event(c, p);
		c->head_bytes = SEQ_HEAD;
		return;
	}
	need = SEQ_HEAD - c->head_bytes < n ? SEQ_HEAD - c->head_bytes : n;
	memcpy(c->head + c->head_bytes, p, need);
	c->head_bytes += need;
	if (need && c->head_bytes == SEQ_HEAD)
		take_event(c, c->head);
}

static void take(struct client *c, const unsigned char *p, size_t n)
{
	while (n) {
		uint64_t payload;
		size_t header, pass = c->frame_left < n ? (size_t)c->frame_left : n;

		if (pass) {
			if (protocol != EVENTS || c->head_bytes < SEQ_HEAD)
				take_payload(c, p, pass, false);
			p += pass;
			n -= pass;
			c->frame_left -= pass;
			continue;
		}
		if (!c->frame_head_bytes && (header = frame_header(p, n, &payload))) {
			p += header;
			n -= header;
		} else {
			c->frame_head[c->frame_head_bytes++] = *p++;
			n--;
			if (!frame_header(c->frame_head, c->frame_head_bytes, &payload))
				continue;
			c->frame_head_bytes = 0;
		}
		pass = payload < n ? (size_t)payload : n;
		take_payload(c, p, pass, true);
		p += pass;
		n -= pass;
		c->frame_left = payload - pass;
	}
}

static ssize_t client_read(struct client *c, void *out, size_t n)
{
	int got;

	if (!c->ssl)
		return read(c->fd, out, n);
	got = SSL_read(c->ssl, out, (int)n);
	if (got <= 0 && SSL_get_error(c->ssl, got) == SSL_ERROR_WANT_READ) {
		errno = EAGAIN;
		return -1;
	}
	return got;
}

/* A masked frame, with a key of zeros. */
static void say(int fd, const void *payload, size_t n)
{
	unsigned char frame[200] = {0x82, (unsigned char)(0x80 | n)};

	memcpy(frame + 6, payload, n);
	write_all(fd, frame, n + 6);
}

static void wait_for(int fd, const void *mark, size_t n)
{
	char text[8192];
	size_t have = 0;

	while (!memmem(text, have, mark, n)) {
		ssize_t got = read(fd, text + have, sizeof text - have);

		if (got <= 0)
			die("no answer to the subscription");
		have += (size_t)got;
	}
}

static const unsigned char mqtt_connect[] = {0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 0};

static void ask_upgrade(struct client *c, const char *address, const char *path)
{
	static const char *const names[] = {[EVENTS] = "dnc.v1", [MQTT] = "mqtt", [NATS] = NULL};
	char text[512];
	int n = snprintf(text, sizeof text,
		"GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
		path, address, names[protocol] ? "Sec-WebSocket-Protocol: " : "",
		names[protocol] ? names[protocol] : "", names[protocol] ? "\r\n" : "");

	c->fd = dial(address);
	if (!tls) {
		write_all(c->fd, text, (size_t)n);
		return;
	}
	c->ssl = SSL_new(tls);
	SSL_set_fd(c->ssl, c->fd);
	if (SSL_connect(c->ssl) != 1 || SSL_write(c->ssl, text, n) != n)
		die("TLS");
}

/* How many bytes the next read may take of the answer to the upgrade, whose last bytes so far were LAST: what follows it belongs to
 * frames. */
static size_t answer_bytes(const struct client *c, const char last[4])
{
	char text[1024];
	const char *end = NULL;
	ssize_t n;

	if (tls || last[3]) /* its end may be split */
		return 1;
	n = recv(c->fd, text, sizeof text, MSG_PEEK);
	if (n > 0)
		end = memmem(text, (size_t)n, "\r\n\r\n", 4);
	return end ? (size_t)(end - text) + 4 : 1;
}

static void read_upgrade(struct client *c)
{
	static const unsigned char subscribe[] = {0x82, 6, 0, 1, 0, 1, 'e', 0};
	static const char hello[] = "CONNECT {\"verbose\":false}\r\nSUB e 1\r\nPING\r\n";
	char last[4] = {0}, text[1024];

	while (memcmp(last, "\r\n\r\n", 4) != 0) {
		ssize_t n = client_read(c, text, answer_bytes(c, last));

		if (n <= 0)
			die("upgrade");
		for (ssize_t i = n < 4 ? 0 : n - 4; i < n; i++) {
			memmove(last, last + 1, 3);
			last[3] = text[i];
		}
	}
	if (protocol == MQTT) {
		say(c->fd, mqtt_connect, sizeof mqtt_connect);
		say(c->fd, subscribe, sizeof subscribe);
	} else if (protocol == NATS) {
		say(c->fd, hello, sizeof hello - 1);
	}
}

static void read_subscribed(struct client *c)
{
	if (protocol == MQTT)
		wait_for(c->fd, "\x90\x03", 2);
	else if (protocol == NATS)
		wait_for(c->fd, "PONG\r\n", 6);
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

/* Many at once: some servers look at new connections ten times a second. */
static void connect_all(struct client *clients, size_t count, const char *address, const char *path)
{
	enum { AT_ONCE = 256 };

	for (size_t from = 0; from < count; from += AT_ONCE) {
		size_t to = from + AT_ONCE < count ? from + AT_ONCE : count;

		for (size_t i = from; i < to; i++)
			ask_upgrade(&clients[i], address, path);
		for (size_t i = from; i < to; i++)
			read_upgrade(&clients[i]);
		for (size_t i = from; i < to; i++)
			read_subscribed(&clients[i]);
	}
}

struct publisher {
	int fd, kind; /* first letter of PUBLISH */
	char path[128], host[64];
	size_t answers; /* of HTTP still to come */
};

/* Answers are counted by their first line; a few may be on their way. */
static void read_answers(struct publisher *p, size_t left)
{
	static char text[65536];
	static size_t have;

	while (p->answers > left) {
		ssize_t got = read(p->fd, text + have, sizeof text - have);
		char *at = text, *mark;

		if (got <= 0)
			die("publish");
		have += (size_t)got;
		while ((mark = memmem(at, have - (size_t)(at - text), "HTTP/1.1 2", 10))) {
			p->answers--;
			at = mark + 10;
		}
		/* A mark may be cut. */
		if (have > 9) {
			memmove(text, text + have - 9, 9);
			have = 9;
		}
	}
}

static struct publisher open_publisher(void)
{
	struct publisher p = {.kind = publish_to[0]};
	const char *address = strchr(publish_to, ':');
	char text[256];

	if (!address)
		die(publish_to);
	address++;
	if (p.kind == 'f') {
		p.fd = atoi(address);
		return p;
	}
	snprintf(p.host, sizeof p.host, "%.*s", (int)strcspn(address, "/"), address);
	snprintf(p.path, sizeof p.path, "%s", address + strcspn(address, "/"));
	p.fd = dial(p.host);
	if (p.kind == 'm') {
		write_all(p.fd, mqtt_connect, sizeof mqtt_connect);
		if (read(p.fd, text, 4) != 4)
			die("mqtt");
	}
	if (p.kind == 'n')
		write_all(p.fd, "CONNECT {\"verbose\":false}\r\n", 27);
	return p;
}

/* One event, on its way with as few bytes around it as the protocol allows. */
static size_t wrap(const struct publisher *p, char *out, const char *event, size_t n)
{
	size_t at = 0;

	if (p->kind == 'h')
		at = (size_t)sprintf(out,
			"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n\r\n", p->path,
			p->host, n);
	else if (p->kind == 'n')
		at = (size_t)sprintf(out, "PUB e %zu\r\n", n);
	else if (p->kind == 'm') {
		size_t left = n + 3;

		out[at++] = 0x30;
		for (; left > 127; left >>= 7)
			out[at++] = (char)(left | 128);
		out[at++] = (char)left;
		memcpy(out + at, "\0\1e", 3);
		at += 3;
	}
	memcpy(out + at, event, n);
	at += n;
	if (p->kind == 'n') {
		memcpy(out + at, "\r\n", 2);
		at += 2;
	}
	if (p->kind == 'f')
		out[at++] = '\n';
	return at;
}

static void *publish(void *ctx)
{
	enum { PIPELINED = 16 };
	static char line[LINE_BYTES], event[LINE_BYTES + 32], out[LINE_BYTES + 512];
	struct publisher p = open_publisher();
	FILE *f = fopen(file, "re");
	int64_t start = now_ns();

	(void)ctx;
	if (!f)
		die(file);
	for (uint64_t seq = 1; seq <= wanted; seq++) {
		size_t n, whole;

		if (!fgets(line, sizeof line, f))
			die("the file has too few events");
		n = strcspn(line, "\n");
		if (p.kind == 'f')
			memcpy(event, line, n);
		else
			n = (size_t)sprintf(event, "{\"seq\":%llu,%.*s", (unsigned long long)seq,
				(int)n - 1, line + 1);
		whole = wrap(&p, out, event, n);
		if (rate) {
			int64_t due = start + (int64_t)((double)(seq - 1) * 1e9 / rate);
			struct timespec t = {due / 1000000000, due % 1000000000};

			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		}
		sent_ns[seq] = now_ns();
		write_all(p.fd, out, whole);
		if (p.kind == 'h') {
			p.answers++;
			read_answers(&p, rate ? 0 : PIPELINED);
		}
	}
	if (p.kind == 'h')
		read_answers(&p, 0);
	fclose(f);
	return NULL;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void run(struct client *clients, size_t count, int epoll)
{
	static unsigned char block[BLOCK];
	struct epoll_event events[256];
	uint64_t received = 0, disorder = 0;
	pthread_t thread;
	double cpu = cpu_s();
	int64_t start, last;

	start = last = now_ns();
	if (publish_to && pthread_create(&thread, NULL, publish, NULL) != 0)
		die("thread");
	while (clients_done < count) {
		int n = epoll_wait(epoll, events, 256, SILENCE_MS);

		if (n == 0)
			break;
		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;
			ssize_t got;

			/* TLS may hold more than one read gives; a plain socket tells again. */
			do {
				got = client_read(c, block, sizeof block);
				if (got == 0 || (got < 0 && errno != EAGAIN))
					die("closed by the server");
				read_ns = now_ns();
				if (got > 0)
					take(c, block, (size_t)got);
			} while (c->ssl && got > 0);
		}
		last = now_ns();
	}
	if (publish_to && clients_done == count)
		pthread_join(thread, NULL);
	for (size_t i = 0; i < count; i++) {
		disorder += clients[i].disorder;
		received += clients[i].events;
	}
	printf("seconds=%.6f complete=%zu received=%llu lost=%lld disorder=%llu p50_ms=%.2f "
	       "p99_ms=%.2f load_cpu=%.3f\n",
		(double)(last - start) / 1e9, clients_done, (unsigned long long)received,
		(long long)(count * wanted - received), (unsigned long long)disorder,
		quantile_ms(0.5), quantile_ms(0.99), cpu_s() - cpu);
	fflush(stdout);
	if (clients_done < count || disorder)
		exit(1);
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	struct client *clients;
	size_t count;
	int64_t started;
	int epoll = epoll_create1(EPOLL_CLOEXEC), option;

	while ((option = getopt(argc, argv, "tr:p:f:")) != -1)
		switch (option) {
		case 'r':
			rate = strtod(optarg, NULL);
			break;
		case 't':
			tls = SSL_CTX_new(TLS_client_method());
			break;
		case 'p':
			publish_to = optarg;
			break;
		case 'f':
			file = optarg;
			break;
		default:
			return 2;
		}
	argv += optind;
	if (argc - optind != 5)
		return 2;
	protocol = strcmp(argv[0], "mqtt") == 0   ? MQTT
	           : strcmp(argv[0], "nats") == 0 ? NATS
	                                          : EVENTS;
	count = strtoull(argv[3], NULL, 10);
	wanted = strtoull(argv[4], NULL, 10);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	clients = calloc(count, sizeof *clients);
	sent_ns = calloc(wanted + 1, sizeof *sent_ns);
	if (!clients || !sent_ns)
		die("memory");
	started = now_ns();
	connect_all(clients, count, argv[1], argv[2]);
	for (size_t i = 0; i < count; i++)
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd,
			    &(struct epoll_event){.events = EPOLLIN, .data.ptr = &clients[i]}) < 0)
			die("epoll_ctl");
	printf("ready connect_s=%.2f\n", (double)(now_ns() - started) / 1e9);
	fflush(stdout);
	if (getchar() == EOF)
		return 0;
	if (wanted)
		run(clients, count, epoll);
	while (getchar() != EOF)
		;
	return 0;
}
