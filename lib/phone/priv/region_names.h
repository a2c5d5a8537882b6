/* region_names.h - names of countries as they are compared. Thread safe. */
#pragma once
#include <unicode/umachine.h>
#include "base/str.h"

/* Bytes of a name, and what it may become when it is folded. ICU's longest name has 81 bytes. */
enum { NAME_BYTES = 128, UNITS = 4 * NAME_BYTES, FOLDED_MAX = 4 * UNITS };

/* Names that ICU lacks, folded, with blanks between them; the last region is NULL. */
struct region_other {
	const char *region, *names;
};
extern const struct region_other region_others[];

/* Folds N units of UTF-16: lower case without blanks, punctuation and accents. "" if that is not possible. */
struct dnc_str region_fold(const UChar *text, int32_t n, char out[FOLDED_MAX]);

/* Folds UTF-8 without "the" before it. */
struct dnc_str region_fold_text(struct dnc_str text, char folded[FOLDED_MAX]);
