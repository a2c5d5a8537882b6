/* set.h - a sorted set of telephone numbers in a file: what a full list said.
 *
 * Numbers are the digits of E.164 as a number: +1 202 555 0143 is 12025550143. They are added in ascending order and read in
 * that order, in constant memory. A registry's list takes one byte for each number: differences of neighbours are
 * mostly below 128. (Roaring bitmaps, measured with 50 million numbers in blocks of exchanges, took 2.0 bytes for each where 5 %
 * of an exchange is listed, 1.6 at 12 % and 0.9 at 25 %; and were slower to write.)
 *
 * The file, version 1; integers are little-endian:
 *
 *	header     magic "DNC-SET\n"; u32 version; u32 bytes of the header; u64 count of numbers;
 *	           u64 bytes of all blocks; i64 when it was made, in milliseconds since 1970; 32 bytes digest;
 *	           32 bytes base; the list's text; 32 bytes BLAKE2b of the header before them
 *	blocks     u32 bytes of the payload; u32 count; u64 first number; payload; u32 CRC-32 (zlib) of all these.
 *	           The payload holds, for each number but the first, the difference to the one before it, less one, as a
 *	           varint: 7 bits in a byte, the lowest first, 0x80 if more follow. A block ends when a payload
 *	           of DNC_SET_PAYLOAD_MAX bytes has no room for another 8 bytes.
 *
 * The digest is the BLAKE2b-256 of the blocks. Equal sets have equal blocks, so it stands for the numbers. The base is the
 * state of the set that this one replaces, or random bytes for the first one; the state of a set is the BLAKE2b-256 of its
 * base and its digest. So the state stands for the numbers and for all sets before them: when a number is added,
 * removed and added again, the third set has the numbers of the first, but another state.
 * The list's text is the writer's own: what list it is.
 *
 * Not safe for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

enum { DNC_SET_DIGEST_BYTES = 32, DNC_SET_TEXT_MAX = 4096, DNC_SET_PAYLOAD_MAX = 65536 };

/* E.164: at most 15 digits. */
#define DNC_SET_NUMBER_MAX UINT64_C(999999999999999)

/* In ERR's code: the file is damaged, or no set. Others are errnos. */
enum { DNC_SET_DAMAGED = -2 };

/* What a file says of itself. */
struct dnc_set_about {
	uint64_t count;
	uint64_t bytes; /* of the whole file */
	int64_t created_ms;
	unsigned char digest[DNC_SET_DIGEST_BYTES], base[DNC_SET_DIGEST_BYTES];
	struct dnc_str list; /* at most DNC_SET_TEXT_MAX bytes */
};

/* Writes the state of the set ABOUT. */
void dnc_set_state(const struct dnc_set_about *about, unsigned char out[DNC_SET_DIGEST_BYTES]);

/* Numbers in ascending order, from wherever they come. Returns 1 with the next one in *NUMBER, 0 at the end, -1 with
 * ERR. */
struct dnc_numbers {
	int (*next)(void *ctx, uint64_t *number, struct dnc_error *err);
	void *ctx;
};

/* The empty set. */
struct dnc_numbers dnc_set_no_numbers(void);

struct dnc_set_writer;

/* Creates the file PATH with the permissions 0600; one that is there is replaced. ABOUT has created_ms, base and list; its
 * other members are ignored. PATH is borrowed. NULL with ERR, an errno. */
struct dnc_set_writer *dnc_set_create(
	const char *path, const struct dnc_set_about *about, struct dnc_error *err);

/* Adds NUMBER, greater than the last one (EINVAL otherwise), from 1 to DNC_SET_NUMBER_MAX. -1 with ERR. */
int dnc_set_add(struct dnc_set_writer *w, uint64_t number, struct dnc_error *err);

/* Waits until the file is whole and on disk (its name may not be: see dnc_file_sync_directory()). -1 with ERR. Sets the
 * members of *ABOUT that dnc_set_create() ignored; NULL is allowed. Once. */
int dnc_set_complete(struct dnc_set_writer *w, struct dnc_set_about *about, struct dnc_error *err);

/* Frees W; NULL is allowed. Removes the file unless it is complete. */
void dnc_set_writer_free(struct dnc_set_writer *w);

struct dnc_set_reader;

/* Opens PATH, a regular file, and checks its header. PATH is borrowed. NULL with ERR: an errno (ENOENT: there is no such
 * file), DNC_SET_DAMAGED, or DNC_ERROR_NO_MEMORY. */
struct dnc_set_reader *dnc_set_open(const char *path, struct dnc_error *err);

/* Frees R; NULL is allowed. */
void dnc_set_reader_free(struct dnc_set_reader *r);

/* Valid as long as R. */
const struct dnc_set_about *dnc_set_about(const struct dnc_set_reader *r);

/* Returns 1 with the next number, 0 at the end, when all checksums and the count were right, or -1 with ERR. Numbers that were
 * returned before a failure are those of undamaged blocks, but perhaps not all. */
int dnc_set_next(struct dnc_set_reader *r, uint64_t *number, struct dnc_error *err);

/* The numbers of R. */
struct dnc_numbers dnc_set_numbers(struct dnc_set_reader *r);

/* Two sets that are read side by side. Set OLD and FRESH, all else zero. */
enum dnc_set_place { DNC_SET_REMOVED, DNC_SET_ADDED, DNC_SET_KEPT };

struct dnc_set_walk {
	struct dnc_numbers old, fresh;
	uint64_t old_number, fresh_number; /* waiting; 0: at the end */
	bool started;
};

/* Returns 1 with the next number of either set, once, and which of them has it; 0 when both are at their end; -1 with
 * ERR. */
int dnc_set_walk(
	struct dnc_set_walk *w, uint64_t *number, enum dnc_set_place *place, struct dnc_error *err);
