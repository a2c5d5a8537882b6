/* plain.h - text without accents, to compare names that people write with or without them. Thread safe. */
#pragma once
#include <stddef.h>
#include "str.h"

/* Writes TEXT, UTF-8, to OUT of SIZE bytes: letters of U+00C0 to U+017F as lower-case ones without accents, no marks that
 * combine with the letter before them, and "_" for other characters of two bytes up to U+036F. The rest is as it is. What
 * does not fit is cut. */
struct dnc_str dnc_plain(struct dnc_str text, char *out, size_t size);
