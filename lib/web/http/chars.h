/* chars.h - which bytes the parts of an HTTP message may have. Thread safe. */
#pragma once
#include <stdbool.h>
#include "base/str.h"

enum http_chars {
	HTTP_TOKEN = 1, /* RFC 9110 section 5.6.2: methods, names of fields, elements of lists */
	HTTP_VALUE =
		2, /* values of fields, RFC 9110 section 5.5: visible ASCII, blanks, and bytes over 127 */
	HTTP_PATH = 4, /* RFC 3986 section 3.3; '%' must start an escape */
	/* RFC 3986 section 3.4, and what browsers do not encode in a query though they should
	 * (https://url.spec.whatwg.org/#query-percent-encode-set): [ \ ] ^ ` { | } */
	HTTP_QUERY = 8,
	HTTP_HOST = 16, /* names of hosts: without the sub-delims of RFC 3986, which no host has */
};

extern const unsigned char http_chars[256]; /* bits of enum http_chars */

static inline bool http_char_is(char c, enum http_chars chars)
{
	return http_chars[(unsigned char)c] & chars;
}

/* True if all bytes of S are of CHARS. An empty S is. */
bool http_all_are(struct dnc_str s, enum http_chars chars);

/* The value of a hexadecimal digit, or -1. */
int http_hex_digit(char c);
