#include "frame.h"
#include <string.h>

enum {
	FINAL = 0x80,
	RSV1 = 0x40, /* compressed, RFC 7692 section 6 */
	RSV2_AND_3 = 0x30,
	OPCODE = 0x0f,
	MASKED = 0x80,
	LENGTH = 0x7f,
	LENGTH_IN_2_BYTES = 126,
	LENGTH_IN_8_BYTES = 127,
	CLOSE_CODE_BYTES = 2,
};

size_t dnc_frame_write_header(char *out, enum dnc_frame_first first, uint64_t payload)
{
	size_t bytes = dnc_frame_header_bytes(payload);

	out[0] = (char)first;
	out[1] = (char)(bytes == 2 ? payload : bytes == 4 ? LENGTH_IN_2_BYTES : LENGTH_IN_8_BYTES);
	for (size_t i = bytes; i-- > 2; payload >>= 8)
		out[i] = (char)payload;
	return bytes;
}

/* The longest part of TEXT, MAX bytes at most, that does not end inside a UTF-8 character. */
static size_t cut(struct dnc_str text, size_t max)
{
	size_t n = text.n < max ? text.n : max;

	while (n && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

size_t dnc_frame_write_close(
	char out[2 + DNC_FRAME_CONTROL_MAX], uint16_t code, struct dnc_str reason)
{
	size_t n = cut(reason, DNC_FRAME_CONTROL_MAX - CLOSE_CODE_BYTES);
	size_t header =
		dnc_frame_write_header(out, DNC_FRAME_CLOSE, code ? CLOSE_CODE_BYTES + n : 0);
	char *payload = out + header;

	if (!code)
		return header;
	payload[0] = (char)(code >> 8);
	payload[1] = (char)code;
	if (n)
		memcpy(payload + CLOSE_CODE_BYTES, reason.p, n);
	return header + CLOSE_CODE_BYTES + n;
}

static bool is_known(unsigned opcode)
{
	return opcode <= DNC_OPCODE_BINARY ||
	       (opcode >= DNC_OPCODE_CLOSE && opcode <= DNC_OPCODE_PONG);
}

/* The length that LENGTH_BYTES at P say: it must not have fitted in fewer, nor have its highest bit set. */
static bool read_length(const unsigned char *p, size_t length_bytes, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < length_bytes; i++)
		*out = *out << 8 | p[i];
	return *out <= INT64_MAX && *out > (length_bytes == 2 ? 125u : 0xffffu);
}

static bool read_first(unsigned first, struct dnc_frame_header *out)
{
	out->opcode = first & OPCODE;
	out->final = first & FINAL;
	out->deflated = first & RSV1;
	return is_known(out->opcode) && !(first & RSV2_AND_3);
}

enum dnc_frame_read dnc_frame_read_header(const void *from, size_t n, struct dnc_frame_header *out)
{
	const unsigned char *p = from;
	size_t length_bytes;

	if (n < 2)
		return DNC_FRAME_MORE;
	*out = (struct dnc_frame_header){.masked = p[1] & MASKED, .payload = p[1] & LENGTH};
	if (!read_first(p[0], out))
		return DNC_FRAME_INVALID;
	/* Control frames are short and in one piece, and never compressed. */
	if (out->opcode >= DNC_OPCODE_CLOSE &&
		(!out->final || out->deflated || out->payload > DNC_FRAME_CONTROL_MAX))
		return DNC_FRAME_INVALID;
	length_bytes = out->payload == LENGTH_IN_2_BYTES   ? 2
	               : out->payload == LENGTH_IN_8_BYTES ? 8
	                                                   : 0;
	out->bytes = 2 + length_bytes + (out->masked ? DNC_FRAME_KEY_BYTES : 0);
	if (n < out->bytes)
		return DNC_FRAME_MORE;
	if (length_bytes && !read_length(p + 2, length_bytes, &out->payload))
		return DNC_FRAME_INVALID;
	if (out->masked)
		memcpy(out->key, p + 2 + length_bytes, sizeof out->key);
	return DNC_FRAME_READ;
}
