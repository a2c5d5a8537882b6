/* region_names.h - how people write the country of a region: Deutschland, Germany, DEU, D.
 *
 * The names are those of ICU's tables, which libphonenumber needs as well, in all of its languages. Not thread safe. */
#pragma once
#include <stdbool.h>
#include "base/str.h"

struct dnc_region_names;

/* The names of REGION (two letters, "DE"); a few milliseconds. NULL without memory. The caller frees them. */
struct dnc_region_names *dnc_region_names_new(const char *region);
void dnc_region_names_free(struct dnc_region_names *names);

/* True if TEXT is one of the names, its three letters in ISO 3166-1, or another usual name, such as England for GB. Case,
 * blanks, punctuation, accents and "the" before it do not count. */
bool dnc_region_names_have(const struct dnc_region_names *names, struct dnc_str text);
