/* ini.h - INI files (libinih) with the place of each entry.
 *
 * A file has sections, "[NAME]", with entries, "key = value". A line that starts with a blank continues the value of the
 * entry before it. A comment starts with "#" or ";" at the start of a line, or with ";" behind a blank, unless the line
 * continues a value. libinih would misread some files in silence, so these are errors: a line of more than
 * DNC_INI_LINE_MAX bytes, a name of more than DNC_INI_NAME_MAX, a NUL byte, a carriage return that does not end a line, a
 * last line without a line feed, as of a file that was cut. So is a line that would continue a value but looks like a section
 * or a key, because somebody has indented it.
 * Thread safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "err.h"
#include "str.h"

/* libinih's INI_MAX_LINE, less line feed and NUL; its MAX_NAME and MAX_SECTION, less NUL. */
enum { DNC_INI_LINE_MAX = 198, DNC_INI_NAME_MAX = 49 };

/* What a line says. All is valid during the call. */
struct dnc_ini_entry {
	const char *section; /* "" before the first one */
	const char *key;     /* NULL: the section starts here */
	struct dnc_str value;
	bool continues;      /* VALUE goes on that of the entry before, which has the same KEY */
	bool comment;        /* a comment follows the value */
	unsigned line;       /* from 1 */
	struct dnc_str text; /* the line, without its end */
	size_t key_at, value_at; /* bytes into TEXT */
};

struct dnc_ini_events {
	/* -1 ends the reading; dnc_ini_read() then returns -1 and leaves ERR alone. */
	int (*entry)(void *ctx, const struct dnc_ini_entry *e);
	/* A line, of which E has line and text, is not INI: WHY, at byte AT. -1 ends the reading, 0 goes on with the next
	 * line. NULL: the first one ends it, with ERR. */
	int (*wrong)(void *ctx, const struct dnc_ini_entry *e, size_t at, const char *why);
	void *ctx;
	/* True if lines that continue the value of KEY may look like a section or a key: it is a program. NULL: none may. */
	bool (*is_free)(void *ctx, const char *key);
};

/* Reads PATH. -1 with ERR: an errno if the file can't be read, EAGAIN if it was written to meanwhile (dnc_file_check_unchanged()),
 * EINVAL for what is not INI. */
int dnc_ini_read(const char *path, const struct dnc_ini_events *events, struct dnc_error *err);
