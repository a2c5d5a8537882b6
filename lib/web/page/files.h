/* files.h - the files of the page, ready to be sent: as they are, and compressed once for all clients.
 *
 * Immutable once made, so that any thread may read them. */
#pragma once
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

enum { PAGE_ETAG_BYTES = 48 };

/* One form of a file. */
struct page_form {
	struct dnc_buf body;
	char etag
		[PAGE_ETAG_BYTES]; /* with its quotes; another one for each form (RFC 9110 section 8.8.3.3) */
};

struct page_file {
	const char *name, *type; /* borrowed from page_assets */
	struct page_form plain, gzip;
};

struct page_files;

/* Compresses all assets; takes some milliseconds. To be freed with page_files_free(). NULL when there is no memory. */
struct page_files *page_files_new(void);

/* NULL is allowed. */
void page_files_free(struct page_files *files);

/* The file NAME ("style.css"), or NULL; borrowed. The empty name is the page itself. */
const struct page_file *page_files_find(const struct page_files *files, struct dnc_str name);

/* The bytes of all files, compressed. */
size_t page_files_gzip_bytes(const struct page_files *files);
