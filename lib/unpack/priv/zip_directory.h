/* zip_directory.h - the directory of a zip archive and the records of its end (APPNOTE.TXT 4.3.12, 4.3.14 to 4.3.16).
 *
 * Only one form is accepted, the one that programs write: members, directory, records of the end, comment, with nothing
 * before, between or after them. In any other there may be members that the directory does not name. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

enum {
	ZIP_MEMBERS = 10000,      /* most that are read */
	ZIP_DIRECTORY = 10 << 20, /* most bytes of a directory */
	ZIP_LOCAL_HEADER = 30,    /* bytes of a local header without its name and extra fields */
};

/* Bytes from the first record of the end on, at most: those of zip64, the end record and its comment. */
enum { ZIP_END_BYTES = 56 + 20 + 22 + 65535 };

/* Ends of sentences about an archive that is not in this form. */
extern const char zip_is_concatenated[], zip_is_incomplete[], zip_is_too_large[];

struct zip_end {
	uint64_t offset, size; /* of the directory */
	uint64_t members;
};

/* Reads the records of the end from LAST, the last ZIP_END_BYTES of an archive of SIZE bytes, or all of it. Returns NULL, or
 * the end of a sentence about the archive. */
const char *zip_end_read(struct dnc_str last, uint64_t size, struct zip_end *end);

struct zip_entry {
	struct dnc_str name;
	uint64_t packed_size;
	uint64_t offset; /* of the local header */
	unsigned method;
	bool described; /* a data descriptor may follow the packed bytes */
	bool link;      /* a symbolic link of Unix */
};

/* Reads the next entry of a directory, and moves LEFT on. False if there is none that is whole. */
bool zip_directory_next(struct dnc_str *left, struct zip_entry *entry);

/* Whether a data descriptor can fill GAP bytes after packed bytes. */
bool zip_is_descriptor(uint64_t gap, bool described);

struct zip_local {
	size_t name_size, extra_size;
	uint32_t packed_size;
	unsigned method;
	bool described;
};

/* Reads a local header of ZIP_LOCAL_HEADER bytes. False if it is none. */
bool zip_local_read(const char *p, struct zip_local *local);
