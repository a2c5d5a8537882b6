/* layout.h - where things are in the file of a set (set.h describes it). */
#pragma once
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include "set/set.h"

#define SET_MAGIC "DNC-SET\n"

enum {
	SET_VERSION = 1,
	AT_VERSION = 8,
	AT_HEADER_BYTES = 12,
	AT_COUNT = 16,
	AT_BLOCKS_BYTES = 24,
	AT_CREATED = 32,
	AT_DIGEST = 40,
	AT_BASE = AT_DIGEST + DNC_SET_DIGEST_BYTES,
	AT_TEXT = AT_BASE + DNC_SET_DIGEST_BYTES,
	HEADER_CHECK_BYTES = 32,
	HEADER_MIN = AT_TEXT + HEADER_CHECK_BYTES,
	HEADER_MAX = HEADER_MIN + DNC_SET_TEXT_MAX,
	/* Of a block. */
	AT_BLOCK_COUNT = 4,
	AT_BLOCK_FIRST = 8,
	BLOCK_HEAD_BYTES = 16,
	BLOCK_CHECK_BYTES = 4,
	BLOCK_MAX = BLOCK_HEAD_BYTES + DNC_SET_PAYLOAD_MAX + BLOCK_CHECK_BYTES,
	/* Differences are below 2^50: eight groups of 7 bits. */
	VARINT_MAX = 8,
};

static inline void put_le(unsigned char *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

static inline uint64_t get_le(const unsigned char *p, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = bytes; i--;)
		v = v << 8 | p[i];
	return v;
}

static inline uint32_t block_check(const unsigned char *block, size_t n)
{
	return (uint32_t)crc32(0, block, (unsigned)n);
}

static inline void header_check(
	const unsigned char *header, size_t n, unsigned char out[HEADER_CHECK_BYTES])
{
	crypto_generichash(out, HEADER_CHECK_BYTES, header, n, NULL, 0);
}
