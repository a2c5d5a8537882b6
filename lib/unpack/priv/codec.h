/* codec.h - one stream of gzip, xz, zstd or bzip2, unpacked step by step by its library. */
#pragma once
#include <bzlib.h>
#include <lzma.h>
#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>
#include <zstd.h>
#include "unpack/unpack.h"

enum codec_result {
	CODEC_MORE, /* give it more bytes, or more room */
	CODEC_END, /* of the stream, whose checksum is right if it has one: xz and zstd may have none */
	CODEC_BROKEN,
	CODEC_TOO_MUCH_MEMORY, /* is asked for by the stream */
	CODEC_NO_MEMORY,
};

union codec_state {
	z_stream gzip;
	lzma_stream xz;
	ZSTD_DCtx *zstd;
	bz_stream bzip2;
};

/* What a step reads and writes; it moves the pointers on. */
struct codec_bytes {
	const char *in;
	size_t in_n;
	char *out;
	size_t room;
};

struct codec {
	const char *by_hand;                 /* the command that does the same */
	bool (*start)(union codec_state *s); /* false if there is no memory */
	enum codec_result (*step)(union codec_state *s, struct codec_bytes *b);
	void (*end)(union codec_state *s);
};

/* NULL for what is not a stream. */
const struct codec *codec_of(enum dnc_packing packing);
