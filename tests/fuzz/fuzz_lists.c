/* The first byte chooses among the FTC's lists and the other formats. */
#include "source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = {
		"ftc-change", "ftc-full", "ftc-reported", "ndjson", "numbers", "auto", "ftc-xml"};

	if (size)
		fuzz_source(formats[data[0] % 7], data + 1, size - 1);
	return 0;
}
