/* fuzz.h - what every libFuzzer target includes. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy with the bytes behind it that parsers may read; to be freed. */
static inline char *padded(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + DNC_JSON_PADDING);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	memset(copy + size, 0, DNC_JSON_PADDING);
	return copy;
}
