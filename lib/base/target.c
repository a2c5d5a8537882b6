#include "target.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "addresses.h"

struct target {
	bool exists;
	dev_t device; /* of it, or if it does not exist of its directory */
	ino_t inode;
	char name[NAME_MAX + 1]; /* in that directory, if it does not exist */
};

static bool find_descriptor(struct target *t, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)))
		return false;
	*t = (struct target){.exists = true, .device = st.st_dev, .inode = st.st_ino};
	return true;
}

static bool find_path(struct target *t, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = slash ? (size_t)(slash - path) + 1 : 0;
	char directory[PATH_MAX] = ".";
	struct stat st;

	if (stat(path, &st) == 0) {
		*t = (struct target){.exists = true, .device = st.st_dev, .inode = st.st_ino};
		return !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode);
	}
	if (n >= sizeof directory || strlen(name) > NAME_MAX)
		return false;
	if (n) {
		memcpy(directory, path, n);
		directory[n] = '\0';
	}
	if (stat(directory, &st) < 0)
		return false;
	*t = (struct target){.device = st.st_dev, .inode = st.st_ino};
	memcpy(t->name, name, strlen(name) + 1);
	return true;
}

/* What ADDRESS leads to. False if it leads nowhere, in the sense of dnc_target_meets(). */
static bool find(struct target *t, const char *address)
{
	char *end;

	if (strcmp(address, "-") == 0)
		return find_descriptor(t, 0);
	if (strncmp(address, "fd:", 3) == 0) {
		long fd = strtol(address + 3, &end, 10);

		return end != address + 3 && !*end && fd >= 0 && fd <= INT_MAX &&
		       find_descriptor(t, (int)fd);
	}
	if (strncmp(address, "unix:", 5) == 0 || strncmp(address, "file:", 5) == 0)
		address += 5;
	return find_path(t, address);
}

static bool is_same(const struct target *a, const struct target *b)
{
	return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
	       strcmp(a->name, b->name) == 0;
}

/* Finds the next one of several sockets, or what else NAME is. */
static bool find_next(struct target *t, struct dnc_str *rest)
{
	bool sockets = dnc_str_starts(*rest, DNC_STR("unix:"));
	struct dnc_str one = sockets ? dnc_address_next_of_all(rest) : *rest;
	char address[PATH_MAX + 8];

	if (!sockets)
		rest->n = 0;
	return snprintf(address, sizeof address, "%.*s", DNC_STR_ARG(one)) < (int)sizeof address &&
	       find(t, address);
}

bool dnc_target_meets(const char *a, const char *b)
{
	struct target one, other;

	for (struct dnc_str left = dnc_str(a); left.n;) {
		if (!find_next(&one, &left))
			continue;
		for (struct dnc_str right = dnc_str(b); right.n;)
			if (find_next(&other, &right) && is_same(&one, &other))
				return true;
	}
	return false;
}
