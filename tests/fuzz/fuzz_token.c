/* A token that nobody signed is never taken, whatever its bytes are; one that is signed, whatever its header and its
 * claims are, is taken apart without harm. The first byte says which of the two follows. */
#include "fuzz.h"
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>
#include "auth/priv/key.h"
#include "auth/token.h"

static struct dnc_keys *make_keys(void)
{
	char path[] = "/tmp/dnc-fuzz-XXXXXX", key_path[64], public_path[80];
	struct dnc_keys *keys = dnc_keys_new();
	struct dnc_buf kid = {0};

	if (sodium_init() < 0 || !mkdtemp(path))
		abort();
	snprintf(key_path, sizeof key_path, "%s/key", path);
	snprintf(public_path, sizeof public_path, "%s/key.pub", path);
	if (dnc_keys_generate(key_path, DNC_EDDSA, &kid, NULL) < 0 ||
		dnc_keys_add_file(keys, key_path, NULL) < 0)
		abort();
	unlink(key_path);
	unlink(public_path);
	rmdir(path);
	dnc_buf_free(&kid);
	return keys;
}

/* HEAD.CLAIMS, signed: the bytes up to the first NUL are the header. */
static void sign(struct dnc_buf *out, const struct dnc_keys *keys, const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, 0, size);
	size_t head = end ? (size_t)(end - data) : size, claims = end ? size - head - 1 : 0;
	struct dnc_buf signature = {0};
	char text[8192];

	sodium_bin2base64(text, sizeof text, data, head, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	dnc_buf_str(out, dnc_str(text));
	dnc_buf_chr(out, '.');
	sodium_bin2base64(text, sizeof text, data + size - claims, claims,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	dnc_buf_str(out, dnc_str(text));
	key_sign(dnc_keys_signer(keys), dnc_buf_view(out), &signature);
	sodium_bin2base64(text, sizeof text, (const unsigned char *)signature.p, signature.n,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	dnc_buf_chr(out, '.');
	dnc_buf_str(out, dnc_str(text));
	dnc_buf_free(&signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dnc_keys *keys;
	static struct dnc_json_parser *parser;
	struct dnc_token_rules rules = {.now_ms = 1000};
	struct dnc_buf token = {0}, shown = {0};
	struct dnc_identity who;
	struct dnc_error err;

	if (!keys) {
		keys = make_keys();
		parser = dnc_json_parser_new();
	}
	if (!size || size > 4096)
		return 0;
	rules.keys = keys;
	if (data[0] & 1)
		sign(&token, keys, data + 1, size - 1);
	else
		dnc_buf_add(&token, data + 1, size - 1);
	if (dnc_token_check(parser, &rules, dnc_buf_view(&token), &who, &err) == 0 &&
		!(data[0] & 1))
		abort();
	dnc_token_open(&shown, dnc_buf_view(&token), &err);
	dnc_buf_free(&token);
	dnc_buf_free(&shown);
	return 0;
}
