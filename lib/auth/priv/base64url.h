/* base64url.h - RFC 4648 section 5 without padding, as JOSE has it. */
#pragma once
#include "base/buf.h"

/* Appends the N bytes at P. */
void base64url_write(struct dnc_buf *b, const void *p, size_t n);

/* Appends what TEXT stands for; false when it is not in the one form that this text can have (no padding, no
 * bits left over, no other characters). A B that is wiped later must have room: it is not moved then. */
bool base64url_read(struct dnc_buf *b, struct dnc_str text);
