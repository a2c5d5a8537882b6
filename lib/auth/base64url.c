#include "priv/base64url.h"
#include <sodium.h>

void base64url_write(struct dnc_buf *b, const void *p, size_t n)
{
	size_t size = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);

	if (!dnc_buf_reserve(b, size))
		return;
	sodium_bin2base64(b->p + b->n, size, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	b->n += size - 1;
}

bool base64url_decode(unsigned char *out, size_t size, struct dnc_str text, size_t *n)
{
	const char *end = text.p;

	*n = 0;
	if (!text.n)
		return true;
	return sodium_base642bin(out, size, text.p, text.n, NULL, n, &end,
		       sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       end == text.p + text.n;
}

bool base64url_read(struct dnc_buf *b, struct dnc_str text)
{
	size_t n;

	if (!dnc_buf_reserve(b, text.n) ||
		!base64url_decode((unsigned char *)b->p + b->n, b->size - b->n, text, &n))
		return false;
	b->n += n;
	return true;
}
