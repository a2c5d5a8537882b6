/* sockets.h - scripted peers on Unix sockets in a directory of the test's own. */
#pragma once
#include "unit.h"
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };

static char dir[64];

static inline int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/dnc-unit-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

/* Fails if the test left a file behind. */
static inline int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static inline const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static inline struct sockaddr_un address_of(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", dir, name);
	return address;
}

static inline int listen_on(const char *name, int backlog)
{
	struct sockaddr_un address = address_of(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static inline int connect_to(const char *name)
{
	struct sockaddr_un address = address_of(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static inline void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads up to SIZE bytes once there are any; 0 at the end of the connection. */
static inline size_t read_some(int fd, char *to, size_t size)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	ssize_t n;

	assert_int_equal(poll(&entry, 1, WAIT_MS), 1);
	n = read(fd, to, size);
	return n < 0 ? 0 : (size_t)n;
}

/* Reads until TEXT has come, and nothing else. */
static inline void expect(int fd, const char *text)
{
	char got[4096];
	size_t n = 0;

	while (n < strlen(text)) {
		size_t more = read_some(fd, got + n, sizeof got - n);

		if (!more)
			fail_msg("closed before %s, after %.*s", text, (int)n, got);
		n += more;
	}
	if (n != strlen(text) || memcmp(got, text, n) != 0)
		fail_msg("expected %s, got %.*s", text, (int)n, got);
}

static inline void expect_end(int fd)
{
	char c;

	assert_int_equal(read_some(fd, &c, 1), 0);
}

/* Reads acknowledgements until one of them is LAST; counts that are sent late are left out on the way. */
static inline void expect_last(int fd, const char *last)
{
	char got[1024];
	size_t n = 0, more;

	for (;;) {
		char *newline = memchr(got, '\n', n);

		while (newline) {
			*newline = '\0';
			if (strcmp(got, last) == 0)
				return;
			n -= (size_t)(newline + 1 - got);
			memmove(got, newline + 1, n);
			newline = memchr(got, '\n', n);
		}
		more = read_some(fd, got + n, sizeof got - n);
		if (!more)
			fail_msg("closed before %s", last);
		n += more;
	}
}

/* Waits for CONDITION, which another thread makes true. */
#define WAIT_FOR(condition)                                                                        \
	do {                                                                                       \
		int left_ms = WAIT_MS;                                                             \
		const struct timespec ms = {.tv_nsec = 1000000};                                   \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (!left_ms--)                                                            \
				fail_msg("waited in vain for %s", #condition);                     \
			nanosleep(&ms, NULL);                                                      \
		}                                                                                  \
	} while (0)
