/* country_names.h - which country a text names: Germany, Deutschland, GBR, England. Not thread safe. */
#pragma once
#include <stdbool.h>
#include "base/str.h"

struct dnc_country_names;

/* The names of all countries in the languages of most exports, from ICU's tables; some ten milliseconds. NULL without memory.
 * The caller frees them. */
struct dnc_country_names *dnc_country_names_new(void);
void dnc_country_names_free(struct dnc_country_names *names);

/* Writes the two letters of the country that TEXT names: by its name, its three letters in ISO 3166-1, or another usual name.
 * Case, blanks, punctuation, accents and "the" before it do not count. False if it is none. */
bool dnc_country_names_find(
	const struct dnc_country_names *names, struct dnc_str text, char region[3]);
