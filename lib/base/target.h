/* target.h - whether the names of an input and an output lead to the same: a program that reads what it writes never
 * ends. Thread safe. */
#pragma once
#include <stdbool.h>

/* True if both names lead somewhere, and to the same: "unix:PATH", "file:PATH", "fd:N", "-" (descriptor 0) or a path. Of
 * several sockets in one name (base/addresses.h) one is enough. What may well be read and written at once leads nowhere: a
 * device, or a descriptor of a socket. */
bool dnc_target_meets(const char *a, const char *b);
