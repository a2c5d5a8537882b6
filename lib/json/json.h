/* json.h - reads one JSON text into a flat array of nodes, and writes JSON strings.
 *
 * The parser reads plain objects by itself (priv/skim.h), and all other texts with simdjson. It checks the whole
 * text (grammar, UTF-8, escapes, depth, and that no object has a key twice, because readers disagree on which one
 * counts) and lists its values in order. Nodes point into the text, so nothing is copied but strings that hold
 * escapes. Format: RFC 8259.
 *
 * A parser is used by one thread at a time and keeps its memory from text to text. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

/* So many bytes after a text must be readable; their values do not matter. */
#define DNC_JSON_PADDING 64

#define DNC_JSON_MAX_DEPTH 32
#define DNC_JSON_MAX_NODES 65536

enum dnc_json_type {
	DNC_JSON_NULL,
	DNC_JSON_BOOL,
	DNC_JSON_NUMBER,
	DNC_JSON_STRING,
	DNC_JSON_ARRAY,
	DNC_JSON_OBJECT,
};

/* One value. The children of a container follow it at once; `next` skips them. */
struct dnc_json_node {
	uint8_t type;       /* enum dnc_json_type */
	uint32_t next;      /* index of the first node that is not inside this one */
	uint32_t count;     /* members of an object, elements of an array */
	struct dnc_str key; /* unescaped; only of members of an object */
	struct dnc_str
		raw; /* as in the text: a string with its quotes, of a container only its bracket */
	struct dnc_str text; /* of a string: its unescaped content; else like raw */
};

struct dnc_json {
	const struct dnc_json_node *node; /* node[0] is the whole text's value */
	uint32_t count;
	bool compact; /* no white space between the tokens */
};

/* Codes in struct dnc_error of dnc_json_parse(), or DNC_ERROR_NO_MEMORY. */
enum { DNC_JSON_EINVALID = 1, DNC_JSON_EUTF8, DNC_JSON_ELIMIT };

struct dnc_json_parser;

/* NULL when there is no memory. */
struct dnc_json_parser *dnc_json_parser_new(void);
void dnc_json_parser_free(struct dnc_json_parser *p);

/* How many texts P has parsed so far, those that failed included. */
uint64_t dnc_json_parser_count(const struct dnc_json_parser *p);

/* Reads the N bytes at TEXT, which DNC_JSON_PADDING readable bytes must follow. DOC is valid
 * until the parser's next use, and as long as TEXT is. -1 with ERR for anything but one whole
 * JSON value. */
int dnc_json_parse(struct dnc_json_parser *p, const char *text, size_t n, struct dnc_json *doc,
	struct dnc_error *err);

/* Index of OBJECT's member KEY, or 0 when it has none (0 is the root, never a member). */
uint32_t dnc_json_get(const struct dnc_json *doc, uint32_t object, struct dnc_str key);

/* The same of a member that has a value: one that is null counts as none. */
uint32_t dnc_json_value(const struct dnc_json *doc, uint32_t object, struct dnc_str key);

/* A number's value; false when it is not a number, or not a whole one within 64 bits. */
bool dnc_json_int(const struct dnc_json_node *node, int64_t *out);
bool dnc_json_double(const struct dnc_json_node *node, double *out);

/* True if NODE is a number of digits alone, of any size, with or without a sign: 1e3 and 1.0 are not. */
bool dnc_json_is_whole(const struct dnc_json_node *node);

/* Appends S as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void dnc_json_write_str(struct dnc_buf *b, struct dnc_str s);

/* The same for text of others that people will read: what is hidden or controls a terminal is escaped (base/escape.h). */
void dnc_json_write_visible(struct dnc_buf *b, struct dnc_str s);

/* Writes the string whose text between its quotes is CONTENT to OUT, which has room for CONTENT.n bytes. Returns its
 * length. CONTENT is part of a text that dnc_json_parse() accepted. */
size_t dnc_json_unescape(char *out, struct dnc_str content);

/* True when S is UTF-8 from its first byte to its last. */
bool dnc_json_is_utf8(struct dnc_str s);

/* Appends node INDEX and all in it, without white space. */
void dnc_json_write_node(struct dnc_buf *b, const struct dnc_json *doc, uint32_t index);

/* Appends "key":, with a comma before it unless it opens an object. */
void dnc_json_write_key(struct dnc_buf *b, struct dnc_str key);

#ifdef __cplusplus
}
#endif
