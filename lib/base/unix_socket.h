/* address.h - Unix sockets, as options name them. */
#pragma once
#include <stdbool.h>
#include "base/err.h"

/* False with ERR when PATH is too long for a socket's address. */
bool dnc_unix_path_fits(const char *path, struct dnc_error *err);

/* A connected (LISTEN false) or listening stream socket at PATH. -1 with ERR. */
int dnc_unix_socket(const char *path, bool listening, struct dnc_error *err);
