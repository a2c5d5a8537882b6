/* map.h - jq programs (libjq) run on JSON records. A map belongs to one thread.
 *
 * libjq can't be interrupted, and some programs and records make it end its process: see mapper.h. */
#pragma once
#include <stdbool.h>
#include "base/err.h"
#include "base/str.h"

struct dnc_map;

/* Compiles PROGRAM. NULL with ERR set to jq's own message. */
struct dnc_map *dnc_map_compile(const char *program, struct dnc_error *err);

/* The same from a file. The code in ERR is an errno when it can't be read, else 0. */
struct dnc_map *dnc_map_compile_file(const char *path, struct dnc_error *err);

void dnc_map_free(struct dnc_map *m);

/* DEBUG gets the messages of `debug`, as JSON; by default they are logged. */
void dnc_map_on_debug(struct dnc_map *m, void (*debug)(void *ctx, struct dnc_str text), void *ctx);

/* NO_MEMORY, which must not return, is called when libjq gets no memory; by default it aborts. */
void dnc_map_on_no_memory(struct dnc_map *m, void (*no_memory)(void *ctx));

/* True if WORD is in the text of the program, be it in a comment. */
bool dnc_map_mentions(const struct dnc_map *m, const char *word);

/* Starts the program on RECORD, JSON text that is borrowed until its last result.
 *
 * jq counts in doubles: of integers beyond 2^53 it changes digits. A record with such integers is run with
 * the doubles below and above as well, and fails when the results differ: no result has a changed integer in
 * it. A result with a number beyond 2^53 that the record does not have fails, too. */
void dnc_map_start(struct dnc_map *m, struct dnc_str record);

/* Returns 1 with the next result as compact JSON, valid until the next call and followed by DNC_JSON_PADDING
 * readable bytes; 0 after the last one; -1 with ERR if the record or the program failed, which ends the record.
 * The code in ERR is DNC_ERROR_NO_MEMORY if memory ran out, else 0. */
int dnc_map_next(struct dnc_map *m, struct dnc_str *result, struct dnc_error *err);
