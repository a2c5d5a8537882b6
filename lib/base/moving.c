#include "priv/moving.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "str.h"

size_t moving_format(char text[MOVING_BYTES], const char *target, const struct dnc_arrival *file)
{
	return (size_t)snprintf(text, MOVING_BYTES, "%s%c%s%c%llu %llu %llu %lld %ld\n", target, 0,
		file->name, 0, (unsigned long long)file->st.st_dev,
		(unsigned long long)file->st.st_ino, (unsigned long long)file->st.st_size,
		(long long)file->st.st_mtim.tv_sec, file->st.st_mtim.tv_nsec);
}

/* The next text of the record, which is removed from it. False if it does not fit in TO. */
static bool next_text(struct dnc_str *text, char *to, size_t size)
{
	const char *end = text->n ? memchr(text->p, '\0', text->n) : NULL;
	size_t n = end ? (size_t)(end - text->p) : text->n;

	if (n >= size)
		return false;
	memcpy(to, text->p, n);
	to[n] = '\0';
	n += end != NULL;
	*text = (struct dnc_str){text->p + n, text->n - n};
	return true;
}

/* Nothing outside the folders is touched. */
static bool is_target(const char *target, const char *const *folders)
{
	const char *slash = strchr(target, '/');

	for (const char *const *name = folders; slash && *name; name++)
		if (strncmp(target, *name, strlen(*name)) == 0 && target + strlen(*name) == slash &&
			slash[1] && !strchr(slash + 1, '/'))
			return true;
	return false;
}

static bool parse_stat(struct stat *st, const char *text)
{
	unsigned long long dev, ino, size;
	long long seconds;
	long ns;
	char newline;

	if (sscanf(text, "%llu %llu %llu %lld %ld%c", &dev, &ino, &size, &seconds, &ns, &newline) !=
			6 ||
		newline != '\n')
		return false;
	st->st_dev = dev;
	st->st_ino = ino;
	st->st_size = (off_t)size;
	st->st_mtim = (struct timespec){seconds, ns};
	return true;
}

static bool parse(struct moving *m, struct dnc_str text, const char *const *folders)
{
	char numbers[128];

	*m = (struct moving){0};
	if (!next_text(&text, m->target, sizeof m->target) || !is_target(m->target, folders))
		return false;
	if (!text.n)
		return true;
	return next_text(&text, m->name, sizeof m->name) && m->name[0] && !strchr(m->name, '/') &&
	       next_text(&text, numbers, sizeof numbers) && parse_stat(&m->st, numbers);
}

bool moving_read(struct moving *m, int dir, const char *name, const char *const *folders)
{
	char text[MOVING_BYTES];
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

	if (fd >= 0)
		close(fd);
	return n > 0 && parse(m, (struct dnc_str){text, (size_t)n}, folders);
}

/* Some file systems know no flags: EINVAL. */
int moving_rename(int dir, const char *from, const char *to)
{
	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	return errno == EINVAL ? renameat(dir, from, dir, to) : -1;
}

/* A process may have been killed after it made TO a link of FROM. */
static bool is_linked(int dir, const char *from, const char *to)
{
	struct stat x, y;

	return fstatat(dir, from, &x, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(dir, to, &y, AT_SYMLINK_NOFOLLOW) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

int moving_rename_back(int dir, const char *from, const char *to)
{
	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL && (linkat(dir, from, dir, to, 0) == 0 ||
				       (errno == EEXIST && is_linked(dir, from, to))))
		return unlinkat(dir, from, 0);
	return -1;
}

void moving_set_device(int dir, const char *name, struct dnc_arrival *file)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		file->st.st_dev = st.st_dev;
}
