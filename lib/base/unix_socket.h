/* unix_socket.h - stream sockets in the Unix domain. Thread safe. */
#pragma once
#include <stdbool.h>
#include "base/err.h"

/* False with ERR if PATH is empty, or too long for the address of a socket. */
bool dnc_unix_path_fits(const char *path, struct dnc_error *err);

/* Returns a connected (LISTENING false) or listening stream socket at PATH, to be closed by the caller,
 * close-on-exec. A connected one is non-blocking, and connecting does not wait: EAGAIN if the listener has
 * too many connections that it has not accepted. A listening one is blocking; a socket file that no process
 * listens on is replaced by it. EADDRINUSE if a process does, or if PATH is a file of another kind. -1 with
 * ERR, whose code is the errno.
 *
 * To listen, options may follow PATH, as socat(1) writes them: "/run/hub.sock,mode=0660,group=www-data". "mode" is
 * the octal mode of the socket file, whose write bits say who may connect; "group" is its group, by name or number, and
 * without "mode" gives it 0660. Both are in effect before the first connection is possible. Without options the mode
 * follows from umask(2). EINVAL if an option is wrong; so a path that is listened on has no comma. */
int dnc_unix_socket(const char *path, bool listening, struct dnc_error *err);

/* The length of the path in PATH, without the options. */
size_t dnc_unix_path_length(const char *path);
