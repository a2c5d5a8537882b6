/* frame.h - an event as a ready WebSocket frame. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/str.h"

/* `{"seq":18446744073709551615,` in place of `{` */
enum { FRAME_SEQ_BYTES = 28, FRAME_HEADER_MAX = 4 };

/* First bytes of frames, RFC 6455 section 5.2: final, text; and with the bit that RFC 7692 uses. */
enum { FRAME_TEXT = 0x81, FRAME_TEXT_DEFLATED = 0xc1 };

struct frame {
	const char *p;
	size_t bytes, header; /* of the whole, and of its WebSocket header */
};

static inline struct dnc_str frame_payload(struct frame f)
{
	return (struct dnc_str){f.p + f.header, f.bytes - f.header};
}

/* Writes the header of a frame whose payload is shorter than 64 KiB, not masked by a key; how long it
 * is. */
static inline uint32_t frame_header(char out[FRAME_HEADER_MAX], unsigned first, size_t payload)
{
	out[0] = (char)first;
	if (payload < 126) {
		out[1] = (char)payload;
		return 2;
	}
	out[1] = 126;
	out[2] = (char)(payload >> 8);
	out[3] = (char)payload;
	return 4;
}

/* What stands in front of an event's own bytes (without its opening bracket). */
struct frame_front {
	char bytes[FRAME_HEADER_MAX + FRAME_SEQ_BYTES];
	uint32_t n, header; /* all of it, and the WebSocket header alone */
};

/* The front of a frame for event SEQ, whose canonical line has LINE_BYTES. */
static inline struct frame_front frame_front(uint64_t seq, size_t line_bytes)
{
	struct frame_front f;
	char digits[20], *text;
	size_t count = 0;

	do
		digits[count++] = (char)('0' + seq % 10);
	while (seq /= 10);
	f.header = frame_header(f.bytes, FRAME_TEXT, 7 + count + 1 + line_bytes - 1);
	text = f.bytes + f.header;
	memcpy(text, "{\"seq\":", 7);
	text += 7;
	while (count)
		*text++ = digits[--count];
	*text++ = ',';
	f.n = (uint32_t)(text - f.bytes);
	return f;
}
