/* target.h - what the name of an input or output leads to, so that two names of the same are found: a program that reads what it writes
 * never ends. Thread safe. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct dnc_target {
	bool exists;
	dev_t device; /* of it, or if it does not exist of its directory */
	ino_t inode;
	char name[NAME_MAX + 1]; /* in that directory, if it does not exist */
};

/* Finds what ADDRESS leads to: "unix:PATH", "file:PATH", "fd:N", "-" (descriptor 0) or a path. False if it leads nowhere, or to what
 * may well be read and written at once: a device, or a descriptor of a socket. */
bool dnc_target_find(struct dnc_target *t, const char *address);

bool dnc_target_is_same(const struct dnc_target *a, const struct dnc_target *b);

/* True if both names lead somewhere, and to the same. Of several sockets in one name (base/addresses.h) one is enough. */
bool dnc_target_meets(const char *a, const char *b);
