/* words.h - known words, and what somebody who mistyped one probably meant.
 *
 * A list of words is one string with blanks between them. Nothing here keeps state; all of it may be
 * used by several threads. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "str.h"

/* Longer words have no near ones. */
#define DNC_WORD_MAX 64

/* True when WORD is in the list, letter by letter. */
bool dnc_words_have(const char *words, struct dnc_str word);

/* The candidate that is nearest to what was typed, so far. */
struct dnc_nearest {
	struct dnc_str typed, best; /* borrowed; best.p is NULL until one is near enough */
	size_t distance;            /* of the best, or the first that is too far */
};

/* Near enough is a typo: one change for each three letters of TYPED, at least one. A change is a letter
 * too many, missing, wrong, or swapped with its neighbour; case does not count. */
struct dnc_nearest dnc_nearest_start(struct dnc_str typed);
void dnc_nearest_try(struct dnc_nearest *n, struct dnc_str candidate);

/* The same for all words of a list; p is NULL when none is near. Also when TYPED is all of a word but its
 * end, or has a word as its start. */
struct dnc_str dnc_words_nearest(const char *words, struct dnc_str typed);
