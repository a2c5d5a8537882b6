#include "web/http/body.h"
#include <string.h>

enum {
	INFLATE_STEP = 16 << 10,
	GZIP_WINDOW = 15 + 16, /* of inflateInit2(): gzip alone */
	/* What one call decompresses: half a millisecond or so. */
	UNPACK_IN = 64 << 10,
	UNPACK_OUT = 256 << 10,
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

static bool is_packed(const struct body *b)
{
	return b->unpacked < b->packed.n ||
	       (b->inflating && !b->member_ended && !b->stream.avail_out);
}

static void begin_call(struct body *b)
{
	b->call_in = UNPACK_IN;
	b->call_end = b->text.n + UNPACK_OUT;
}

/* Decompresses the next N bytes, or as many as the call may. In small steps, so that a decompression bomb is detected at the
 * limit, before it is in memory. */
static enum body_verdict decompress(struct body *b, size_t n)
{
	unsigned char step[INFLATE_STEP];
	enum body_verdict verdict = BODY_MORE;

	b->stream.next_in = (unsigned char *)b->packed.p + b->unpacked;
	b->stream.avail_in = (uInt)n;
	while (verdict == BODY_MORE && b->text.n < b->call_end &&
		(b->stream.avail_in || !b->stream.avail_out)) {
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

/* A little compressed data may be a lot of text: what is left waits for the next call. */
static enum body_verdict unpack(struct body *b)
{
	size_t n = b->packed.n - b->unpacked;
	enum body_verdict verdict;

	if (n > b->call_in)
		n = b->call_in;
	verdict = decompress(b, n);
	n -= b->stream.avail_in;
	b->unpacked += n;
	b->call_in -= n;
	if (b->unpacked == b->packed.n) {
		dnc_buf_clear(&b->packed);
		b->unpacked = 0;
	}
	return verdict;
}

static enum body_verdict add_packed(struct body *b, const unsigned char *in, size_t n)
{
	dnc_buf_add(&b->packed, in, n);
	return dnc_buf_ok(&b->packed) ? unpack(b) : BODY_NO_MEMORY;
}

/* The input is limited, too: gzip can go on forever without a byte of output. */
static enum body_verdict add_data(struct body *b, const unsigned char *in, size_t n)
{
	if (n > b->max_bytes - b->received)
		return BODY_TOO_LARGE;
	b->received += n;
	return b->gzip ? add_packed(b, in, n) : keep(b, in, n);
}

/* Bytes that the current chunk still has: its size comes before them. */
static uint64_t announced(const struct chunks *c)
{
	return c->state == CHUNK_DATA ? c->left : 0;
}

static enum body_verdict add_chunked(struct body *b, struct dnc_str in, size_t *used)
{
	static const enum body_verdict verdicts[] = {
		[CHUNKS_MORE] = BODY_MORE,
		[CHUNKS_END] = BODY_END,
		[CHUNKS_BAD] = BODY_BAD_CHUNK,
		[CHUNKS_TOO_LARGE] = BODY_TOO_LARGE,
	};
	enum chunks_verdict read = CHUNKS_DATA;
	enum body_verdict verdict = BODY_MORE;
	struct dnc_str rest = in;

	while (read == CHUNKS_DATA && verdict == BODY_MORE) {
		struct dnc_str data = {NULL, 0};

		read = chunks_next(&b->chunks, &rest, &data);
		if (announced(&b->chunks) + data.n > b->max_bytes - b->received)
			verdict = BODY_TOO_LARGE;
		else if (read == CHUNKS_DATA)
			verdict = add_data(b, (const unsigned char *)data.p, data.n);
		else
			verdict = verdicts[read];
	}
	*used = in.n - rest.n;
	return verdict;
}

enum body_verdict body_add(struct body *b, const void *in, size_t n, size_t *used)
{
	*used = n;
	begin_call(b);
	return b->chunked ? add_chunked(b, (struct dnc_str){in, n}, used) : add_data(b, in, n);
}

size_t body_bytes(const struct body *b)
{
	enum { ZLIB_BYTES = 48 << 10 };

	return b->text.size + b->packed.size + (b->inflating ? ZLIB_BYTES : 0);
}

enum body_verdict body_end(struct body *b)
{
	if (b->chunked && b->chunks.state != CHUNK_END)
		return BODY_BAD_CHUNK;
	if (is_packed(b)) {
		enum body_verdict verdict;

		begin_call(b);
		verdict = unpack(b);
		if (verdict != BODY_MORE || is_packed(b))
			return verdict;
	}
	return b->inflating && !b->member_ended ? BODY_BAD_GZIP : BODY_END;
}

void body_free(struct body *b)
{
	dnc_buf_free(&b->text);
	dnc_buf_free(&b->packed);
	if (b->inflating)
		inflateEnd(&b->stream);
	b->inflating = false;
}
