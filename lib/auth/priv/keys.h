/* keys.h - what a set of keys has. */
#pragma once
#include "auth/priv/key.h"

enum { KEYS_MAX = 64 };

struct dnc_keys {
	struct dnc_key *key[KEYS_MAX];
	size_t count;
};

/* The key for ALGORITHM with the id KID or, if KID.p is NULL, the only key for ALGORITHM; NULL if there is none, or more
 * than one. Borrowed from KEYS. */
const struct dnc_key *keys_find(
	const struct dnc_keys *keys, struct dnc_str kid, enum dnc_algorithm algorithm);
