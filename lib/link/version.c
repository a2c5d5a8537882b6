/* version.c - the version of a file that is read twice. */
#include "priv/version.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "priv/stream.h"

int64_t version_ns(const struct timespec *t)
{
	return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

static struct dnc_file_version version_of(const struct stat *st)
{
	return (struct dnc_file_version){.known = true,
		.device = st->st_dev,
		.inode = st->st_ino,
		.size_bytes = (uint64_t)st->st_size,
		.modified_ns = version_ns(&st->st_mtim),
		.changed_ns = version_ns(&st->st_ctim)};
}

static bool is_version(const struct dnc_file_version *v, const struct stat *st)
{
	const struct dnc_file_version now = version_of(st);

	return v->device == now.device && v->inode == now.inode &&
	       v->size_bytes == now.size_bytes && v->modified_ns == now.modified_ns &&
	       v->changed_ns == now.changed_ns;
}

bool version_is_other(const struct input_source *s)
{
	struct stat st;

	return s->version && (fstat(s->fd, &st) < 0 || !is_version(s->version, &st));
}

int version_check(const struct input_source *s, struct dnc_error *err)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return dnc_error_set(
			err, errno, "unable to open %s: %s", s->stream.name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return dnc_error_set(err, EIO,
			"%s is no regular file any more, and is not read: it can't be checked first",
			s->stream.name);
	if (s->version->known && !is_version(s->version, &st))
		return dnc_error_set(err, EIO,
			"%s was replaced or changed after it was checked, and nothing of it is published; "
			"read it again when it is complete",
			s->stream.name);
	*s->version = version_of(&st);
	return 0;
}

void version_fail(struct dnc_input *in, const struct input_source *s, const char *name)
{
	struct dnc_error err;

	dnc_error_set(&err, EIO,
		"%s was changed while it was read; read it again when it is complete", name);
	stream_fail_file(in, s, &err);
}
