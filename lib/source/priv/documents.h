/* documents.h - JSON records in lines, in arrays, or over several lines.
 *
 * A stream whose first line holds one whole object is read line by line, so that a broken line costs one record. If
 * the first line starts an array, or an object that does not end there, or holds several objects, the stream is read as
 * documents: objects one after the other and the elements of arrays, which may go on over lines, are records. A line
 * that is an array in itself has its elements as records in both cases.
 *
 * A document that is broken is one reject. Reading continues at the next line that starts a document and is not
 * indented further than the broken one was. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/lines.h"

struct dnc_source;
struct sample;

/* How far a JSON value was read. All zero before its first byte. */
struct json_scan {
	unsigned depth;
	uint64_t objects; /* a bit for each open bracket, the innermost lowest: it is a brace */
	bool in_string, escaped;
	char last; /* the last byte that is not white space */
};

struct documents {
	bool known, across;  /* how the stream is read; records may go on over lines */
	struct dnc_buf text; /* the record that is being read */
	struct dnc_str line; /* the current line, and what was not read of it yet */
	struct dnc_str rest;
	uint64_t number;      /* of the current line */
	uint64_t begun, made; /* records that begin in it, and items that were made of them */
	bool in_array;
	uint64_t array_line; /* where it begins */
	bool open;           /* `text` is the start of a record that does not end yet */
	uint64_t first_line, item;
	size_t indent;
	struct json_scan scan;
	bool skipping; /* what belongs to a broken document */
};

/* `line` and `next` of a struct format whose `text` reads one JSON value. */
enum dnc_source_result documents_line(struct dnc_source *s, const struct dnc_line *line);
enum dnc_source_result documents_next(struct dnc_source *s);

/* True if LINE may start a JSON object or array. */
bool documents_start(struct dnc_str line);

/* What tells the kind of JSON that a stream has: its first line, or, if documents go on over lines, the whole sample. p is
 * NULL if it does not start with JSON. */
struct dnc_str documents_sample(const struct sample *sample);

/* The length of the JSON value at the start of TEXT, which is well-formed. */
size_t documents_value_length(struct dnc_str text);

/* The next line is too long to be read. */
enum dnc_source_result documents_cut(struct dnc_source *s);

void documents_finish(struct documents *d);
