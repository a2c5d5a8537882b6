/* map_failure.h - what the reject of a record says about a map that failed without words of jq. */
#pragma once
#include "base/str.h"
#include "map_process.h"
#include "source/mapper.h"

/* A record fails when so many processes were killed on it by a stranger. */
enum { MAP_KILLED_MAX = 3 };

/* The process ended, or was ended, on the record; WHY is that of map_process_end(). */
void map_failure_of_end(const struct dnc_mapper_options *o, enum map_end end, const char *why,
	struct dnc_error *err);

/* The result NUMBER, from 1, is not an object. */
void map_failure_of_result(uint64_t number, struct dnc_str result, struct dnc_error *err);

/* WHY, which speaks of a map, in the words of the option that the program came with: --map has a map, others a program. */
void map_failure_of_option(
	const struct dnc_mapper_options *o, const struct dnc_error *why, struct dnc_error *err);
