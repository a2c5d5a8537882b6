#include "priv/ids.h"

enum { DIGEST_BYTES = 16 };

void rules_hash_part(crypto_generichash_state *state, struct dnc_str part)
{
	uint64_t n = part.n;

	crypto_generichash_update(state, (const unsigned char *)&n, sizeof n);
	crypto_generichash_update(state, (const unsigned char *)part.p, part.n);
}

void rules_make_id(const struct dnc_str *parts, size_t n, char uuid[DNC_UUID_LEN])
{
	unsigned char digest[DIGEST_BYTES];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	for (size_t i = 0; i < n; i++)
		rules_hash_part(&state, parts[i]);
	crypto_generichash_final(&state, digest, sizeof digest);
	dnc_uuid_v8(digest, uuid);
}
