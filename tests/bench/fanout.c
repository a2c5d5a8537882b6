/* fanout.c - many WebSocket clients of bare sockets in one process: counts what each receives.
 *
 *   fanout ADDRESS PATH CLIENTS EVENTS
 *
 * Prints "ready" when all are connected, then, when each has EVENTS events, the seconds since the
 * first byte of the first event and what was lost or came out of order. Honest about loss: every
 * frame is taken apart and every `"seq":` compared with the one before. Ends with 1 when no byte
 * has come for 10 s. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 256 << 10, HEAD = 24, SILENCE_MS = 10000 };

struct client {
	int fd;
	uint64_t events, last_seq, disorder;
	uint64_t skip;                 /* payload bytes still to pass over */
	unsigned char head[10 + HEAD]; /* header and start of a frame that came in pieces */
	size_t head_bytes;
};

static uint64_t wanted;
static size_t clients_done;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "fanout: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int dial(const struct sockaddr_in *to, const char *address, const char *path)
{
	char text[512];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(text, sizeof text,
		"GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Protocol: dnc.v1\r\n\r\n",
		path, address);

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof *to) < 0)
		die("connect");
	if (write(fd, text, (size_t)n) != n)
		die("write");
	return fd;
}

static void take_start(struct client *c, const unsigned char *payload)
{
	uint64_t seq;

	if (memcmp(payload, "{\"seq\":", 7) != 0)
		return; /* a message of the connection, no event */
	seq = strtoull((const char *)payload + 7, NULL, 10);
	c->disorder += c->events && seq != c->last_seq + 1;
	c->last_seq = seq;
	if (++c->events == wanted)
		clients_done++;
}

/* Bytes that header and looked-at start of the frame at P need; 0 when P has too few to tell. */
static size_t frame_head(const unsigned char *p, size_t n, uint64_t *payload, size_t *header)
{
	*header = n < 2 ? 0 : p[1] == 127 ? 10 : p[1] == 126 ? 4 : 2;
	if (!*header || n < *header)
		return 0;
	*payload = p[1] == 127 ? 0 : p[1];
	if (p[1] == 126)
		*payload = (uint64_t)p[2] << 8 | p[3];
	if (p[1] == 127)
		for (int i = 0; i < 8; i++)
			*payload = *payload << 8 | p[2 + i];
	return *header + (*payload < HEAD ? (size_t)*payload : HEAD);
}

static void take(struct client *c, const unsigned char *p, size_t n)
{
	while (n) {
		uint64_t payload;
		size_t header, need, pass = c->skip < n ? (size_t)c->skip : n;
		unsigned char start[HEAD + 1] = {0};

		p += pass;
		n -= pass;
		c->skip -= pass;
		if (!n)
			return;
		if (!c->head_bytes) {
			need = frame_head(p, n, &payload, &header);
			if (need && n >= need) {
				memcpy(start, p + header, need - header);
				take_start(c, start);
				p += need;
				n -= need;
				c->skip = payload - (need - header);
				continue;
			}
		}
		c->head[c->head_bytes++] = *p++;
		n--;
		need = frame_head(c->head, c->head_bytes, &payload, &header);
		if (need && c->head_bytes == need) {
			memcpy(start, c->head + header, need - header);
			take_start(c, start);
			c->skip = payload - (need - header);
			c->head_bytes = 0;
		}
	}
}

/* The answer to the upgrade is read byte by byte: what follows it belongs to frames. */
static bool upgrade(struct client *c)
{
	char last[4] = {0}, byte;

	while (read(c->fd, &byte, 1) == 1) {
		memmove(last, last + 1, 3);
		last[3] = byte;
		if (memcmp(last, "\r\n\r\n", 4) == 0)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	static unsigned char block[BLOCK];
	struct rlimit limit;
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct epoll_event events[256];
	struct client *clients;
	size_t count;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	double first = 0, last = 0;
	uint64_t disorder = 0;
	char host[64], *colon;

	if (argc != 5 || strlen(argv[1]) >= sizeof host)
		return 2;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	strcpy(host, argv[1]);
	colon = strchr(host, ':');
	if (!colon)
		return 2;
	*colon = '\0';
	inet_pton(AF_INET, host, &to.sin_addr);
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	count = strtoull(argv[3], NULL, 10);
	wanted = strtoull(argv[4], NULL, 10);
	clients = calloc(count, sizeof *clients);
	if (!clients)
		die("memory");
	for (size_t i = 0; i < count; i++) {
		clients[i].fd = dial(&to, argv[1], argv[2]);
		if (!upgrade(&clients[i]))
			die("upgrade");
		fcntl(clients[i].fd, F_SETFL, O_NONBLOCK);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd,
			    &(struct epoll_event){.events = EPOLLIN, .data.ptr = &clients[i]}) < 0)
			die("epoll_ctl");
	}
	puts("ready");
	fflush(stdout);
	while (clients_done < count) {
		int n = epoll_wait(epoll, events, 256, SILENCE_MS);

		if (n == 0 && first > 0)
			break;
		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;
			uint64_t before = c->events;
			ssize_t got = read(c->fd, block, sizeof block);

			if (got == 0 || (got < 0 && errno != EAGAIN))
				die("closed by the server");
			if (got > 0)
				take(c, block, (size_t)got);
			if (c->events > before && first == 0)
				first = now_s();
		}
		last = now_s();
	}
	for (size_t i = 0; i < count; i++)
		disorder += clients[i].disorder;
	printf("%.6f s, %zu of %zu clients complete, %llu out of order\n", last - first,
		clients_done, count, (unsigned long long)disorder);
	return clients_done < count || disorder;
}
