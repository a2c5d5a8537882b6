/* frame.h - the headers of WebSocket frames, RFC 6455 section 5.2, written and read.
 *
 * Frames that this side writes are final and not masked: it is a server. A header that is read may be of either
 * side. Nothing here allocates or keeps state; all of it is safe for any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

enum dnc_opcode {
	DNC_OPCODE_CONTINUATION = 0x0,
	DNC_OPCODE_TEXT = 0x1,
	DNC_OPCODE_BINARY = 0x2,
	DNC_OPCODE_CLOSE = 0x8, /* this and the following are control frames */
	DNC_OPCODE_PING = 0x9,
	DNC_OPCODE_PONG = 0xa,
};

/* The first byte of the frames that this side writes: final, and with the bit that RFC 7692 uses for a compressed
 * message. */
enum dnc_frame_first {
	DNC_FRAME_TEXT = 0x80 | DNC_OPCODE_TEXT,
	DNC_FRAME_TEXT_DEFLATED = 0xc0 | DNC_OPCODE_TEXT,
	DNC_FRAME_CLOSE = 0x80 | DNC_OPCODE_CLOSE,
	DNC_FRAME_PING = 0x80 | DNC_OPCODE_PING,
	DNC_FRAME_PONG = 0x80 | DNC_OPCODE_PONG,
};

enum {
	DNC_FRAME_HEADER_MAX = 10,   /* of a frame that this side writes */
	DNC_FRAME_CONTROL_MAX = 125, /* payload bytes of a control frame, section 5.5 */
	DNC_FRAME_KEY_BYTES = 4,
};

/* A whole frame in memory, or none if p is NULL. */
struct dnc_frame {
	const char *p;
	size_t bytes, header; /* of the whole, and of its header */
};

static inline struct dnc_str dnc_frame_payload(struct dnc_frame f)
{
	return (struct dnc_str){f.p + f.header, f.bytes - f.header};
}

/* How long the header of a frame with PAYLOAD bytes is, without a key: 2, 4 or 10. */
static inline size_t dnc_frame_header_bytes(uint64_t payload)
{
	return payload < 126 ? 2 : payload <= 0xffff ? 4 : 10;
}

/* Writes the header of a frame with PAYLOAD bytes to OUT, which has room for dnc_frame_header_bytes(); returns how
 * long it is. */
size_t dnc_frame_write_header(char *out, enum dnc_frame_first first, uint64_t payload);

/* Writes a whole close frame with the status CODE (section 7.4; 0: without payload) and REASON, of which what is
 * over the limit of a control frame is left out; returns its bytes. REASON is UTF-8 and is not cut inside a
 * character. */
size_t dnc_frame_write_close(
	char out[2 + DNC_FRAME_CONTROL_MAX], uint16_t code, struct dnc_str reason);

/* A header that was read. */
struct dnc_frame_header {
	enum dnc_opcode opcode;
	bool final, deflated, masked;
	unsigned char key[DNC_FRAME_KEY_BYTES]; /* if masked */
	uint64_t payload;                       /* bytes that follow the header */
	size_t bytes;                           /* of the header itself */
};

enum dnc_frame_read {
	DNC_FRAME_READ,
	DNC_FRAME_MORE,    /* the N bytes do not hold all of the header */
	DNC_FRAME_INVALID, /* no peer may send that: section 5.2 and, for control frames, 5.5 */
};

/* Reads the header at the start of the N bytes at P. Whether a masked or a compressed frame is allowed is for the caller
 * to say. */
enum dnc_frame_read dnc_frame_read_header(const void *p, size_t n, struct dnc_frame_header *out);
