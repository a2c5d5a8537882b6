/* asset.h - the files of the page, as the linker has put them into the program: lib/web/page/assets.
 *
 * Constant data. Thread safe. */
#pragma once
#include <stddef.h>
#include "base/str.h"

struct page_asset {
	const char *name; /* of the file; it is served as /page/NAME */
	const char *type; /* Content-Type */
	const unsigned char *start, *end;
};

extern const struct page_asset page_assets[];
extern const size_t page_asset_count;

/* The index in page_assets of the page itself, which is served as /. */
enum { PAGE_INDEX = 0 };
