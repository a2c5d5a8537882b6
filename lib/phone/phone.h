/* phone.h - telephone numbers: from what people write to E.164, and masked for clients that may not see them.
 *
 * The reference is libphonenumber; clean numbers of the North American plan take a short cut that
 * agrees with it (tests/unit/test_phone.c compares the two). Thread safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DNC_PHONE_MAX 24 /* "+" and 15 digits (E.164), rounded up */

enum dnc_phone_verdict {
	DNC_PHONE_OK,
	DNC_PHONE_EMPTY,
	DNC_PHONE_NOT_A_NUMBER,
	DNC_PHONE_COUNTRY, /* no such country code */
	DNC_PHONE_TOO_SHORT,
	DNC_PHONE_TOO_LONG,
	DNC_PHONE_LENGTH,  /* a length that no number of the country has */
	DNC_PHONE_LOCAL,   /* can only be dialled locally: the area code is missing */
	DNC_PHONE_INVALID, /* possible, but matches no assigned range (strict only) */
};

/* Converts S to E.164. S must be one number and nothing else: groups of digits of any script, separated by
 * blanks, hyphens, dots, brackets or slashes, with an optional "+" before them and an optional extension
 * (which is dropped) after them; or a tel: URI. REGION (two letters, "US") is the region of national
 * numbers. Possible numbers are accepted; with STRICT only valid ones. On DNC_PHONE_OK OUT is the number,
 * terminated by NUL, and *LEN is its length. */
enum dnc_phone_verdict dnc_phone_normalize(
	struct dnc_str s, const char *region, bool strict, char out[DNC_PHONE_MAX], size_t *len);

/* The same by libphonenumber alone, without the short cut and without the check that S is one number. */
enum dnc_phone_verdict dnc_phone_normalize_slow(
	struct dnc_str s, const char *region, bool strict, char out[DNC_PHONE_MAX], size_t *len);

/* Why V is not a number, for people: "too short". */
const char *dnc_phone_reason(enum dnc_phone_verdict v);

/* True when REGION is one libphonenumber knows. */
bool dnc_phone_region_known(const char *region);

/* True when REGION is of the North American plan (country code 1). */
bool dnc_phone_region_nanp(const char *region);

/* Appends E164 with all but country code and last four digits as stars: +1******4567. */
void dnc_phone_mask(struct dnc_buf *b, struct dnc_str e164);

/* Appends TEXT, masking in it whatever is the number E164 in any writing: a run of digits, with
 * blanks, dots, dashes or brackets between them, that ends in the number's last seven digits. */
void dnc_phone_mask_text(struct dnc_buf *b, struct dnc_str text, struct dnc_str e164);

/* Masks in place whatever may be a number in the N bytes at TEXT: of each run of seven digits and more,
 * with single or several blanks, dots, dashes, slashes or brackets between them, the last four stay, and
 * the country code after a "+". True when there was one. */
bool dnc_phone_mask_digits(char *text, size_t n);

#ifdef __cplusplus
}
#endif
