/* words.h - lists of known words, and the one that is nearest to a mistyped one.
 *
 * A list is a string of words with blanks between them. All functions are thread safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "buf.h"
#include "str.h"

/* For longer words no nearest one is searched. */
#define DNC_WORD_MAX 64

/* True if WORD is in the list; case counts. */
bool dnc_words_have(const char *words, struct dnc_str word);

/* ONE if N is 1, else MANY: the noun after a count, with its verb where that differs, too. */
static inline const char *dnc_plural(unsigned long long n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

/* A search for the candidate that is nearest to a typed word. */
struct dnc_nearest {
	struct dnc_str typed, best; /* borrowed; best.p is NULL until one is near enough */
	size_t distance;            /* of the best; without one, the smallest that is too far */
};

/* Starts a search, and tries a candidate. One change for each three letters of TYPED is near enough, but at
 * least one. A change is a letter inserted, left out, replaced, or swapped with its neighbour; case does not
 * count. */
struct dnc_nearest dnc_nearest_start(struct dnc_str typed);
void dnc_nearest_try(struct dnc_nearest *n, struct dnc_str candidate);

/* The word of a list that is nearest to TYPED; p is NULL if none is near enough. Without one, the first word
 * that starts with TYPED, or that TYPED starts with, if that is three letters at least. */
struct dnc_str dnc_words_nearest(const char *words, struct dnc_str typed);

/* True if WORD is in the list. Else appends what is wrong with it to WHY: the nearest word, or all of the list. */
bool dnc_words_check(const char *words, struct dnc_str word, struct dnc_buf *why);
