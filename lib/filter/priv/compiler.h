/* compiler.h - the state of one compilation, and one field of it. */
#pragma once
#include "clause.h"

struct compiler {
	struct dnc_filter *filter;
	struct clause *clause;
	const struct dnc_json *doc;
	size_t values; /* so far, in all lists */
	unsigned
		bits; /* of the present field, about types or severities: a bit for each that it names */
	char prefix[16]; /* "[1]." inside an array of filters */
	struct dnc_error *err;
};

/* Sets the error to WHY and its place to FIELD, or to a value in it (INDEX, or -1). Returns -1. */
int filter_fail(struct compiler *c, struct dnc_str field, long index, const char *why);

/* outline.c. Appends the field W, whose value at node AT was compiled, to dnc_filter_outline(). */
void filter_write_outline(const struct compiler *c, const struct dnc_filter_word *w, uint32_t at);

/* Compiles the value of the field W, at node AT, into the clause. Returns -1 with the error set. */
int filter_compile_field(struct compiler *c, const struct dnc_filter_word *w, uint32_t at);
