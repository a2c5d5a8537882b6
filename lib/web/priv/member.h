/* member.h - members of JSON objects that are being written. */
#pragma once
#include <stdint.h>
#include "base/buf.h"

/* Append "KEY":VALUE to B, with a comma before it unless it is the first. */
void member_text(struct dnc_buf *b, const char *key, const char *value);
void member_number(struct dnc_buf *b, const char *key, uint64_t value);
void member_bool(struct dnc_buf *b, const char *key, bool value);
/* MS since 1970, as RFC 3339 text. */
void member_time(struct dnc_buf *b, const char *key, int64_t ms);
/* JSON is written as it is; nothing is written if it is empty. */
void member_json(struct dnc_buf *b, const char *key, struct dnc_str json);
