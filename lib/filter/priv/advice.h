/* advice.h - errors that say what a person who wrote a faulty filter may have meant.
 *
 * The functions set the message of an error, which may be NULL. Thread safe. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* TYPED is an unknown WHAT ("severity"): names the nearest of WORDS (separated by blanks), or all of them. */
void filter_unknown_word(
	struct dnc_error *err, const char *what, const char *words, struct dnc_str typed);

/* The same for an event type, or a glob of types. */
void filter_unknown_type(struct dnc_error *err, struct dnc_str typed);

/* WHY the pattern TYPED is none; if it starts with a plus sign, also how a number, or the start of one, is written. */
void filter_bad_pattern(struct dnc_error *err, const char *why, struct dnc_str typed);
