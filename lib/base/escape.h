/* escape.h - text of others for terminals and logs.
 *
 * What can change how a terminal, a log viewer or an editor shows the text around it is written as an escape: the
 * control characters C0, DEL and C1 (ECMA-48), line and paragraph separators, the controls of the bidirectional algorithm
 * (UAX #9, the attacks of CVE-2021-42574), characters that are never visible (zero width space, byte order mark, word
 * joiner and invisible operators, annotation marks, tags), and bytes that are not UTF-8. Joiners between letters are kept:
 * languages need them. Thread safe. */
#pragma once
#include "buf.h"
#include "str.h"

enum dnc_escape {
	DNC_ESCAPE_TEXT, /* for people: \n, \t, \u202e, \U000e0041, and \x9b for bytes that are not UTF-8 */
	DNC_ESCAPE_STRING, /* the inside of a JSON string; bytes that are not UTF-8 become \ufffd */
	DNC_ESCAPE_JSON, /* whole JSON, in which such characters can only be in strings; line feeds are kept */
};

/* An escape has at most so many bytes. */
enum { DNC_ESCAPE_MAX = 12 };

/* Appends TEXT with escapes. */
void dnc_escape(struct dnc_buf *out, struct dnc_str text, enum dnc_escape how);

/* Writes TEXT with escapes and a final NUL to OUT. What does not fit in SIZE (at least 1) is left out; no escape or
 * character is cut. Returns the length. */
size_t dnc_escape_into(char *out, size_t size, struct dnc_str text, enum dnc_escape how);

/* True if TEXT is the same with escapes. */
bool dnc_escape_none(struct dnc_str text, enum dnc_escape how);
