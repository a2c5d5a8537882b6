/* passed.h - the sockets that the service manager passed (systemd.socket(5), sd_listen_fds(3)). Thread safe. */
#pragma once
#include <stdbool.h>

/* Calls ADD(CTX, fd) for each listening socket that is for clients (CLIENTS) or for producers. Clients get the TCP sockets,
 * and the Unix sockets whose FileDescriptorName= is "web"; producers get the other Unix sockets. Returns how many there
 * were, or -1 as soon as ADD does. */
int dnc_passed_sockets(bool clients, int (*add)(void *ctx, int fd), void *ctx);
