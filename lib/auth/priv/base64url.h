/* base64url.h - RFC 4648 section 5 without padding, as JOSE uses it. */
#pragma once
#include "base/buf.h"

/* Appends the encoded form of the N bytes at P. */
void base64url_write(struct dnc_buf *b, const void *p, size_t n);

/* Decodes TEXT to OUT and sets N to how many bytes that are. Returns false if it is not canonical, as base64url_read(), or has
 * more than SIZE bytes. */
bool base64url_decode(unsigned char *out, size_t size, struct dnc_str text, size_t *n);

/* Appends the decoded TEXT. Returns false if it is not canonical: padding, bits left over, or other characters. If B is
 * to be wiped later, it must have room already, so that it does not move. */
bool base64url_read(struct dnc_buf *b, struct dnc_str text);
