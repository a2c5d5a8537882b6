#include "priv/inflater.h"
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	WINDOW_BITS = 15,
	WINDOW = 1 << WINDOW_BITS,
	/* Each final block has the window made anew: a message of nothing else would take long. */
	FINAL_BLOCKS_MAX = 64,
};

struct inflater {
	z_stream z;
	size_t max;
	unsigned final_blocks; /* of the message */
	bool at_start;         /* no bit has been read since the last final block */
	unsigned char out[];   /* max + 1 bytes: the last is for a message that is too big */
};

size_t inflater_bound(size_t max)
{
	/* zlib's deflateBound() for a stream of any settings. */
	return max + (max + 7) / 8 + (max + 63) / 64 + 11;
}

struct inflater *inflater_new(size_t max)
{
	struct inflater *f = calloc(1, sizeof *f + max + 1);

	if (!f)
		return NULL;
	f->max = max;
	if (inflateInit2(&f->z, -WINDOW_BITS) != Z_OK) {
		free(f);
		return NULL;
	}
	/* Has zlib allocate its window now. */
	if (inflateSetDictionary(&f->z, f->out, 1) == Z_OK)
		return f;
	inflater_free(f);
	return NULL;
}

void inflater_free(struct inflater *f)
{
	if (!f)
		return;
	inflater_wipe(f);
	inflateEnd(&f->z);
	free(f);
}

void inflater_wipe(struct inflater *f)
{
	static const unsigned char zeros[WINDOW];

	sodium_memzero(f->out, f->max + 1);
	inflateSetDictionary(&f->z, zeros, sizeof zeros); /* the window has a copy */
}

static size_t length(const struct inflater *f)
{
	return f->max + 1 - f->z.avail_out;
}

/* RFC 7692 section 7.2.3.4: after a final block another may follow. It may refer to what was before, as the
 * window goes on (section 7.2.2), but for zlib the stream has ended. */
static bool begin_again(struct inflater *f)
{
	size_t n = length(f), back = n < WINDOW ? n : WINDOW;

	f->at_start = true;
	return ++f->final_blocks <= FINAL_BLOCKS_MAX && inflateReset(&f->z) == Z_OK &&
	       inflateSetDictionary(&f->z, f->z.next_out - back, (unsigned)back) == Z_OK;
}

static enum inflated feed(struct inflater *f, const unsigned char *p, size_t n)
{
	f->z.next_in = (unsigned char *)(uintptr_t)p;
	f->z.avail_in = (unsigned)n;
	while (f->z.avail_in) {
		int rc;

		f->at_start = false;
		rc = inflate(&f->z, Z_NO_FLUSH);
		if (!f->z.avail_out)
			return INFLATE_TOO_BIG;
		if (rc == Z_STREAM_END ? !begin_again(f) : rc != Z_OK)
			return INFLATE_INVALID;
	}
	return INFLATED;
}

/* True if the bytes so far end with a block. data_type: see zlib.h at inflate(). */
static bool is_whole(const struct inflater *f)
{
	enum { AT_BLOCK_END = 128 };

	return f->at_start || f->z.data_type & AT_BLOCK_END;
}

/* Adds what the sender has removed, the end of an empty stored block. For a message that was cut off it may be codes of
 * characters. */
static enum inflated feed_tail(struct inflater *f)
{
	static const unsigned char tail[] = {0, 0, 0xff, 0xff};
	size_t before = length(f);
	enum inflated result = feed(f, tail, sizeof tail);

	if (result == INFLATED && is_whole(f) && length(f) == before)
		return INFLATED;
	return INFLATE_INVALID;
}

enum inflated inflater_run(
	struct inflater *f, const unsigned char *p, size_t n, struct dnc_str *out)
{
	enum inflated result;

	inflateReset(&f->z);
	f->z.next_out = f->out;
	f->z.avail_out = (unsigned)f->max + 1;
	f->final_blocks = 0;
	f->at_start = true;
	result = feed(f, p, n);
	/* A message may end with a whole block all the same: its sender has removed nothing. */
	if (result == INFLATED && !is_whole(f))
		result = feed_tail(f);
	*out = (struct dnc_str){(const char *)f->out, result == INFLATED ? length(f) : 0};
	return result;
}
