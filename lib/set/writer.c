/* writer.c - writes the file of a set; its header comes last. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "priv/layout.h"

enum { OUT_BYTES = 1 << 18 };

struct dnc_set_writer {
	const char *path;
	int fd;
	bool complete;
	uint64_t count, last, blocks_bytes;
	uint32_t in_block;
	size_t n, payload; /* bytes of out, and of the payload of the block that they end in */
	size_t header_bytes;
	crypto_generichash_state digest;
	unsigned char header[HEADER_MAX];
	/* Whole blocks and the one that is not yet whole, which starts at n - payload - BLOCK_HEAD_BYTES. */
	unsigned char out[OUT_BYTES + BLOCK_MAX];
};

static int fail(const struct dnc_set_writer *w, const char *act, int code, struct dnc_error *err)
{
	return dnc_error_set(err, code, "unable to %s %s: %s", act, w->path, strerror(code));
}

static int write_all(
	struct dnc_set_writer *w, const unsigned char *p, size_t n, off_t at, struct dnc_error *err)
{
	while (n) {
		ssize_t done = pwrite(w->fd, p, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return fail(w, "write", done < 0 ? errno : ENOSPC, err);
		p += done;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

static void describe(struct dnc_set_writer *w, const struct dnc_set_about *about)
{
	unsigned char *h = w->header;

	memcpy(h, SET_MAGIC, AT_VERSION);
	put_le(h + AT_VERSION, SET_VERSION, 4);
	put_le(h + AT_CREATED, (uint64_t)about->created_ms, 8);
	memcpy(h + AT_BASE, about->base, DNC_SET_DIGEST_BYTES);
	if (about->list.n)
		memcpy(h + AT_TEXT, about->list.p, about->list.n);
	w->header_bytes = HEADER_MIN + about->list.n;
	put_le(h + AT_HEADER_BYTES, w->header_bytes, 4);
}

struct dnc_set_writer *dnc_set_create(
	const char *path, const struct dnc_set_about *about, struct dnc_error *err)
{
	struct dnc_set_writer *w;

	if (about->list.n > DNC_SET_TEXT_MAX) {
		dnc_error_set(err, EINVAL, "the description of a list is longer than %d bytes",
			DNC_SET_TEXT_MAX);
		return NULL;
	}
	w = calloc(1, sizeof *w);
	if (!w) {
		dnc_error_nomem(err);
		return NULL;
	}
	w->path = path;
	w->fd = -1;
	crypto_generichash_init(&w->digest, NULL, 0, DNC_SET_DIGEST_BYTES);
	describe(w, about);
	/* The file of a writer that was killed, or a link that another user made. */
	if (unlink(path) < 0 && errno != ENOENT)
		fail(w, "remove", errno, err);
	else if ((w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) <
		 0)
		fail(w, "create", errno, err);
	if (w->fd >= 0)
		return w;
	free(w);
	return NULL;
}

static int flush(struct dnc_set_writer *w, struct dnc_error *err)
{
	off_t at = (off_t)(w->header_bytes + w->blocks_bytes);

	if (write_all(w, w->out, w->n, at, err) < 0)
		return -1;
	w->blocks_bytes += w->n;
	w->n = 0;
	return 0;
}

static int end_block(struct dnc_set_writer *w, struct dnc_error *err)
{
	size_t n = BLOCK_HEAD_BYTES + w->payload;
	unsigned char *block = w->out + w->n - n;

	if (!w->in_block)
		return 0;
	put_le(block, w->payload, 4);
	put_le(block + AT_BLOCK_COUNT, w->in_block, 4);
	put_le(block + n, block_check(block, n), BLOCK_CHECK_BYTES);
	w->n += BLOCK_CHECK_BYTES;
	crypto_generichash_update(&w->digest, block, n + BLOCK_CHECK_BYTES);
	w->in_block = 0;
	return w->n >= OUT_BYTES ? flush(w, err) : 0;
}

static void begin_block(struct dnc_set_writer *w, uint64_t first)
{
	put_le(w->out + w->n + AT_BLOCK_FIRST, first, 8);
	w->n += BLOCK_HEAD_BYTES;
	w->payload = 0;
}

static void put_varint(struct dnc_set_writer *w, uint64_t v)
{
	unsigned char *p = w->out + w->n, *start = p;

	for (; v >= 0x80; v >>= 7)
		*p++ = (unsigned char)(v | 0x80);
	*p++ = (unsigned char)v;
	w->n += (size_t)(p - start);
	w->payload += (size_t)(p - start);
}

int dnc_set_add(struct dnc_set_writer *w, uint64_t number, struct dnc_error *err)
{
	if (number <= w->last || number > DNC_SET_NUMBER_MAX)
		return dnc_error_set(err, EINVAL, "%llu does not follow %llu in a set of numbers",
			(unsigned long long)number, (unsigned long long)w->last);
	if (w->in_block && w->payload > DNC_SET_PAYLOAD_MAX - VARINT_MAX && end_block(w, err) < 0)
		return -1;
	if (!w->in_block)
		begin_block(w, number);
	else
		put_varint(w, number - w->last - 1);
	w->in_block++;
	w->count++;
	w->last = number;
	return 0;
}

int dnc_set_complete(struct dnc_set_writer *w, struct dnc_set_about *about, struct dnc_error *err)
{
	unsigned char *h = w->header;
	size_t checked = w->header_bytes - HEADER_CHECK_BYTES;

	if (end_block(w, err) < 0 || flush(w, err) < 0)
		return -1;
	put_le(h + AT_COUNT, w->count, 8);
	put_le(h + AT_BLOCKS_BYTES, w->blocks_bytes, 8);
	crypto_generichash_final(&w->digest, h + AT_DIGEST, DNC_SET_DIGEST_BYTES);
	header_check(h, checked, h + checked);
	if (write_all(w, h, w->header_bytes, 0, err) < 0)
		return -1;
	if (fsync(w->fd) < 0)
		return fail(w, "sync", errno, err);
	w->complete = true;
	if (about) {
		about->count = w->count;
		about->bytes = w->header_bytes + w->blocks_bytes;
		memcpy(about->digest, h + AT_DIGEST, DNC_SET_DIGEST_BYTES);
	}
	return 0;
}

void dnc_set_writer_free(struct dnc_set_writer *w)
{
	if (!w)
		return;
	close(w->fd);
	if (!w->complete)
		unlink(w->path);
	free(w);
}
