/* reader.c - reads the file of a set, block by block, and believes nothing of it that is not checked. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "priv/layout.h"

struct dnc_set_reader {
	const char *path;
	int fd;
	struct dnc_set_about about;
	uint64_t count, last;          /* of the numbers so far */
	uint64_t left_bytes;           /* of the blocks that were not read */
	uint32_t left;                 /* numbers of the block */
	const unsigned char *at, *end; /* payload of the block that was not decoded */
	bool verified;
	crypto_generichash_state digest;
	unsigned char header[HEADER_MAX], block[BLOCK_MAX];
};

static int damaged(const struct dnc_set_reader *r, const char *what, struct dnc_error *err)
{
	return dnc_error_set(
		err, DNC_SET_DAMAGED, "%s is damaged, or no set of numbers: %s", r->path, what);
}

/* Reads exactly N bytes. */
static int read_exactly(struct dnc_set_reader *r, unsigned char *p, size_t n, struct dnc_error *err)
{
	while (n) {
		ssize_t got = read(r->fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return dnc_error_set(
				err, errno, "unable to read %s: %s", r->path, strerror(errno));
		if (got == 0)
			return damaged(r, "it is cut short", err);
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

/* The checked header's values. */
static void take(struct dnc_set_reader *r, size_t header_bytes)
{
	const unsigned char *h = r->header;
	struct dnc_set_about *a = &r->about;

	a->count = get_le(h + AT_COUNT, 8);
	a->created_ms = (int64_t)get_le(h + AT_CREATED, 8);
	memcpy(a->digest, h + AT_DIGEST, DNC_SET_DIGEST_BYTES);
	memcpy(a->base, h + AT_BASE, DNC_SET_DIGEST_BYTES);
	a->list = (struct dnc_str){(const char *)h + AT_TEXT, header_bytes - HEADER_MIN};
	r->left_bytes = get_le(h + AT_BLOCKS_BYTES, 8);
	crypto_generichash_init(&r->digest, NULL, 0, DNC_SET_DIGEST_BYTES);
}

static int read_header(struct dnc_set_reader *r, struct dnc_error *err)
{
	unsigned char check[HEADER_CHECK_BYTES], *h = r->header;
	struct stat st;
	size_t n;

	if (fstat(r->fd, &st) < 0)
		return dnc_error_set(err, errno, "unable to read %s: %s", r->path, strerror(errno));
	r->about.bytes = (uint64_t)st.st_size;
	if (r->about.bytes < HEADER_MIN)
		return damaged(r, "it is too short", err);
	if (read_exactly(r, h, AT_COUNT, err) < 0)
		return -1;
	if (memcmp(h, SET_MAGIC, AT_VERSION) != 0)
		return damaged(r, "it begins with other bytes", err);
	if (get_le(h + AT_VERSION, 4) != SET_VERSION)
		return damaged(
			r, "its version is unknown: a newer program may have written it", err);
	n = get_le(h + AT_HEADER_BYTES, 4);
	if (n < HEADER_MIN || n > HEADER_MAX)
		return damaged(r, "its header has an impossible length", err);
	if (read_exactly(r, h + AT_COUNT, n - AT_COUNT, err) < 0)
		return -1;
	header_check(h, n - HEADER_CHECK_BYTES, check);
	if (memcmp(check, h + n - HEADER_CHECK_BYTES, sizeof check) != 0)
		return damaged(r, "the checksum of its header is wrong", err);
	take(r, n);
	if (r->left_bytes != r->about.bytes - n)
		return damaged(r, "its length is wrong", err);
	return 0;
}

struct dnc_set_reader *dnc_set_open(const char *path, struct dnc_error *err)
{
	int fd = dnc_file_open(path, err);
	struct dnc_set_reader *r;

	if (fd < 0)
		return NULL;
	r = calloc(1, sizeof *r);
	if (!r) {
		close(fd);
		dnc_error_nomem(err);
		return NULL;
	}
	r->path = path;
	r->fd = fd;
	if (read_header(r, err) == 0)
		return r;
	dnc_set_reader_free(r);
	return NULL;
}

void dnc_set_reader_free(struct dnc_set_reader *r)
{
	if (!r)
		return;
	close(r->fd);
	free(r);
}

const struct dnc_set_about *dnc_set_about(const struct dnc_set_reader *r)
{
	return &r->about;
}

/* The end of the last block: all of it must be what was written. */
static int verify(struct dnc_set_reader *r, struct dnc_error *err)
{
	unsigned char digest[DNC_SET_DIGEST_BYTES];

	if (r->verified)
		return 0;
	crypto_generichash_final(&r->digest, digest, sizeof digest);
	if (r->count != r->about.count || memcmp(digest, r->about.digest, sizeof digest) != 0)
		return damaged(r, "the checksum of its blocks is wrong", err);
	r->verified = true;
	return 0;
}

/* Reads the next block, whose first number is the next one. */
static int read_block(struct dnc_set_reader *r, uint64_t *first, struct dnc_error *err)
{
	unsigned char *b = r->block;
	size_t payload, n;

	if (r->left_bytes < BLOCK_HEAD_BYTES + BLOCK_CHECK_BYTES)
		return damaged(r, "a block is cut short", err);
	if (read_exactly(r, b, BLOCK_HEAD_BYTES, err) < 0)
		return -1;
	payload = get_le(b, 4);
	n = BLOCK_HEAD_BYTES + payload;
	if (payload > DNC_SET_PAYLOAD_MAX || n + BLOCK_CHECK_BYTES > r->left_bytes)
		return damaged(r, "a block has an impossible length", err);
	if (read_exactly(r, b + BLOCK_HEAD_BYTES, payload + BLOCK_CHECK_BYTES, err) < 0)
		return -1;
	if (block_check(b, n) != get_le(b + n, BLOCK_CHECK_BYTES))
		return damaged(r, "the checksum of a block is wrong", err);
	crypto_generichash_update(&r->digest, b, n + BLOCK_CHECK_BYTES);
	r->left_bytes -= n + BLOCK_CHECK_BYTES;
	r->left = (uint32_t)get_le(b + AT_BLOCK_COUNT, 4);
	*first = get_le(b + AT_BLOCK_FIRST, 8);
	r->at = b + BLOCK_HEAD_BYTES;
	r->end = r->at + payload;
	if (!r->left)
		return damaged(r, "a block is empty", err);
	return 0;
}

/* False if it is not whole, or too large for any difference. */
static bool get_varint(struct dnc_set_reader *r, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < VARINT_MAX && r->at < r->end; i++) {
		unsigned char c = *r->at++;

		v |= (uint64_t)(c & 0x7f) << 7 * i;
		if (c < 0x80) {
			*out = v;
			return true;
		}
	}
	return false;
}

int dnc_set_next(struct dnc_set_reader *r, uint64_t *number, struct dnc_error *err)
{
	uint64_t next = 0, difference;

	if (r->left) {
		if (!get_varint(r, &difference))
			return damaged(r, "a number can't be read", err);
		next = r->last + 1 + difference;
	} else if (r->at != r->end) {
		return damaged(r, "a block has bytes after its last number", err);
	} else if (!r->left_bytes) {
		return verify(r, err);
	} else if (read_block(r, &next, err) < 0) {
		return -1;
	}
	if (next <= r->last || next > DNC_SET_NUMBER_MAX)
		return damaged(r, "its numbers are not in order", err);
	r->left--;
	r->count++;
	r->last = *number = next;
	return 1;
}

void dnc_set_state(const struct dnc_set_about *about, unsigned char out[DNC_SET_DIGEST_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, DNC_SET_DIGEST_BYTES);
	crypto_generichash_update(&state, about->base, DNC_SET_DIGEST_BYTES);
	crypto_generichash_update(&state, about->digest, DNC_SET_DIGEST_BYTES);
	crypto_generichash_final(&state, out, DNC_SET_DIGEST_BYTES);
}

static int next_number(void *ctx, uint64_t *number, struct dnc_error *err)
{
	return dnc_set_next(ctx, number, err);
}

struct dnc_numbers dnc_set_numbers(struct dnc_set_reader *r)
{
	return (struct dnc_numbers){next_number, r};
}
