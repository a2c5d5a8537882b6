/* The files of the page: all are in the program, compressed, and small. */
#include "unit.h"
#include <dirent.h>
#include <stdio.h>
#include <zlib.h>
#include "base/buf.h"
#include "web/page/asset.h"
#include "web/page/files.h"

/* What a phone loads before it shows anything. */
enum { MOST_BYTES = 80 << 10 };

static const char directory[] = "lib/web/page/assets";

static struct page_files *files;

static int make_files(void **state)
{
	(void)state;
	files = page_files_new();
	return files ? 0 : -1;
}

static int free_files(void **state)
{
	(void)state;
	page_files_free(files);
	return 0;
}

static void read_file(const char *name, struct dnc_buf *out)
{
	char path[512];
	FILE *f;
	int c;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	f = fopen(path, "r");
	if (!f)
		fail_msg("no %s", path);
	while ((c = getc(f)) != EOF)
		dnc_buf_chr(out, (char)c);
	fclose(f);
}

static void inflate_all(const struct dnc_buf *in, struct dnc_buf *out)
{
	z_stream z = {.next_in = (unsigned char *)in->p, .avail_in = (uInt)in->n};
	unsigned char room[4096];
	int rc;

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	do {
		z.next_out = room;
		z.avail_out = sizeof room;
		rc = inflate(&z, Z_NO_FLUSH);
		assert_true(rc == Z_OK || rc == Z_STREAM_END);
		dnc_buf_add(out, room, sizeof room - z.avail_out);
	} while (rc != Z_STREAM_END);
	inflateEnd(&z);
}

static void assert_same(const struct dnc_buf *a, const struct dnc_buf *b)
{
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a->p, b->p, a->n);
}

/* A file that was changed and not linked again would be seen here, and so would one that no row names. */
static void every_file_is_in_the_program_as_it_is(void **state)
{
	DIR *d = opendir(directory);
	size_t count = 0;

	(void)state;
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		const struct page_file *file = page_files_find(files, dnc_str(e->d_name));
		struct dnc_buf own = {0}, unpacked = {0};

		if (e->d_name[0] == '.')
			continue;
		if (!file)
			fail_msg("%s is not in asset.c", e->d_name);
		read_file(e->d_name, &own);
		assert_same(&file->plain.body, &own);
		inflate_all(&file->gzip.body, &unpacked);
		assert_same(&unpacked, &own);
		dnc_buf_free(&own);
		dnc_buf_free(&unpacked);
		count++;
	}
	closedir(d);
	assert_int_equal(count, page_asset_count);
}

static void the_page_is_small(void **state)
{
	size_t bytes = page_files_gzip_bytes(files);

	(void)state;
	if (bytes > MOST_BYTES || bytes < 1000)
		fail_msg("%zu bytes", bytes);
}

static void each_form_has_a_tag_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < page_asset_count; i++) {
		const struct page_file *a = page_files_find(files, dnc_str(page_assets[i].name));

		assert_int_equal(a->plain.etag[0], '"');
		assert_int_equal(a->plain.etag[strlen(a->plain.etag) - 1], '"');
		assert_string_not_equal(a->plain.etag, a->gzip.etag);
		for (size_t k = 0; k < i; k++) {
			const struct page_file *b =
				page_files_find(files, dnc_str(page_assets[k].name));

			assert_string_not_equal(a->plain.etag, b->plain.etag);
			assert_string_not_equal(a->name, b->name);
		}
	}
}

static void names_find_their_file_or_nothing(void **state)
{
	static const struct {
		const char *name, *found;
	} cases[] = {
		{"", "index.html"},
		{"index.html", "index.html"},
		{"style.css", "style.css"},
		{"app.js", "app.js"},
		{"app.js/", NULL},
		{"App.js", NULL},
		{"/", NULL},
		{"../style.css", NULL},
		{"app.j", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct page_file *f = page_files_find(files, dnc_str(cases[i].name));

		if (!f != !cases[i].found)
			fail_msg("%s", cases[i].name);
		if (f)
			assert_string_equal(f->name, cases[i].found);
	}
}

/* The policy allows nothing of what stands in the page itself or at another host. */
static void nothing_in_the_page_needs_what_its_policy_forbids(void **state)
{
	static const char *const forbidden[] = {" style=", " onclick=", " onload=", "<style",
		"javascript:", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
		"eval(", "new Function", "console.", "localStorage"};

	(void)state;
	for (size_t i = 0; i < page_asset_count; i++) {
		const struct page_file *f = page_files_find(files, dnc_str(page_assets[i].name));
		struct dnc_buf text = {0};

		dnc_buf_add(&text, f->plain.body.p, f->plain.body.n);
		dnc_buf_chr(&text, '\0');
		for (size_t k = 0; k < sizeof forbidden / sizeof forbidden[0]; k++)
			if (strstr(text.p, forbidden[k]))
				fail_msg("%s has %s", f->name, forbidden[k]);
		dnc_buf_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_is_in_the_program_as_it_is),
		cmocka_unit_test(the_page_is_small),
		cmocka_unit_test(each_form_has_a_tag_of_its_own),
		cmocka_unit_test(names_find_their_file_or_nothing),
		cmocka_unit_test(nothing_in_the_page_needs_what_its_policy_forbids),
	};

	return cmocka_run_group_tests_name("page", tests, make_files, free_files);
}
