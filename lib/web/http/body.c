#include "web/http/body.h"
#include <string.h>

enum {
	INFLATE_STEP = 16 << 10,
	GZIP_WINDOW = 15 + 16,  /* of inflateInit2(): gzip alone */
	OVERHEAD_MAX = 1 << 20, /* of chunk lines and trailers in one body */
};

static enum body_verdict keep(struct body *b, const unsigned char *in, size_t n)
{
	if (n > b->max_bytes - b->text.n)
		return BODY_TOO_LARGE;
	dnc_buf_add(&b->text, in, n);
	return dnc_buf_ok(&b->text) ? BODY_MORE : BODY_NO_MEMORY;
}

/* A gzip file may have several members, one after the other. */
static bool next_member(struct body *b)
{
	if (!b->inflating) {
		b->inflating = inflateInit2(&b->stream, GZIP_WINDOW) == Z_OK;
		return b->inflating;
	}
	if (b->member_ended && inflateReset(&b->stream) != Z_OK)
		return false;
	b->member_ended = false;
	return true;
}

/* Decompresses in small steps, so that a decompression bomb is detected at the limit, before it is in memory. */
static enum body_verdict decompress(struct body *b, const unsigned char *in, size_t n)
{
	unsigned char step[INFLATE_STEP];
	enum body_verdict verdict = BODY_MORE;

	b->stream.next_in = (unsigned char *)(uintptr_t)in;
	b->stream.avail_in = (uInt)n;
	while (verdict == BODY_MORE && (b->stream.avail_in || !b->stream.avail_out)) {
		int rc;

		if ((!b->inflating || b->member_ended) && !b->stream.avail_in)
			break;
		if (!next_member(b))
			return BODY_NO_MEMORY;
		b->stream.next_out = step;
		b->stream.avail_out = sizeof step;
		rc = inflate(&b->stream, Z_NO_FLUSH);
		if (rc == Z_BUF_ERROR)
			break; /* it needs more input */
		if (rc != Z_OK && rc != Z_STREAM_END)
			return rc == Z_MEM_ERROR ? BODY_NO_MEMORY : BODY_BAD_GZIP;
		b->member_ended = rc == Z_STREAM_END;
		verdict = keep(b, step, sizeof step - b->stream.avail_out);
	}
	return verdict;
}

/* The input is limited, too: gzip can go on forever without a byte of output. */
static enum body_verdict add_data(struct body *b, const unsigned char *in, size_t n)
{
	if (n > b->max_bytes - b->received)
		return BODY_TOO_LARGE;
	b->received += n;
	return b->gzip ? decompress(b, in, n) : keep(b, in, n);
}

static int digit_of(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads a byte of a chunk's size, or the byte after it. Returns false when it is malformed. */
static bool read_size(struct body *b, unsigned char c)
{
	int digit = digit_of(c);

	if (digit >= 0) {
		if (b->chunk_left >> (sizeof b->chunk_left * 8 - 8))
			return false;
		b->chunk_left = b->chunk_left << 4 | (size_t)digit;
		b->size_digits = true;
		return true;
	}
	b->state = c == '\r' ? CHUNK_SIZE_LF : CHUNK_EXTENSION;
	return b->size_digits && (c == '\r' || c == ';' || c == ' ' || c == '\t');
}

enum { ANY = 256, NONE = 257 };

/* Framing by state: the byte that is required (ANY: any but a line feed; NONE: no byte is framing), and the next
 * states after a CR and after any other byte. Sizes are read by read_size(). */
static const struct {
	unsigned short required;
	enum chunk_state after_cr, after;
} framing[] = {
	[CHUNK_SIZE] = {NONE, CHUNK_SIZE, CHUNK_SIZE},
	[CHUNK_EXTENSION] = {ANY, CHUNK_SIZE_LF, CHUNK_EXTENSION},
	[CHUNK_SIZE_LF] = {'\n', CHUNK_END, CHUNK_DATA}, /* CHUNK_TRAILER after the last size */
	[CHUNK_DATA] = {NONE, CHUNK_DATA, CHUNK_DATA},
	[CHUNK_DATA_CR] = {'\r', CHUNK_DATA_LF, CHUNK_END},
	[CHUNK_DATA_LF] = {'\n', CHUNK_END, CHUNK_SIZE},
	[CHUNK_TRAILER] = {ANY, CHUNK_LAST_LF, CHUNK_TRAILER_LINE},
	[CHUNK_TRAILER_LINE] = {ANY, CHUNK_TRAILER_LF, CHUNK_TRAILER_LINE},
	[CHUNK_TRAILER_LF] = {'\n', CHUNK_END, CHUNK_TRAILER},
	[CHUNK_LAST_LF] = {'\n', CHUNK_END, CHUNK_END},
	[CHUNK_END] = {NONE, CHUNK_END, CHUNK_END},
};

/* Reads a byte of framing. Returns false when it is malformed. */
static bool read_framing(struct body *b, unsigned char c)
{
	enum chunk_state state = b->state;
	unsigned required = framing[state].required;

	if (state == CHUNK_SIZE)
		return read_size(b, c);
	if (required == ANY ? c == '\n' : c != required)
		return false;
	b->state = c == '\r' ? framing[state].after_cr : framing[state].after;
	if (state == CHUNK_SIZE_LF) {
		b->state = b->chunk_left ? CHUNK_DATA : CHUNK_TRAILER;
		b->size_digits = false;
	}
	return true;
}

static enum body_verdict add_chunked(struct body *b, const unsigned char *in, size_t n)
{
	enum body_verdict verdict = BODY_MORE;

	while (n && verdict == BODY_MORE && b->state != CHUNK_END) {
		size_t step = 1;

		if (b->state == CHUNK_DATA) {
			step = n < b->chunk_left ? n : b->chunk_left;
			verdict = add_data(b, in, step);
			b->chunk_left -= step;
			if (!b->chunk_left)
				b->state = CHUNK_DATA_CR;
		} else if (!read_framing(b, *in)) {
			return BODY_BAD_CHUNK;
		} else if (++b->overhead > OVERHEAD_MAX) {
			return BODY_TOO_LARGE;
		}
		in += step;
		n -= step;
	}
	return verdict == BODY_MORE && b->state == CHUNK_END ? body_end(b) : verdict;
}

enum body_verdict body_add(struct body *b, const void *in, size_t n)
{
	return b->chunked ? add_chunked(b, in, n) : add_data(b, in, n);
}

enum body_verdict body_end(struct body *b)
{
	if (b->chunked && b->state != CHUNK_END)
		return BODY_BAD_CHUNK;
	return b->inflating && !b->member_ended ? BODY_BAD_GZIP : BODY_END;
}

void body_free(struct body *b)
{
	dnc_buf_free(&b->text);
	if (b->inflating)
		inflateEnd(&b->stream);
	b->inflating = false;
}
