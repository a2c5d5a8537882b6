/* phone.h - telephone numbers: normalized to E.164, and masked for clients that may not see them.
 *
 * libphonenumber is the reference. Plain numbers of the North American plan are normalized without
 * it, with the same result (tests/unit/test_phone.c compares the two). Thread safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DNC_PHONE_MAX 24 /* "+", 15 digits (E.164) and a NUL, rounded up */

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

/* Normalizes S to E.164. S must be one number and nothing else: groups of digits of any script with
 * blanks, hyphens, dots, brackets or slashes between them, "+" before them and an extension, which
 * is ignored, after them; or a tel: URI. Numbers without a country code are those of REGION (two
 * letters, "US"). Possible numbers are accepted; if STRICT, only valid ones. On DNC_PHONE_OK the
 * number is in OUT, with a NUL, and its length in *LEN. */
enum dnc_phone_verdict dnc_phone_normalize(
	struct dnc_str s, const char *region, bool strict, char out[DNC_PHONE_MAX], size_t *len);

/* The same by libphonenumber alone; does not check that S is one number. */
enum dnc_phone_verdict dnc_phone_normalize_slow(
	struct dnc_str s, const char *region, bool strict, char out[DNC_PHONE_MAX], size_t *len);

/* The reason for V, for messages: "too short". */
const char *dnc_phone_reason(enum dnc_phone_verdict v);

/* The same for S, which was read as one of a region: a number that is valid once it has a "+" begins with the code of another
 * country, as messaging providers write it. */
const char *dnc_phone_explain(enum dnc_phone_verdict v, struct dnc_str s);

/* True if libphonenumber knows REGION. */
bool dnc_phone_region_known(const char *region);

/* The country calling code of REGION, as 44 of "GB"; 0 if libphonenumber does not know it. */
int dnc_phone_region_code(const char *region);

/* True if CODE is an assigned country calling code. None is the start of another one. */
bool dnc_phone_code_known(int code);

/* True if REGION belongs to the North American plan (country code 1). */
bool dnc_phone_region_nanp(const char *region);

/* True if E164 is valid and of a kind that has no area code, such as that of a mobile telephone; false if the numbers of its kind
 * may have one, as in the North American plan. */
bool dnc_phone_has_no_area(struct dnc_str e164);

/* Appends E164 with stars for all digits but the country code and the last four: +1******4567. */
void dnc_phone_mask(struct dnc_buf *b, struct dnc_str e164);

/* Appends TEXT with the number E164 masked in it, however it is written: a run of digits, with
 * blanks, dots, dashes, slashes or brackets between them, that ends in the number's last seven
 * digits. */
void dnc_phone_mask_text(struct dnc_buf *b, struct dnc_str text, struct dnc_str e164);

/* The number of digits in TEXT, of any script; a character for a number, such as a superscript, a circled digit or an
 * ideograph, counts, too. Bytes that are not UTF-8 count as one each. */
size_t dnc_phone_digits(struct dnc_str text);

#ifdef __cplusplus
}
#endif
