/* grammar.h - a parser for one telephone number, as people write it.
 *
 * libphonenumber searches a text for a number and ignores what it does not know: it reads
 * "202-555-XXXX" as 2029999, and "2025550143;9165550186" as the first number. So the text is
 * checked first: it must be one number and nothing else. Thread safe. */
#pragma once
#include "phone/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PHONE_PLAIN_MAX = 40 };

/* Parses TEXT as one number: digits of any script in groups, with "+" before them and an extension
 * after them, which is ignored; or a tel: URI (RFC 3966). Writes its digits in ASCII to OUT, after
 * a "+" if the number is international, without a NUL, and their length with the "+" to *LEN.
 * Returns DNC_PHONE_OK, _EMPTY, _TOO_LONG or _NOT_A_NUMBER. */
enum dnc_phone_verdict phone_plain(struct dnc_str text, char out[PHONE_PLAIN_MAX], size_t *len);

#ifdef __cplusplus
}
#endif
