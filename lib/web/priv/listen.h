/* listen.h - sockets that clients connect to. */
#pragma once
#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>
#include "base/err.h"

/* The longest path of a Unix socket has 107 bytes. */
enum { LISTEN_ADDRESS_MAX = 128 };

struct listeners;

/* ACCEPTED(CTX, fd, peer) is called for each connection and owns it; PEER is its other end, AF_UNIX if it was made to a Unix
 * socket. ANY_ADDRESS: not only loopback addresses are allowed. To be freed with listeners_free(). NULL when there is no memory. */
struct listeners *listeners_new(uv_loop_t *loop, bool any_address,
	void (*accepted)(void *ctx, int fd, const struct sockaddr_storage *peer), void *ctx);

/* Listens on "127.0.0.1:8080", "[::1]:0", "unix:PATH[,mode=MODE][,group=GROUP]" (see base/unix_socket.h), or on the
 * sockets for clients that the service manager passed ("systemd", see base/passed.h). -1 with ERR, whose code is an
 * errno. */
int listeners_add(struct listeners *l, const char *text, struct dnc_error *err);

/* Listens on the sockets of OTHER: whichever is idle accepts a connection. -1 with ERR, whose code is an errno. */
int listeners_share(struct listeners *l, const struct listeners *other, struct dnc_error *err);

/* The address of listener INDEX, as a client names it; empty after the last one. Borrowed. */
const char *listeners_address(const struct listeners *l, size_t index);

/* Accepts no more connections. */
void listeners_stop(struct listeners *l);

/* Closes all listeners. The loop must run once more. NULL is allowed. */
void listeners_free(struct listeners *l);
