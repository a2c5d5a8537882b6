/* grammar.h - what may be written for one telephone number.
 *
 * libphonenumber looks for a number in a text and leaves out what it does not know: "202-555-XXXX" is
 * 2029999 to it, and "2025550143;9165550186" the first of the two. So a text is checked
 * before: it must be one number and nothing else. */
#pragma once
#include "phone/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PHONE_PLAIN_MAX = 40 };

/* Reads TEXT as one number: digits of any script in groups, "+" before them, and an extension after
 * them, which is left out; or a tel: URI (RFC 3966). Writes its digits in ASCII, with "+" if the number is
 * international, and their count with "+" to *LEN; no NUL. DNC_PHONE_OK, _EMPTY, _TOO_LONG or
 * _NOT_A_NUMBER. */
enum dnc_phone_verdict phone_plain(struct dnc_str text, char out[PHONE_PLAIN_MAX], size_t *len);

#ifdef __cplusplus
}
#endif
