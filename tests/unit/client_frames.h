/* client_frames.h - frames as clients send them, right or wrong, and messages that are compressed. */
#pragma once
#include "unit.h"
#include <stdbool.h>
#include <zlib.h>
#include "base/buf.h"
#include "frame/frame.h"

enum {
	FINAL = 0x80,
	RSV1 = 0x40,
	TEXT = FINAL | DNC_OPCODE_TEXT,
	BINARY = FINAL | DNC_OPCODE_BINARY,
	CLOSE = FINAL | DNC_OPCODE_CLOSE,
	PING = FINAL | DNC_OPCODE_PING,
	PONG = FINAL | DNC_OPCODE_PONG,
	MASK = 0x80, /* in the second byte */
};

static const unsigned char client_key[DNC_FRAME_KEY_BYTES] = {0x37, 0xfa, 0x21, 0x3d};

/* Appends a header that announces N bytes, masked. */
static inline void add_header(struct dnc_buf *b, unsigned first, size_t n)
{
	char header[DNC_FRAME_HEADER_MAX];
	size_t bytes = dnc_frame_write_header(header, (enum dnc_frame_first)first, n);

	header[1] = (char)(header[1] | (char)MASK);
	dnc_buf_add(b, header, bytes);
	dnc_buf_add(b, client_key, sizeof client_key);
}

/* Appends a masked frame; FIRST is its first byte. */
static inline void add_frame(struct dnc_buf *b, unsigned first, const void *payload, size_t n)
{
	const unsigned char *p = payload;

	add_header(b, first, n);
	for (size_t i = 0; i < n; i++)
		dnc_buf_chr(b, (char)(p[i] ^ client_key[i % sizeof client_key]));
}

/* How a compressed message ends. */
enum deflated_end {
	END_STRIPPED, /* as RFC 7692 section 7.2.1 says */
	END_KEPT,     /* with 00 00 ff ff */
	END_FINAL,    /* with a final block */
};

/* Appends N bytes at P, compressed at LEVEL with a window of 2^BITS bytes. */
static inline void add_deflated(
	struct dnc_buf *b, const void *p, size_t n, int level, int bits, enum deflated_end how)
{
	static unsigned char out[1 << 17];
	z_stream z = {0};
	size_t length;

	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)p;
	z.avail_in = (unsigned)n;
	z.next_out = out;
	z.avail_out = sizeof out;
	assert_int_equal(deflate(&z, how == END_FINAL ? Z_FINISH : Z_SYNC_FLUSH),
		how == END_FINAL ? Z_STREAM_END : Z_OK);
	assert_int_equal(z.avail_in, 0);
	length = sizeof out - z.avail_out;
	deflateEnd(&z);
	if (how == END_STRIPPED)
		assert_memory_equal(out + (length -= 4), "\0\0\xff\xff", 4);
	dnc_buf_add(b, out, length);
}
