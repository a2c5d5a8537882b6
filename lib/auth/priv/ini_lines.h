/* ini_lines.h - lines of an INI file for libinih, which would misread some: it ends a line at a NUL, takes what is behind
 * the 198th byte of one (a comment's, too) as the next, and knows no carriage return but before a line feed. */
#pragma once
#include <stdio.h>
#include "base/err.h"

struct ini_lines {
	FILE *file;
	unsigned number;      /* of the last line, from 1 */
	struct dnc_error err; /* set (EINVAL, or an errno) when a line can't be read */
};

/* An ini_reader, with a struct ini_lines as STREAM. NULL at the end, and on an error. */
char *ini_lines_next(char *line, int size, void *stream);
