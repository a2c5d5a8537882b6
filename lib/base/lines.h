/* lines.h - splits a stream of bytes into lines without copying them.
 *
 * The caller reads into dnc_lines_space(), says how many bytes with dnc_lines_filled(), and calls
 * dnc_lines_next() until it returns false. Memory is bounded by the longest line allowed plus one block.
 * DNC_LINES_SLACK bytes after every line may be read, with undefined content, as SIMD parsers do. Not safe
 * for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "str.h"

#define DNC_LINES_SLACK 64

struct dnc_lines {
	char *p;
	size_t start, end, size; /* unread bytes are p[start..end) */
	size_t scanned;          /* no newline before p[scanned] */
	size_t scanned_cr;       /* no lone carriage return before p[scanned_cr] */
	size_t max;              /* longest line in bytes, without its end */
	uint64_t number;         /* of the last line returned, from 1 */
	bool skipping;           /* inside the rest of a line that was too long */
	bool ended;              /* dnc_lines_end() was called */
	bool lone_cr; /* a carriage return ends a line, too; may be set before the first line */
};

struct dnc_line {
	struct dnc_str text; /* without its end; valid until the next dnc_lines_space() */
	size_t end_n;    /* bytes of the "\n", "\r\n" or "\r" after the text; 0: none was read */
	uint64_t number; /* from 1 */
	bool too_long;   /* text is only the first MAX bytes; the rest is skipped */
};

/* Prepares L for lines of at most MAX bytes; BLOCK is the size of the first buffer in bytes. -1 when there is
 * no memory. */
int dnc_lines_init(struct dnc_lines *l, size_t max, size_t block);

/* Frees the memory. */
void dnc_lines_finish(struct dnc_lines *l);

/* Returns memory to read into, of *ROOM bytes, at least one; NULL when there is no memory. */
char *dnc_lines_space(struct dnc_lines *l, size_t *room);

/* N bytes were read into dnc_lines_space(). */
void dnc_lines_filled(struct dnc_lines *l, size_t n);

/* The stream has ended: bytes after the last line end are a line, too. */
void dnc_lines_end(struct dnc_lines *l);

/* Returns the next whole line in OUT; false when more bytes are needed. */
bool dnc_lines_next(struct dnc_lines *l, struct dnc_line *out);
