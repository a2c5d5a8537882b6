#include "source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_source("csv", data, size);
	fuzz_source("tsv", data, size);
	return 0;
}
