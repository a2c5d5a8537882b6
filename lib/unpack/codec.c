#include "priv/codec.h"

/* Most that a stream may ask for (unpack.h says why). */
enum { ZSTD_WINDOW_LOG = 27 };
static const uint64_t XZ_MEMORY = 256u << 20;

/* Fewer bytes than 4 GiB at once, as zlib and bzip2 count them. */
static unsigned limited(size_t n)
{
	return n < 1u << 30 ? (unsigned)n : 1u << 30;
}

static bool start_gzip(union codec_state *s)
{
	enum { GZIP_WRAPPER = 16 };

	s->gzip = (z_stream){0};
	return inflateInit2(&s->gzip, MAX_WBITS + GZIP_WRAPPER) == Z_OK;
}

static enum codec_result step_gzip(union codec_state *s, struct codec_bytes *b)
{
	unsigned in = limited(b->in_n), out = limited(b->room);
	int rc;

	s->gzip.next_in = (unsigned char *)(uintptr_t)b->in;
	s->gzip.avail_in = in;
	s->gzip.next_out = (unsigned char *)b->out;
	s->gzip.avail_out = out;
	rc = inflate(&s->gzip, Z_NO_FLUSH);
	b->in += in - s->gzip.avail_in;
	b->in_n -= in - s->gzip.avail_in;
	b->out += out - s->gzip.avail_out;
	b->room -= out - s->gzip.avail_out;
	switch (rc) {
	case Z_OK:
	case Z_BUF_ERROR: /* no bytes, or no room */
		return CODEC_MORE;
	case Z_STREAM_END:
		return CODEC_END;
	case Z_MEM_ERROR:
		return CODEC_NO_MEMORY;
	default:
		return CODEC_BROKEN;
	}
}

static void end_gzip(union codec_state *s)
{
	inflateEnd(&s->gzip);
}

static bool start_xz(union codec_state *s)
{
	s->xz = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&s->xz, XZ_MEMORY, 0) == LZMA_OK;
}

static enum codec_result step_xz(union codec_state *s, struct codec_bytes *b)
{
	lzma_ret rc;

	s->xz.next_in = (const uint8_t *)b->in;
	s->xz.avail_in = b->in_n;
	s->xz.next_out = (uint8_t *)b->out;
	s->xz.avail_out = b->room;
	rc = lzma_code(&s->xz, LZMA_RUN);
	b->in = (const char *)s->xz.next_in;
	b->in_n = s->xz.avail_in;
	b->out = (char *)s->xz.next_out;
	b->room = s->xz.avail_out;
	switch (rc) {
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return CODEC_MORE;
	case LZMA_STREAM_END:
		return CODEC_END;
	case LZMA_MEMLIMIT_ERROR:
		return CODEC_TOO_MUCH_MEMORY;
	case LZMA_MEM_ERROR:
		return CODEC_NO_MEMORY;
	default:
		return CODEC_BROKEN;
	}
}

static void end_xz(union codec_state *s)
{
	lzma_end(&s->xz);
}

static bool start_zstd(union codec_state *s)
{
	s->zstd = ZSTD_createDCtx();
	if (s->zstd)
		ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	return s->zstd;
}

static enum codec_result step_zstd(union codec_state *s, struct codec_bytes *b)
{
	ZSTD_inBuffer in = {b->in, b->in_n, 0};
	ZSTD_outBuffer out = {b->out, b->room, 0};
	size_t rc = ZSTD_decompressStream(s->zstd, &out, &in);

	b->in += in.pos;
	b->in_n -= in.pos;
	b->out += out.pos;
	b->room -= out.pos;
	if (!ZSTD_isError(rc))
		return rc ? CODEC_MORE : CODEC_END;
	/* The codes are not a part of the stable interface, their texts are. */
	if (strstr(ZSTD_getErrorName(rc), "too much memory"))
		return CODEC_TOO_MUCH_MEMORY;
	return strstr(ZSTD_getErrorName(rc), "not enough memory") ? CODEC_NO_MEMORY : CODEC_BROKEN;
}

static void end_zstd(union codec_state *s)
{
	ZSTD_freeDCtx(s->zstd);
}

static bool start_bzip2(union codec_state *s)
{
	s->bzip2 = (bz_stream){0};
	return BZ2_bzDecompressInit(&s->bzip2, 0, 0) == BZ_OK;
}

static enum codec_result step_bzip2(union codec_state *s, struct codec_bytes *b)
{
	unsigned in = limited(b->in_n), out = limited(b->room);
	int rc;

	s->bzip2.next_in = (char *)(uintptr_t)b->in;
	s->bzip2.avail_in = in;
	s->bzip2.next_out = b->out;
	s->bzip2.avail_out = out;
	rc = BZ2_bzDecompress(&s->bzip2);
	b->in += in - s->bzip2.avail_in;
	b->in_n -= in - s->bzip2.avail_in;
	b->out += out - s->bzip2.avail_out;
	b->room -= out - s->bzip2.avail_out;
	switch (rc) {
	case BZ_OK:
		return CODEC_MORE;
	case BZ_STREAM_END:
		return CODEC_END;
	case BZ_MEM_ERROR:
		return CODEC_NO_MEMORY;
	default:
		return CODEC_BROKEN;
	}
}

static void end_bzip2(union codec_state *s)
{
	BZ2_bzDecompressEnd(&s->bzip2);
}

const struct codec *codec_of(enum dnc_packing packing)
{
	static const struct codec gzip = {"zcat", start_gzip, step_gzip, end_gzip},
				  xz = {"xzcat", start_xz, step_xz, end_xz},
				  zstd = {"zstdcat --long=31", start_zstd, step_zstd, end_zstd},
				  bzip2 = {"bzcat", start_bzip2, step_bzip2, end_bzip2};
	static const struct codec *const codecs[] = {[DNC_PACKING_GZIP] = &gzip,
		[DNC_PACKING_XZ] = &xz,
		[DNC_PACKING_ZSTD] = &zstd,
		[DNC_PACKING_BZIP2] = &bzip2};

	return codecs[packing];
}
