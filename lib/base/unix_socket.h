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
 * ERR, whose code is the errno. */
int dnc_unix_socket(const char *path, bool listening, struct dnc_error *err);
