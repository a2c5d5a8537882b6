/* listen.c - listening sockets of our own: the library is given connections, so that sockets may come
 * from the service manager and a burst of connections uses a bounded share of a turn. */
#include "priv/listen.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/log.h"
#include "base/loopback.h"
#include "base/passed.h"
#include "base/unix_socket.h"
#include "web.h"

/* Connections accepted from one socket in one turn of the loop. */
enum { ACCEPTS = 64, HOST_MAX = 64 };

/* How long no connection is accepted after that failed for want of descriptors, memory or the like. */
enum { PAUSE_MS = 500 };

struct listener {
	struct listeners *all;
	uv_poll_t poll;
	int fd;
	bool polling, local;
	char address[LISTEN_ADDRESS_MAX];
};

struct listeners {
	uv_loop_t *loop;
	bool any_address; /* not the loopback alone */
	void (*accepted)(void *ctx, int fd, const struct sockaddr_storage *peer);
	void *ctx;
	struct listener list[DNC_WEB_MAX_LISTEN];
	size_t count, closing;
	uv_timer_t timer; /* the end of a pause */
	bool has_timer;
	bool failing; /* accepting failed, and a warning was logged */
};

struct listeners *listeners_new(uv_loop_t *loop, bool any_address,
	void (*accepted)(void *ctx, int fd, const struct sockaddr_storage *peer), void *ctx)
{
	struct listeners *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->loop = loop;
	l->any_address = any_address;
	l->accepted = accepted;
	l->ctx = ctx;
	return l;
}

static void on_connection(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct listeners *l = timer->data;

	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].polling)
			uv_poll_start(&l->list[i].poll, UV_READABLE, on_connection);
}

/* Connections that wait stay in the socket's queue, where they would wake the loop in every turn: polling stops for
 * PAUSE_MS. */
static void pause_all(struct listeners *l, int code)
{
	if (!l->failing)
		dnc_warn("unable to accept connections: %s; trying again twice a second",
			code == EMFILE || code == ENFILE ? "no descriptors are left"
							 : strerror(code));
	l->failing = true;
	if (!l->has_timer && uv_timer_init(l->loop, &l->timer) != 0)
		return;
	l->has_timer = true;
	l->timer.data = l;
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].polling)
			uv_poll_stop(&l->list[i].poll);
	uv_timer_start(&l->timer, on_pause_over, PAUSE_MS, 0);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	struct listener *one = poll->data;
	struct listeners *l = one->all;
	int on = 1;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
		socklen_t size = sizeof peer;
		int fd = accept4(
			one->fd, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			pause_all(l, errno);
		if (fd < 0)
			return; /* no more are waiting, or the client has closed it */
		if (l->failing)
			dnc_note("connections are accepted again");
		l->failing = false;
		if (!one->local)
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		peer.ss_family = one->local ? AF_UNIX : peer.ss_family;
		l->accepted(l->ctx, fd, &peer);
	}
}

static int not_loopback(const char *text, struct dnc_error *err)
{
	return dnc_error_set(err, EINVAL,
		"%s: without --keys authentication is disabled, and only loopback addresses are served",
		text);
}

/* Accepts connections to FD, which listens. FD is owned, also on failure. */
static int adopt(struct listeners *l, int fd, const char *text, struct dnc_error *err)
{
	struct listener *one = &l->list[l->count];
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	char host[HOST_MAX], port[8];

	if (l->count == DNC_WEB_MAX_LISTEN) {
		close(fd);
		return dnc_error_set(err, EINVAL, "more than %d addresses", DNC_WEB_MAX_LISTEN);
	}
	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		close(fd);
		return dnc_error_set(err, errno, "%s: %s", text, strerror(errno));
	}
	one->local = address.ss_family == AF_UNIX;
	if (!one->local && !l->any_address && !dnc_is_loopback((struct sockaddr *)&address)) {
		close(fd);
		return not_loopback(text, err);
	}
	if (one->local) {
		const struct sockaddr_un *unix_address = (const struct sockaddr_un *)&address;

		snprintf(one->address, sizeof one->address, "unix:%.*s",
			(int)(size - offsetof(struct sockaddr_un, sun_path)),
			unix_address->sun_path);
	} else {
		getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV);
		snprintf(one->address, sizeof one->address,
			address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	one->all = l;
	one->fd = fd;
	if (uv_poll_init(l->loop, &one->poll, fd) != 0) {
		close(fd);
		return dnc_error_set(err, ENOMEM, "unable to wait for %s", text);
	}
	one->poll.data = one;
	l->count++;
	one->polling = true;
	uv_poll_start(&one->poll, UV_READABLE, on_connection);
	return 0;
}

/* Splits "127.0.0.1:8080" and "[::1]:0". */
static int split(const char *text, char host[HOST_MAX], const char **port, struct dnc_error *err)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (n > 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		n -= 2;
	}
	if (!n || n >= HOST_MAX || !colon[1] ||
		strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5 ||
		atoi(colon + 1) > 65535)
		return dnc_error_set(err, EINVAL, "%s: not an address like 127.0.0.1:8080", text);
	memcpy(host, text, n);
	host[n] = '\0';
	*port = colon + 1;
	return 0;
}

static int add_address(struct listeners *l, const char *text, struct dnc_error *err)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM};
	struct addrinfo *a;
	char host[HOST_MAX];
	const char *port = NULL;
	int fd, on = 1, rc;

	if (split(text, host, &port, err) < 0)
		return -1;
	if (getaddrinfo(host, port, &hints, &a) != 0)
		return dnc_error_set(
			err, EINVAL, "%s: not a numeric address like 127.0.0.1:8080", text);
	if (!l->any_address && !dnc_is_loopback(a->ai_addr)) {
		freeaddrinfo(a);
		return not_loopback(text, err);
	}
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	rc = fd < 0 ? -1 : setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (rc == 0)
		rc = bind(fd, a->ai_addr, a->ai_addrlen);
	if (rc == 0)
		rc = listen(fd, SOMAXCONN);
	freeaddrinfo(a);
	if (rc == 0)
		return adopt(l, fd, text, err);
	dnc_error_set(err, errno, "unable to listen on %s: %s", text, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

struct adding {
	struct listeners *listeners;
	struct dnc_error *err;
};

static int add_passed_socket(void *ctx, int fd)
{
	struct adding *adding = ctx;

	return adopt(adding->listeners, fd, "systemd", adding->err);
}

static int add_passed(struct listeners *l, struct dnc_error *err)
{
	int found = dnc_passed_sockets(true, add_passed_socket, &(struct adding){l, err});

	if (found)
		return found < 0 ? -1 : 0;
	return dnc_error_set(err, EINVAL,
		"systemd: no listening TCP socket was passed, nor a Unix socket named web (see "
		"systemd.socket(5))");
}

static int add_unix(struct listeners *l, const char *text, struct dnc_error *err)
{
	int fd = dnc_unix_socket(text + strlen("unix:"), true, err);

	return fd < 0 ? -1 : adopt(l, fd, text, err);
}

int listeners_add(struct listeners *l, const char *text, struct dnc_error *err)
{
	if (strncmp(text, "unix:", 5) == 0)
		return add_unix(l, text, err);
	return strcmp(text, "systemd") == 0 ? add_passed(l, err) : add_address(l, text, err);
}

int listeners_share(struct listeners *l, const struct listeners *other, struct dnc_error *err)
{
	for (size_t i = 0; i < other->count; i++) {
		int fd = fcntl(other->list[i].fd, F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			return dnc_error_set(
				err, errno, "unable to share a socket: %s", strerror(errno));
		if (adopt(l, fd, other->list[i].address, err) < 0)
			return -1;
	}
	return 0;
}

const char *listeners_address(const struct listeners *l, size_t index)
{
	return index < l->count ? l->list[index].address : "";
}

void listeners_stop(struct listeners *l)
{
	if (l->has_timer)
		uv_timer_stop(&l->timer);
	for (size_t i = 0; i < l->count; i++) {
		struct listener *one = &l->list[i];

		if (!one->polling)
			continue;
		one->polling = false;
		uv_poll_stop(&one->poll);
		close(one->fd);
	}
}

static void count_closed(struct listeners *l)
{
	if (--l->closing == 0)
		free(l);
}

static void on_closed(uv_handle_t *handle)
{
	count_closed(((struct listener *)handle->data)->all);
}

static void on_timer_closed(uv_handle_t *handle)
{
	count_closed(handle->data);
}

void listeners_free(struct listeners *l)
{
	if (!l)
		return;
	listeners_stop(l);
	if (!l->count) {
		free(l);
		return;
	}
	l->closing = l->count + l->has_timer;
	if (l->has_timer)
		uv_close((uv_handle_t *)&l->timer, on_timer_closed);
	for (size_t i = 0, n = l->count; i < n; i++)
		uv_close((uv_handle_t *)&l->list[i].poll, on_closed);
}
