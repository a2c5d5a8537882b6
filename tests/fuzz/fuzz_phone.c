/* A number is "+" and at most 15 digits, which stay as they are when they are read again, in any region; and
 * the short cut takes what the check before libphonenumber takes. */
#include "fuzz.h"
#include "phone/priv/grammar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const regions[] = {"US", "DE", "GB", "IT"};
	struct dnc_str text = {(const char *)data + 1, size ? size - 1 : 0};
	char out[DNC_PHONE_MAX], again[DNC_PHONE_MAX], plain[PHONE_PLAIN_MAX];
	size_t n, n2;

	if (!size ||
		dnc_phone_normalize(text, regions[data[0] % 4], false, out, &n) != DNC_PHONE_OK)
		return 0;
	if (n > 16 || out[0] != '+' || strspn(out + 1, "0123456789") != n - 1 || out[n])
		abort();
	if (phone_plain(text, plain, &n2) != DNC_PHONE_OK)
		abort();
	if (dnc_phone_normalize((struct dnc_str){out, n}, regions[data[0] / 4 % 4], false, again,
		    &n2) != DNC_PHONE_OK ||
		n2 != n || memcmp(out, again, n) != 0)
		abort();
	return 0;
}
