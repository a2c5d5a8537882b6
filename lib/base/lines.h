/* lines.h - cuts a stream of bytes into lines, without copying them.
 *
 * The caller reads into dnc_lines_space(), tells how much with dnc_lines_filled(), and takes
 * lines with dnc_lines_next() until there are none. Memory is bounded by the longest line allowed
 * plus one block. Behind every line DNC_LINES_SLACK bytes may be read (not used), which is what
 * a SIMD parser wants. Not safe for use by two threads at once. */
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
	size_t max;              /* longest line, without its end */
	uint64_t number;         /* of the line given last, from 1 */
	bool skipping;           /* inside the rest of a line that was too long */
	bool ended;
	bool lone_cr; /* a carriage return ends a line, too; may be set before the first line */
};

struct dnc_line {
	struct dnc_str text; /* without its end; valid until the next dnc_lines_space() */
	size_t end_n; /* bytes of "\n", "\r\n" or "\r", which follow the text; 0: none was read */
	uint64_t number; /* from 1 */
	bool too_long;   /* text is only the first MAX bytes; the rest was skipped */
};

/* Prepares L for lines of at most MAX bytes; BLOCK is the size of the first buffer.
 * 0, or -1 when there is no memory. */
int dnc_lines_init(struct dnc_lines *l, size_t max, size_t block);

void dnc_lines_finish(struct dnc_lines *l);

/* Room to read into, at least one byte; NULL when there is no memory. */
char *dnc_lines_space(struct dnc_lines *l, size_t *room);

void dnc_lines_filled(struct dnc_lines *l, size_t n);

/* No more bytes will come: a last line without an end becomes a line. */
void dnc_lines_end(struct dnc_lines *l);

/* The next whole line; false when more bytes are needed. */
bool dnc_lines_next(struct dnc_lines *l, struct dnc_line *out);
