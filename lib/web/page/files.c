#include "web/page/files.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include "web/page/asset.h"

enum {
	HASH_BYTES = crypto_generichash_BYTES_MIN,
	GZIP_WINDOW = 15 + 16, /* the largest window, and a gzip header: zlib.h, deflateInit2() */
	MEMORY_LEVEL = 9,
};

struct page_files {
	size_t count;
	struct page_file files[];
};

/* The time in the header stays 0, so that the same file has the same bytes in each build. */
static bool compress_into(struct dnc_buf *out, const unsigned char *start, size_t n)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)start, .avail_in = (uInt)n};
	size_t room;

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	room = deflateBound(&z, (uLong)n);
	if (dnc_buf_reserve(out, room)) {
		z.next_out = (unsigned char *)out->p;
		z.avail_out = (uInt)room;
		if (deflate(&z, Z_FINISH) == Z_STREAM_END)
			out->n = room - z.avail_out;
	}
	deflateEnd(&z);
	return dnc_buf_ok(out) && out->n > 0;
}

static void write_etags(struct page_file *f)
{
	unsigned char hash[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];

	crypto_generichash(hash, sizeof hash, (const unsigned char *)f->plain.body.p,
		f->plain.body.n, NULL, 0);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	snprintf(f->plain.etag, sizeof f->plain.etag, "\"%s\"", hex);
	snprintf(f->gzip.etag, sizeof f->gzip.etag, "\"%s-gzip\"", hex);
}

static bool make(struct page_file *f, const struct page_asset *asset)
{
	size_t n = (size_t)(asset->end - asset->start);

	f->name = asset->name;
	f->type = asset->type;
	dnc_buf_add(&f->plain.body, asset->start, n);
	if (!dnc_buf_ok(&f->plain.body) || !compress_into(&f->gzip.body, asset->start, n))
		return false;
	write_etags(f);
	return true;
}

struct page_files *page_files_new(void)
{
	struct page_files *files =
		calloc(1, sizeof *files + page_asset_count * sizeof files->files[0]);

	if (!files)
		return NULL;
	files->count = page_asset_count;
	for (size_t i = 0; i < files->count; i++) {
		if (make(&files->files[i], &page_assets[i]))
			continue;
		page_files_free(files);
		return NULL;
	}
	return files;
}

void page_files_free(struct page_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->count; i++) {
		dnc_buf_free(&files->files[i].plain.body);
		dnc_buf_free(&files->files[i].gzip.body);
	}
	free(files);
}

const struct page_file *page_files_find(const struct page_files *files, struct dnc_str name)
{
	if (!name.n)
		return &files->files[PAGE_INDEX];
	for (size_t i = 0; i < files->count; i++)
		if (dnc_str_eq(name, dnc_str(files->files[i].name)))
			return &files->files[i];
	return NULL;
}

size_t page_files_gzip_bytes(const struct page_files *files)
{
	size_t sum = 0;

	for (size_t i = 0; i < files->count; i++)
		sum += files->files[i].gzip.body.n;
	return sum;
}
