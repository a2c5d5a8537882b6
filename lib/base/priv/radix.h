/* radix.h - sorts an array of records by the uint64_t that each begins with. Thread safe. */
#pragma once
#include <stddef.h>

/* Sorts COUNT records of BYTES (a multiple of 8) at RECORDS; equal keys keep their order. SCRATCH is memory for as many. Returns
 * where the sorted records are: RECORDS or SCRATCH. What the other one holds is undefined. */
void *radix_sort(void *records, void *scratch, size_t count, size_t bytes);
