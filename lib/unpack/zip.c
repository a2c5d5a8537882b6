/* zip.c - zip archives, read by libarchive. A regular file is read by its directory, a pipe from its start to its end. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include "base/escape.h"
#include "priv/job.h"
#include "priv/zip_check.h"
#include "priv/zip_member.h"

struct zip {
	struct job *job;
	struct archive *archive;
	struct dnc_buf name;     /* of the member, escaped */
	struct zip_trail trail;  /* of a pipe */
	uint64_t members, files; /* of any kind; and those that were read or refused */
	uint64_t metadata;       /* members that were passed over */
	char first_metadata[64]; /* one of them */
};

static la_ssize_t on_read(struct archive *a, void *ctx, const void **p)
{
	struct zip *z = ctx;
	const char *block;
	ssize_t n;

	n = feed_read(&z->job->feed, &block);
	if (n < 0) {
		if (!z->job->why[0])
			job_fail_reading(z->job);
		archive_set_error(a, errno, "%s", strerror(errno));
		return ARCHIVE_FATAL;
	}
	*p = block;
	if (!z->job->feed.regular &&
		!zip_trail_add(&z->trail, (struct dnc_str){block, (size_t)n})) {
		job_fail(z->job, "%s", zip_is_too_large);
		return ARCHIVE_FATAL;
	}
	return n;
}

static la_int64_t on_seek(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
	struct feed *f = &((struct zip *)ctx)->job->feed;
	int64_t size = feed_size(f);
	int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (int64_t)f->at : size;

	if (size < 0 || offset < -from || offset > size - from) {
		archive_set_error(a, EINVAL, "it refers to bytes that it does not have");
		return ARCHIVE_FATAL;
	}
	feed_seek(f, (uint64_t)(from + offset));
	return from + offset;
}

static int fail_archive(struct zip *z)
{
	const char *error = archive_error_string(z->archive);
	char why[128];

	if (z->job->why[0] || errno == ECANCELED)
		return -1;
	dnc_escape_into(
		why, sizeof why, dnc_str(error ? error : "unknown format"), DNC_ESCAPE_TEXT);
	return job_fail(z->job, "is a damaged or incomplete zip archive (%s); fetch it again", why);
}

static int open_archive(struct zip *z)
{
	struct archive *a = z->archive = archive_read_new();

	if (!a)
		return job_fail(z->job, "can't be unpacked: out of memory");
	if ((z->job->feed.regular ? archive_read_support_format_zip_seekable(a)
				  : archive_read_support_format_zip_streamable(a)) != ARCHIVE_OK)
		return fail_archive(z);
	archive_read_set_callback_data(a, z);
	archive_read_set_read_callback(a, on_read);
	if (z->job->feed.regular)
		archive_read_set_seek_callback(a, on_seek);
	return archive_read_open1(a) == ARCHIVE_OK ? 0 : fail_archive(z);
}

/* Copies what was unpacked to the queue. -1 with `why`, or if it was stopped. */
static int copy_block(struct zip *z, const char *p, size_t n)
{
	while (n) {
		size_t room;
		char *space = chunks_space(&z->job->out, &room);

		if (!space)
			return -1;
		room = room < n ? room : n;
		memcpy(space, p, room);
		chunks_filled(&z->job->out, room);
		p += room;
		n -= room;
	}
	return job_check(z->job);
}

static int unpack_member(struct zip *z)
{
	const void *p;
	size_t n;
	la_int64_t at;
	int rc;

	if (!chunks_put(&z->job->out, DNC_UNPACKED_MEMBER, dnc_buf_view(&z->name)))
		return -1;
	while ((rc = archive_read_data_block(z->archive, &p, &n, &at)) == ARCHIVE_OK)
		if (copy_block(z, p, n) < 0)
			return -1;
	if (rc != ARCHIVE_EOF)
		return fail_archive(z);
	return chunks_put(&z->job->out, DNC_UNPACKED_END, DNC_STR("")) ? 0 : -1;
}

/* Tells that the member can't be read. */
static int refuse_member(struct zip *z, const char *why)
{
	if (!chunks_put(&z->job->out, DNC_UNPACKED_MEMBER, dnc_buf_view(&z->name)) ||
		!chunks_put(&z->job->out, DNC_UNPACKED_BROKEN, dnc_str(why)))
		return -1;
	return 0;
}

static int read_member(struct zip *z, struct archive_entry *entry)
{
	const char *why;
	enum zip_member_kind kind =
		zip_member_kind(entry, archive_format_name(z->archive), &z->name, &why);

	if (!dnc_buf_ok(&z->name))
		return job_fail(z->job, "can't be unpacked: out of memory");
	z->files += kind == ZIP_MEMBER_FILE || kind == ZIP_MEMBER_REFUSED;
	switch (kind) {
	case ZIP_MEMBER_FILE:
		return unpack_member(z);
	case ZIP_MEMBER_REFUSED:
		return refuse_member(z, why);
	case ZIP_MEMBER_DOCUMENT:
		return job_fail(z->job, "%s", why);
	case ZIP_MEMBER_METADATA:
		if (!z->metadata++)
			snprintf(z->first_metadata, sizeof z->first_metadata, "%.*s",
				(int)z->name.n, z->name.p);
		return 0;
	default:
		return 0;
	}
}

/* Reads what follows the last member of a pipe, and compares it with the members. */
static int read_to_end(struct zip *z)
{
	uint64_t directory = (uint64_t)archive_read_header_position(z->archive);
	const char *why;
	const void *p;
	ssize_t n;

	if (z->job->feed.regular)
		return 0;
	z->trail.directory = true;
	while ((n = on_read(z->archive, z, &p)) > 0)
		;
	if (n < 0)
		return fail_archive(z);
	why = zip_trail_check(&z->trail, directory);
	return why ? job_fail(z->job, "%s", why) : 0;
}

/* Counts a member whose header was read. */
static int count_member(struct zip *z)
{
	if (++z->members > ZIP_MEMBERS)
		return job_fail(z->job, "has more than %d members; unpack it first", ZIP_MEMBERS);
	if (!z->job->feed.regular &&
		!zip_trail_member(&z->trail, (uint64_t)archive_read_header_position(z->archive)))
		return job_fail(z->job, "can't be unpacked: out of memory");
	return 0;
}

static int read_members(struct zip *z)
{
	struct archive_entry *entry;
	int rc;

	while ((rc = archive_read_next_header(z->archive, &entry)) == ARCHIVE_OK ||
		rc == ARCHIVE_WARN) {
		if (count_member(z) < 0 || read_member(z, entry) < 0)
			return -1;
	}
	if (rc != ARCHIVE_EOF)
		return fail_archive(z);
	if (read_to_end(z) < 0)
		return -1;
	return z->files ? 0 : job_fail(z->job, "is a zip archive without any file; fetch it again");
}

static int tell_metadata(struct zip *z)
{
	char note[256];

	if (!z->metadata)
		return 0;
	snprintf(note, sizeof note,
		"has %llu members that only describe files, which were not read: %s%s",
		(unsigned long long)z->metadata, z->first_metadata, z->metadata > 1 ? ", ..." : "");
	return chunks_put(&z->job->out, DNC_UNPACKED_NOTE, dnc_str(note)) ? 0 : -1;
}

int unpack_zip(struct job *job)
{
	struct zip z = {.job = job};
	/* The library gives names in UTF-8 only where the locale has them. This is the thread's own. */
	locale_t utf_8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL), before = NULL;
	int rc;

	if (utf_8)
		before = uselocale(utf_8);
	errno = 0;
	rc = job->feed.regular ? zip_check_file(job) : 0;
	if (rc == 0)
		rc = open_archive(&z);
	if (rc == 0)
		rc = read_members(&z);
	if (rc == 0)
		rc = tell_metadata(&z);
	archive_read_free(z.archive);
	if (utf_8) {
		uselocale(before);
		freelocale(utf_8);
	}
	dnc_buf_free(&z.name);
	zip_trail_finish(&z.trail);
	return rc;
}
