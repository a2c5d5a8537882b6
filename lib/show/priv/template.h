/* template.h - "{timestamp} {severity:>8} {summary:.40}\n": text with fields in braces. */
#pragma once
#include "fields.h"

enum { SHOW_PIECES_MAX = 128, SHOW_TEMPLATE_BYTES = 4096, SHOW_WIDTH_MAX = 1000 };

struct show_piece {
	struct dnc_str literal; /* before the field */
	bool has_field;
	struct show_field field;
	char align;           /* '<', '>' or '^' */
	unsigned width, most; /* columns: at least, and at most (0: any) */
};

struct show_template {
	struct show_piece *piece; /* owned */
	size_t count;
	char *text, *literals; /* owned: what names and literals point into */
};

/* Compiles TEXT. -1 with ERR, whose offset is the byte at fault. A newline at the end of TEXT is left out, because
 * each event is ended by one. */
int show_template_read(struct show_template *t, const char *text, struct dnc_error *err);
void show_template_free(struct show_template *t);
