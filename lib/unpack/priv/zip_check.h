/* zip_check.h - whether the directory of a zip archive names all that is in it: a member that it does not name is not read.
 *
 * Of a regular file this is known before its first member is read. A pipe is read member by member; that these are all of
 * them, and that nothing follows, is known at its end. */
#pragma once
#include "base/buf.h"
#include "job.h"
#include "zip_directory.h"

/* Compares the directory of a regular file with the local headers. 0, or -1 with `why`. */
int zip_check_file(struct job *job);

/* Of a pipe: where members started, and its last bytes. */
struct zip_trail {
	struct dnc_buf last;
	uint64_t size;    /* bytes so far, of which `last` are the last */
	bool directory;   /* is being read: all of `last` is kept */
	uint64_t *starts; /* ZIP_MEMBERS of the local headers; NULL until the first one */
	size_t members;
};

void zip_trail_finish(struct zip_trail *t);

/* The pipe has given these BYTES. False if its directory is larger than ZIP_DIRECTORY. */
bool zip_trail_add(struct zip_trail *t, struct dnc_str bytes);

/* A member, one of at most ZIP_MEMBERS, starts at the byte AT. False if there is no memory. */
bool zip_trail_member(struct zip_trail *t, uint64_t at);

/* Compares the directory, which starts at the byte AT, with the members. Call it after the last byte. Returns NULL, or the
 * end of a sentence about the archive. */
const char *zip_trail_check(const struct zip_trail *t, uint64_t at);
