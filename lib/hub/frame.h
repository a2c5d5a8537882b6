/* frame.h - inside lib/hub: an event as a ready WebSocket frame. */
#pragma once
#include <stdint.h>
#include <string.h>

/* `{"seq":18446744073709551615,` in place of `{` */
enum { FRAME_SEQ_BYTES = 28, FRAME_HEADER_MAX = 4 };

/* What stands in front of an event's own bytes (without its opening bracket). */
struct frame_front {
	char bytes[FRAME_HEADER_MAX + FRAME_SEQ_BYTES];
	uint32_t n, header; /* all of it, and the WebSocket header alone */
};

/* The front of a frame for event SEQ, whose canonical line has LINE_BYTES: a text frame that is not
 * continued nor masked, RFC 6455 section 5.2. Events are far shorter than 64 KiB. */
static inline struct frame_front frame_front(uint64_t seq, size_t line_bytes)
{
	struct frame_front f;
	char digits[20], *text;
	size_t count = 0, payload;

	do
		digits[count++] = (char)('0' + seq % 10);
	while (seq /= 10);
	payload = 7 + count + 1 + line_bytes - 1;
	f.bytes[0] = (char)0x81;
	if (payload < 126) {
		f.bytes[1] = (char)payload;
		f.header = 2;
	} else {
		f.bytes[1] = 126;
		f.bytes[2] = (char)(payload >> 8);
		f.bytes[3] = (char)payload;
		f.header = 4;
	}
	text = f.bytes + f.header;
	memcpy(text, "{\"seq\":", 7);
	text += 7;
	while (count)
		*text++ = digits[--count];
	*text++ = ',';
	f.n = (uint32_t)(text - f.bytes);
	return f;
}
