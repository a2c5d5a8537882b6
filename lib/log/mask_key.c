/* mask_key.c - the secret of the log's pseudonyms in the database: in table log, 64 hexadecimal digits. */
#include <errno.h>
#include <sodium.h>
#include "priv/sqlite.h"

enum { HEX_SIZE = 2 * DNC_MASK_KEY_BYTES + 1 };

static const char name[] = "mask_key";

int mask_key_load(struct journal *j, struct dnc_error *err)
{
	unsigned char *key = j->base.mask_key;
	char hex[HEX_SIZE + 1]; /* one digit too many is seen */
	size_t n;
	int rc = sqlite_get_text(j, name, hex, sizeof hex, err);

	j->mask_key_new = false;
	if (rc == 0 && !hex[0]) {
		/* Also if there was no space to store one when this log was opened before. */
		randombytes_buf(key, DNC_MASK_KEY_BYTES);
		j->mask_key_new = true;
	} else if (rc == 0 && (strlen(hex) != HEX_SIZE - 1 ||
				      sodium_hex2bin(key, DNC_MASK_KEY_BYTES, hex, HEX_SIZE - 1,
					      NULL, &n, NULL) < 0 ||
				      n != DNC_MASK_KEY_BYTES)) {
		rc = dnc_error_set(err, EIO,
			"%s: mask_key in table log is not 64 hexadecimal digits: restore it, or "
			"delete the row to get a new key, which changes all masked ids",
			j->path);
	}
	sodium_memzero(hex, sizeof hex);
	return rc;
}

int mask_key_store(struct journal *j)
{
	char hex[HEX_SIZE];
	int rc = 0;

	if (!j->mask_key_new)
		return 0;
	sodium_bin2hex(hex, sizeof hex, j->base.mask_key, DNC_MASK_KEY_BYTES);
	rc = sqlite_set_text(j, name, hex, NULL);
	sodium_memzero(hex, sizeof hex);
	return rc;
}
