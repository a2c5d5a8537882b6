/* map.h - jq programs (libjq) run on JSON records. A map belongs to one thread. */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct dnc_map;

/* Compiles PROGRAM. NULL with ERR set to jq's own message. */
struct dnc_map *dnc_map_compile(const char *program, struct dnc_error *err);

/* The same from a file. The code in ERR is an errno when it can't be read, else 0. */
struct dnc_map *dnc_map_compile_file(const char *path, struct dnc_error *err);

void dnc_map_free(struct dnc_map *m);

/* Runs the program on the N bytes of JSON at TEXT and calls EACH for every result, as compact JSON
 * followed by DNC_JSON_PADDING readable bytes; EACH returns -1 to stop. 0; 1 with ERR when the
 * record or the program failed (results before that have been given); -1 when EACH stopped it.
 *
 * jq counts in doubles: of integers beyond 2^53 it changes digits. A record with such integers is run with
 * the doubles below and above as well, and fails when the results differ: what is given never has a changed
 * integer in it. A result with a number beyond 2^53 that the record does not have fails, too. */
int dnc_map_run(struct dnc_map *m, struct dnc_str text,
	int (*each)(void *ctx, struct dnc_str result), void *ctx, struct dnc_error *err);
