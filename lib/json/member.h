/* member.h - writes members of a JSON object. Each function appends "KEY":VALUE to B, with a comma before it
 * unless it is the object's first; the braces are the caller's. B remembers memory that can't be had. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

void dnc_json_member_text(struct dnc_buf *b, const char *key, const char *value);
void dnc_json_member_str(struct dnc_buf *b, const char *key, struct dnc_str value);
/* By dnc_json_write_visible(). */
void dnc_json_member_visible(struct dnc_buf *b, const char *key, const char *value);
void dnc_json_member_number(struct dnc_buf *b, const char *key, uint64_t value);
void dnc_json_member_bool(struct dnc_buf *b, const char *key, bool value);

/* MS since 1970, in the years 0001 to 9999, as RFC 3339 text. */
void dnc_json_member_time(struct dnc_buf *b, const char *key, int64_t ms);

/* JSON is written as it is; nothing is written if it is empty. */
void dnc_json_member_json(struct dnc_buf *b, const char *key, struct dnc_str json);
