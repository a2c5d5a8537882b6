/* unpack.h - compressed files and archives, as the bytes of their members.
 *
 * gzip, xz, zstd and bzip2 have one member without a name; files that were concatenated are one member, as for zcat(1).
 * A zip archive has any number. A thread of its own reads the descriptor and unpacks ahead of the caller, so that the
 * caller's loop never waits: it polls dnc_unpack_fd() and takes what there is by dnc_unpack_next(). What was unpacked is
 * handed over before the thread waits for a pipe.
 *
 * A regular file is unpacked twice: first to its end, to check it, then to hand it over. Thus nothing is read of one
 * that is damaged, incomplete or too large. If its size or its time of modification changes in between, it fails,
 * and none of its changed bytes are handed over. What is checked: CRC-32 for gzip, zip and bzip2; the check that an
 * xz or zstd file has, which may be none (`xz --check=none`, `zstd --no-check`): then only that the data can be
 * unpacked. A pipe can't be checked first: the caller must not use an incomplete last line of a member that ends in
 * DNC_UNPACKED_BROKEN or DNC_UNPACKED_FAILED, in which a number may lack digits. The bytes before may be wrong, too,
 * if the pipe is damaged: the checksum is behind them. They are not held back, because a pipe need not end.
 *
 * A zip archive must be members, directory, end and comment, without other bytes: else there may be members that the
 * directory does not name, as in archives that were joined by cat(1), and these would be lost. The directory and the local
 * headers must agree. Of a pipe all this is known at its end.
 *
 * Limits: bytes unpacked of a file; a size 10,000 times that of the file, from 1 GiB on (lists of numbers do not reach
 * 1,000 times; RFC 1951 allows 1,032); 10,000 members, a directory of 10 MiB, names of 1,024 bytes; 256 MiB of memory for
 * xz (xz -9 needs 65), a window of 128 MiB for zstd (as zstd(1) itself); only stored and deflated members of zip.
 *
 * Formats: RFC 1952; the .xz format 1.1.0 (tukaani.org); RFC 8878; bzip2 1.0; PKWARE's APPNOTE.TXT.
 *
 * Threads: an object belongs to the thread that made it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

enum dnc_packing {
	DNC_PACKING_NONE,
	DNC_PACKING_UNSURE, /* more bytes are needed */
	DNC_PACKING_GZIP,
	DNC_PACKING_ZIP,
	DNC_PACKING_XZ,
	DNC_PACKING_ZSTD,
	DNC_PACKING_BZIP2,
};

/* What a file that starts with these bytes is. 10 bytes are always enough. No text is taken for packed. */
enum dnc_packing dnc_packing_of(struct dnc_str start);

/* "gzip", "zip" ... */
const char *dnc_packing_name(enum dnc_packing packing);

struct dnc_unpack;

/* Of one file. */
struct dnc_unpack_limit {
	uint64_t bytes; /* unpacked */
	const char *
		raise; /* what people do to raise it, such as "raise --limit"; borrowed until U is freed */
};

/* Starts to unpack what FD gives, after the bytes START that were read from it. FD is not closed, and must not be read
 * until U is freed. LIMIT is copied. NULL with ERR if there is no memory, no descriptor or no
 * thread. */
struct dnc_unpack *dnc_unpack_new(int fd, enum dnc_packing packing, struct dnc_str start,
	const struct dnc_unpack_limit *limit, struct dnc_error *err);

/* Stops the thread, waits for its end and frees U; NULL is allowed. */
void dnc_unpack_free(struct dnc_unpack *u);

/* A descriptor that is readable while dnc_unpack_next() has something. */
int dnc_unpack_fd(const struct dnc_unpack *u);

enum dnc_unpacked_kind {
	DNC_UNPACKED_NOTHING, /* at the moment */
	DNC_UNPACKED_MEMBER,  /* a member starts; text is its name, escaped; empty if it has none */
	DNC_UNPACKED_BYTES,   /* of the member */
	DNC_UNPACKED_END,     /* the member was unpacked as a whole */
	DNC_UNPACKED_BROKEN, /* the member can't be read, or no further; text says why; others follow */
	DNC_UNPACKED_NOTE,   /* text for people, about the file */
	DNC_UNPACKED_FAILED, /* the file can't be read, or no further; text says why */
	DNC_UNPACKED_DONE,   /* the file is at its end */
};

/* Texts for people are the end of a sentence that starts with the name of the file or member. */
struct dnc_unpacked {
	enum dnc_unpacked_kind kind;
	struct dnc_str text; /* valid until the next call */
};

/* Returns the next part in OUT; never waits. After DNC_UNPACKED_FAILED and DNC_UNPACKED_DONE nothing follows. */
void dnc_unpack_next(struct dnc_unpack *u, struct dnc_unpacked *out);

/* How much of the packed bytes was worked through: at most their number. A regular file, which is unpacked twice, comes to half of
 * it when it was checked. Never decreases. */
uint64_t dnc_unpack_read_bytes(const struct dnc_unpack *u);
