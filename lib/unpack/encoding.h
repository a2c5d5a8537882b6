/* encoding.h - text in UTF-16 and Windows-1252 to UTF-8.
 *
 * What is not a character in the encoding, such as half of a surrogate pair, becomes the byte FF, which no UTF-8 has: the
 * record is rejected for it, and not silently changed. Conversion is the C library's (iconv(3)).
 *
 * Functions without an object are thread safe; a converter belongs to one thread. */
#pragma once
#include <stdbool.h>
#include "base/err.h"
#include "base/str.h"

/* In the order of DNC_ENCODING_WORDS. */
enum dnc_encoding {
	DNC_ENCODING_AUTO,
	DNC_ENCODING_UTF_8,
	DNC_ENCODING_UTF_16LE,
	DNC_ENCODING_UTF_16BE,
	DNC_ENCODING_WINDOWS_1252,
};
#define DNC_ENCODING_WORDS "auto utf-8 utf-16le utf-16be windows-1252"

/* More of the first bytes say nothing more. */
enum { DNC_ENCODING_SAMPLE = 256 };

/* Decides in which encoding a text is to be read that starts with START. WHOLE: no bytes follow. WANTED: what the user says.
 * 1 with OUT, never DNC_ENCODING_AUTO; 0 if more bytes are needed; -1 with ERR, whose message is the end of a sentence about
 * the file, if WANTED can't be right. UTF-16 is known by its byte order mark (Unicode, 23.8), or, without one, by the zero
 * that is in every second byte of ASCII. */
int dnc_encoding_of(struct dnc_str start, bool whole, enum dnc_encoding wanted,
	enum dnc_encoding *out, struct dnc_error *err);

/* What to do about TEXT, which is not UTF-8: the end of a sentence. */
const char *dnc_encoding_advice(struct dnc_str text);

struct dnc_converter;

/* Creates a converter from ENCODING to UTF-8, to be freed with dnc_converter_free(). NULL with ERR if there is no memory or
 * the C library lacks the encoding. */
struct dnc_converter *dnc_converter_new(enum dnc_encoding encoding, struct dnc_error *err);

/* Frees C; NULL is allowed. */
void dnc_converter_free(struct dnc_converter *c);

/* Converts the first of the bytes TEXT, and removes them from it; call it until TEXT is empty. Bytes may end in the middle of
 * a character. Returns the UTF-8, valid until the next call. */
struct dnc_str dnc_converter_run(struct dnc_converter *c, struct dnc_str *text);

/* False if the bytes so far end inside a character. */
bool dnc_converter_is_whole(const struct dnc_converter *c);
