/* address.h - inside lib/link: addresses as options name them. */
#pragma once
#include <stdbool.h>
#include "../base/err.h"

/* A connected (LISTEN false) or listening stream socket at PATH. -1 with ERR. */
int dnc_unix_socket(const char *path, bool listening, struct dnc_error *err);

/* The N of "fd:N" when it is an open descriptor. -1 with ERR. */
int dnc_fd_address(const char *address, struct dnc_error *err);
