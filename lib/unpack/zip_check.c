#include "priv/zip_check.h"
#include <stdlib.h>

/* The bytes of a pipe that are kept while members are read: all that the library may have read ahead. */
enum { KEPT = FEED_BLOCK + ZIP_LOCAL_HEADER };

static int fail_memory(struct job *job)
{
	return job_fail(job, "can't be unpacked: out of memory");
}

/* Reads N bytes at AT to the end of BYTES. */
static int read_at(struct job *job, uint64_t at, uint64_t n, struct dnc_buf *bytes)
{
	dnc_buf_clear(bytes);
	if (!dnc_buf_reserve(bytes, (size_t)n))
		return fail_memory(job);
	switch (feed_read_at(&job->feed, at, bytes->p, (size_t)n)) {
	case 0:
		bytes->n = (size_t)n;
		return 0;
	case 1:
		return job_fail(job, "%s", zip_is_incomplete);
	default:
		return job_fail_reading(job);
	}
}

struct place {
	uint64_t at;    /* where the packed bytes of a member end */
	bool described; /* a data descriptor may follow */
};

static bool is_next(const struct place *before, uint64_t offset)
{
	return offset >= before->at && zip_is_descriptor(offset - before->at, before->described);
}

/* Compares ENTRY with its local header, which must follow the member that ends at *STOP; moves this on. */
static int check_entry(struct job *job, const struct zip_entry *entry, uint64_t directory,
	struct dnc_buf *bytes, struct place *stop)
{
	struct zip_local local;

	if (!is_next(stop, entry->offset) || entry->offset > directory)
		return job_fail(job, "%s", zip_is_concatenated);
	if (read_at(job, entry->offset, ZIP_LOCAL_HEADER + entry->name.n, bytes) < 0)
		return -1;
	if (!zip_local_read(bytes->p, &local) || local.name_size != entry->name.n ||
		memcmp(bytes->p + ZIP_LOCAL_HEADER, entry->name.p, entry->name.n) != 0 ||
		local.method != entry->method ||
		(!local.described && local.packed_size != UINT32_MAX &&
			local.packed_size != entry->packed_size))
		return job_fail(job, "is a damaged zip archive (its directory and its members "
				     "disagree); fetch it again");
	stop->at = entry->offset + ZIP_LOCAL_HEADER + local.name_size + local.extra_size;
	stop->described = local.described || entry->described;
	if (stop->at > directory || entry->packed_size > directory - stop->at)
		return job_fail(job, "%s", zip_is_concatenated);
	stop->at += entry->packed_size;
	return 0;
}

/* Compares the members one by one: each must start where the one before it ends, and the last one end at the directory. */
static int check_entries(struct job *job, const struct zip_end *end, struct dnc_str directory)
{
	struct dnc_buf bytes = {0};
	struct zip_entry entry;
	struct place stop = {0};
	uint64_t members = 0;
	int rc = 0;

	while (rc == 0 && zip_directory_next(&directory, &entry)) {
		rc = check_entry(job, &entry, end->offset, &bytes, &stop);
		members++;
	}
	dnc_buf_free(&bytes);
	if (rc < 0)
		return -1;
	if (directory.n || members != end->members || !is_next(&stop, end->offset))
		return job_fail(job, "%s", zip_is_concatenated);
	return 0;
}

/* Whether a directory is one that is read. */
static const char *check_limits(const struct zip_end *end)
{
	if (end->members > ZIP_MEMBERS)
		return "has more than 10000 members; unpack it first";
	return end->size > ZIP_DIRECTORY ? zip_is_too_large : NULL;
}

int zip_check_file(struct job *job)
{
	int64_t size = feed_size(&job->feed);
	uint64_t last = size < ZIP_END_BYTES ? (uint64_t)size : ZIP_END_BYTES;
	struct dnc_buf bytes = {0};
	struct zip_end end;
	const char *why;
	int rc;

	if (size < 0)
		return job_fail_reading(job);
	rc = read_at(job, (uint64_t)size - last, last, &bytes);
	if (rc == 0) {
		why = zip_end_read(dnc_buf_view(&bytes), (uint64_t)size, &end);
		why = why ? why : check_limits(&end);
		rc = why ? job_fail(job, "%s", why) : read_at(job, end.offset, end.size, &bytes);
	}
	if (rc == 0)
		rc = check_entries(job, &end, dnc_buf_view(&bytes));
	dnc_buf_free(&bytes);
	return rc;
}

void zip_trail_finish(struct zip_trail *t)
{
	dnc_buf_free(&t->last);
	free(t->starts);
}

bool zip_trail_add(struct zip_trail *t, struct dnc_str bytes)
{
	size_t keep = bytes.n < KEPT ? KEPT - bytes.n : 0;

	t->size += bytes.n;
	if (!t->directory) {
		if (t->last.n > keep) {
			memmove(t->last.p, t->last.p + t->last.n - keep, keep);
			t->last.n = keep;
		}
	} else if (t->last.n + bytes.n > KEPT + ZIP_DIRECTORY + ZIP_END_BYTES) {
		return false;
	}
	dnc_buf_str(&t->last, bytes);
	return true;
}

bool zip_trail_member(struct zip_trail *t, uint64_t at)
{
	if (!t->starts)
		t->starts = calloc(ZIP_MEMBERS, sizeof *t->starts);
	if (!t->starts)
		return false;
	t->starts[t->members++] = at;
	return true;
}

/* The library says where a member starts, but not always after the descriptor of the one before it. */
static const char *compare(
	const struct zip_trail *t, const struct zip_end *end, struct dnc_str directory, uint64_t at)
{
	struct zip_entry entry;
	struct place start = {0};
	const char *why = NULL;
	size_t members = 0;

	while (members < t->members && zip_directory_next(&directory, &entry)) {
		start.at = t->starts[members++];
		if (!is_next(&start, entry.offset))
			return zip_is_concatenated;
		start.described = entry.described;
		if (entry.link)
			why = "has a link, which can't be told from a file in a pipe and was read as one; "
			      "give the archive as a file";
	}
	start.at = at;
	if (directory.n || members != t->members || members != end->members ||
		!is_next(&start, end->offset))
		return zip_is_concatenated;
	return why;
}

const char *zip_trail_check(const struct zip_trail *t, uint64_t at)
{
	struct dnc_str last = dnc_buf_view(&t->last), directory;
	struct zip_end end;
	const char *why;

	if (!dnc_buf_ok(&t->last))
		return "can't be unpacked: out of memory";
	if (last.n > ZIP_END_BYTES)
		last = (struct dnc_str){last.p + last.n - ZIP_END_BYTES, ZIP_END_BYTES};
	why = zip_end_read(last, t->size, &end);
	why = why ? why : check_limits(&end);
	if (why)
		return why;
	if (end.offset < t->size - t->last.n)
		return zip_is_concatenated;
	directory = (struct dnc_str){
		t->last.p + (end.offset - (t->size - t->last.n)), (size_t)end.size};
	return compare(t, &end, directory, at);
}
