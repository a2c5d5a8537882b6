/* front.h - what is put in front of a canonical event to make it a frame with its sequence number. */
#pragma once
#include <string.h>
#include "frame/frame.h"

/* Bytes of `{"seq":18446744073709551615,` in place of `{` */
enum { FRONT_SEQ_BYTES = 28 };

/* What precedes an event's own bytes without their opening bracket. */
struct front {
	char bytes[DNC_FRAME_HEADER_MAX + FRONT_SEQ_BYTES];
	uint32_t n, header; /* all of it, and the WebSocket header alone */
};

/* The front of a frame for event SEQ, whose canonical line has LINE_BYTES. */
static inline struct front front_of(uint64_t seq, size_t line_bytes)
{
	struct front f;
	char digits[20], *text;
	size_t count = 0;

	do
		digits[count++] = (char)('0' + seq % 10);
	while (seq /= 10);
	f.header = (uint32_t)dnc_frame_write_header(
		f.bytes, DNC_FRAME_TEXT, 7 + count + 1 + line_bytes - 1);
	text = f.bytes + f.header;
	memcpy(text, "{\"seq\":", 7);
	text += 7;
	while (count)
		*text++ = digits[--count];
	*text++ = ',';
	f.n = (uint32_t)(text - f.bytes);
	return f;
}
