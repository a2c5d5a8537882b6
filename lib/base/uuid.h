/* uuid.h - universally unique identifiers (RFC 9562) as text.
 *
 * A UUID is written as DNC_UUID_LEN bytes, 8-4-4-4-12 lowercase hexadecimal digits, without a NUL. All
 * functions are thread safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "str.h"

#define DNC_UUID_LEN 36

/* Writes a random, time-ordered UUIDv7 of the time MS, in milliseconds since 1970. */
void dnc_uuid_v7(int64_t ms, char out[DNC_UUID_LEN]);

/* Writes the UUIDv8 of DIGEST, 122 of whose bits are kept. */
void dnc_uuid_v8(const unsigned char digest[16], char out[DNC_UUID_LEN]);

/* Writes TEXT, a UUID in either case with all its dashes or none, in canonical form. False if it is no
 * UUID; OUT is then undefined. The version is not checked. */
bool dnc_uuid_read(struct dnc_str text, char out[DNC_UUID_LEN]);
