/* ids.h - hashes of parts, of which ids of made events and digests of conditions consist. Thread safe. */
#pragma once
#include <sodium.h>
#include "base/str.h"
#include "base/uuid.h"

/* Adds PART with its length, so that no two lists of parts are the same bytes. */
void rules_hash_part(crypto_generichash_state *state, struct dnc_str part);

/* The id of an event that is made of N PARTS: always the same. UUID is not ended by NUL. */
void rules_make_id(const struct dnc_str *parts, size_t n, char uuid[DNC_UUID_LEN]);
