/* highlight.h - what of a shown event matches the filter. */
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

enum { SHOW_MATCHES_MAX = 32 };

/* All zero: nothing matches. */
struct show_highlight {
	pcre2_code *pattern[SHOW_MATCHES_MAX];
	size_t patterns;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	struct dnc_str word[SHOW_MATCHES_MAX]; /* owned */
	size_t words;
};

/* Takes patterns and values of FILTER, JSON of one object that compiles as a filter. -1 with ERR. */
int show_highlight_read(struct show_highlight *h, const char *filter, struct dnc_error *err);
void show_highlight_free(struct show_highlight *h);

/* Appends TEXT, and what matches in it bold and underlined: patterns if it is a NUMBER, else words. */
void show_highlighted(
	struct show_highlight *h, struct dnc_buf *out, struct dnc_str text, bool number);
