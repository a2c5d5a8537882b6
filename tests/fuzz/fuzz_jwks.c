/* A file of keys is refused, or its keys are such that nobody signs without the private half; what signs is taken. */
#include <sodium.h>
#include "auth/priv/keys.h"
#include "auth/token.h"
#include "base/log.h"
#include "file.h"

/* Signatures that weak keys take. */
static void forge(const struct dnc_key *key)
{
	static const size_t lengths[] = {0, 32, 64, 256, 512};
	static const char fills[] = {0, 1, -1};
	char signature[512];

	for (size_t f = 0; f < sizeof fills; f++)
		for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
			memset(signature, fills[f], sizeof signature);
			if (key_verify(key, DNC_STR("e30.e30"),
				    (struct dnc_str){signature, lengths[i]}) != 0)
				abort();
		}
}

static void sign(const struct dnc_keys *keys, const struct dnc_key *signer)
{
	static struct dnc_json_parser *parser;
	const struct dnc_token_rules rules = {.keys = keys, .now_ms = 1000};
	struct dnc_buf token = {0};
	struct dnc_identity who;
	struct dnc_error err;

	if (!parser)
		parser = dnc_json_parser_new();
	dnc_token_make(
		&token, signer, &(struct dnc_claims){.subject = "a", .now_s = 1, .ttl_s = 60});
	/* Without a kid it may be one of several keys. */
	if (dnc_token_check(parser, &rules, dnc_buf_view(&token), &who, &err) < 0
			? signer->has_kid
			: !dnc_keys_has(keys, &who.key))
		abort();
	dnc_buf_free(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dnc_keys *keys = dnc_keys_new();
	struct dnc_error err;

	if (sodium_init() < 0)
		abort();
	dnc_log_level(DNC_ERR);
	if (dnc_keys_add_file(keys, fuzz_file(data, size), &err) == 0) {
		if (!keys->count)
			abort();
		for (size_t i = 0; i < keys->count; i++)
			forge(keys->key[i]);
		if (dnc_keys_signer(keys))
			sign(keys, dnc_keys_signer(keys));
	} else if (keys->count) {
		abort();
	}
	dnc_keys_free(keys);
	return 0;
}
