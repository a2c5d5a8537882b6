/* Compressed files and archives: whole, cut anywhere, damaged, and made to do harm. */
#include "unit.h"
#include <archive.h>
#include <archive_entry.h>
#include <bzlib.h>
#include <lzma.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>
#include "unpacking.h"

enum { ROWS = 300, NO_LIMIT = 1 << 30, SIZE = 4 << 20 };

static char packed[SIZE];
static const struct dnc_unpack_limit no_limit = {NO_LIMIT, "raise the limit"};

/* Numbers that no compressor foresees. */
static struct dnc_buf make_list(unsigned rows)
{
	struct dnc_buf list = {0};

	for (unsigned i = 0; i < rows; i++)
		dnc_buf_printf(&list, "%010u,2026-01-01\n", 2025550000u + i * 7919u % 9990000u);
	assert_true(dnc_buf_ok(&list));
	return list;
}

static size_t pack_gzip(struct dnc_str s)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)s.p,
		.avail_in = (unsigned)s.n,
		.next_out = (unsigned char *)packed,
		.avail_out = SIZE};

	assert_int_equal(
		deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pack_xz(struct dnc_str s)
{
	size_t n = 0;

	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, (const uint8_t *)s.p,
				 s.n, (uint8_t *)packed, &n, SIZE),
		LZMA_OK);
	return n;
}

static size_t pack_zstd(struct dnc_str s)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, packed, SIZE, s.p, s.n);
	ZSTD_freeCCtx(c);
	assert_false(ZSTD_isError(n));
	return n;
}

static size_t pack_bzip2(struct dnc_str s)
{
	unsigned n = SIZE;

	assert_int_equal(BZ2_bzBuffToBuffCompress(
				 packed, &n, (char *)(uintptr_t)s.p, (unsigned)s.n, 9, 0, 0),
		BZ_OK);
	return n;
}

static struct archive *start_zip(size_t *n)
{
	struct archive *a = archive_write_new();

	assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
	archive_write_set_bytes_per_block(a, 1);
	archive_write_set_bytes_in_last_block(a, 1);
	assert_int_equal(archive_write_open_memory(a, packed, SIZE, n), ARCHIVE_OK);
	return a;
}

static void add_member(struct archive *a, const char *name, struct dnc_str s)
{
	struct archive_entry *e = archive_entry_new();
	size_t n = strlen(name);

	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, n && name[n - 1] == '/' ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, (la_int64_t)s.n);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	if (s.n)
		assert_int_equal(archive_write_data(a, s.p, s.n), s.n);
	archive_entry_free(e);
}

static size_t end_zip(struct archive *a, const size_t *n)
{
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return *n;
}

static size_t pack_zip(struct dnc_str s)
{
	size_t n;
	struct archive *a = start_zip(&n);

	add_member(a, "list", s);
	return end_zip(a, &n);
}

static size_t (*const packers[])(struct dnc_str) = {
	pack_gzip, pack_xz, pack_zstd, pack_bzip2, pack_zip};
enum { PACKERS = sizeof packers / sizeof packers[0], ZIP = 4 };

/* What was unpacked of the one member, without its frame and a mark behind it. */
static struct dnc_str content(const struct unpacked *u)
{
	const char *start = u->text.n ? memchr(u->text.p, '<', u->text.n) : NULL;
	size_t from = start ? (size_t)(start + 1 - u->text.p) : u->text.n;

	return (struct dnc_str){start ? start + 1 : "", u->text.n - from};
}

static void everything_that_was_packed_comes_out(void **state)
{
	struct dnc_buf list = make_list(20000);

	(void)state;
	for (size_t i = 0; i < PACKERS; i++)
		for (int pipe_it = 0; pipe_it < 2; pipe_it++) {
			size_t n = packers[i](dnc_buf_view(&list));
			struct unpacked u;
			struct dnc_str text;

			assert_true(unpack_bytes(packed, n, pipe_it, NO_LIMIT, &u));
			if (!u.done)
				fail_msg("packer %zu, pipe %d: %.*s", i, pipe_it, (int)u.why.n,
					u.why.p);
			text = content(&u);
			assert_int_equal(text.n, list.n + 1);
			assert_memory_equal(text.p, list.p, list.n);
			assert_int_equal(text.p[list.n], '>');
			unpacked_free(&u);
		}
	dnc_buf_free(&list);
}

/* At every percent of the length, and at each of the last bytes. */
static void what_was_cut_is_never_whole(void **state)
{
	struct dnc_buf list = make_list(ROWS);

	(void)state;
	for (size_t i = 0; i < PACKERS; i++) {
		size_t n = packers[i](dnc_buf_view(&list));

		for (size_t at = 10, left; at < n; at += left < 40 ? 1 : n / 100 < 1 ? 1 : n / 100)
			for (int pipe_it = 0; pipe_it < 2; pipe_it++) {
				struct unpacked u;
				struct dnc_str text;

				left = n - at;
				assert_true(unpack_bytes(packed, at, pipe_it, NO_LIMIT, &u));
				if (u.done || !u.why.n)
					fail_msg(
						"packer %zu: %zu of %zu bytes are whole", i, at, n);
				text = content(&u);
				if (!pipe_it)
					assert_int_equal(u.text.n, 0);
				if (text.n && text.p[text.n - 1] == '>')
					text.n--; /* all of the member, but not of the archive */
				assert_true(text.n <= list.n);
				if (text.n)
					assert_memory_equal(text.p, list.p, text.n);
				unpacked_free(&u);
			}
	}
	dnc_buf_free(&list);
}

/* One bit of a file is flipped: it is refused, or what comes out is right. */
static void nothing_wrong_comes_out_of_a_damaged_file(void **state)
{
	struct dnc_buf list = make_list(ROWS);

	(void)state;
	for (size_t i = 0; i < PACKERS; i++) {
		size_t n = packers[i](dnc_buf_view(&list));

		for (size_t bit = 0; bit < n * 8; bit += 1 + n * 8 / 400) {
			struct unpacked u;

			packed[bit / 8] = (char)(packed[bit / 8] ^ 1 << bit % 8);
			if (unpack_bytes(packed, n, false, NO_LIMIT, &u) && u.text.n) {
				struct dnc_str text = content(&u);

				if (text.n > 2 && (text.n != list.n + 1 ||
							  memcmp(text.p, list.p, list.n) != 0))
					fail_msg("packer %zu, bit %zu: %.*s", i, bit, (int)u.text.n,
						u.text.p);
			}
			unpacked_free(&u);
			packed[bit / 8] = (char)(packed[bit / 8] ^ 1 << bit % 8);
		}
	}
	dnc_buf_free(&list);
}

static void limits_hold(void **state)
{
	struct dnc_buf list = make_list(ROWS);

	(void)state;
	for (size_t i = 0; i < PACKERS; i++)
		for (int pipe_it = 0; pipe_it < 2; pipe_it++) {
			size_t n = packers[i](dnc_buf_view(&list));
			struct unpacked u;

			assert_true(unpack_bytes(packed, n, pipe_it, list.n - 1, &u));
			assert_false(u.done);
			assert_non_null(memmem(u.why.p, u.why.n, "raise the limit", 15));
			unpacked_free(&u);
			assert_true(unpack_bytes(packed, n, pipe_it, list.n, &u));
			assert_true(u.done);
			unpacked_free(&u);
		}
	dnc_buf_free(&list);
}

static void members_are_told_apart(void **state)
{
	static const struct {
		const char *names[4]; /* each has its name as its content, but for folders */
		const char *seen, *why;
		unsigned notes;
	} cases[] = {
		{{"a", "d/", "d/b"}, "a<a>d/b<d/b>", "", 0},
		{{"a", "__MACOSX/._a", "d/.DS_Store"}, "a<a>", "", 1},
		{{"a\033[2J\n"}, "a\\u001b[2J\\n<a\033[2J\n>", "", 0},
		{{"d/"}, "", "is a zip archive without any file", 0},
		{{"xl/workbook.xml"}, "", "is an Excel workbook", 0},
		{{"a", "[Content_Types].xml"}, "", "is a workbook", 0},
		{{"mimetype"}, "", "is an OpenDocument file", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n;
		struct archive *a = start_zip(&n);
		struct unpacked u;

		for (size_t k = 0; cases[i].names[k]; k++) {
			const char *name = cases[i].names[k];

			add_member(a, name,
				name[strlen(name) - 1] == '/' ? DNC_STR("") : dnc_str(name));
		}
		n = end_zip(a, &n);
		assert_true(unpack_bytes(packed, n, false, NO_LIMIT, &u));
		if (!dnc_str_eq(dnc_buf_view(&u.text), dnc_str(cases[i].seen)) ||
			(u.why.n && !dnc_str_starts(dnc_buf_view(&u.why), dnc_str(cases[i].why))) ||
			u.done != !*cases[i].why)
			fail_msg("case %zu: %.*s %.*s", i, (int)u.text.n, u.text.p, (int)u.why.n,
				u.why.p);
		assert_int_equal(u.notes, cases[i].notes);
		unpacked_free(&u);
	}
}

/* The member NAME with the content NAME alone, N bytes at TO. */
static size_t make_zip(char *to, const char *name)
{
	size_t n;
	struct archive *a = start_zip(&n);

	add_member(a, name, dnc_str(name));
	n = end_zip(a, &n);
	memcpy(to, packed, n);
	return n;
}

/* Two members, of which the directory names all but the first SKIPPED; the offset of the directory is after these
 * entries, or the entries are cut out. */
static size_t make_zip_that_skips(char *to, unsigned skipped, bool cut)
{
	size_t n, end, directory, entries;
	struct archive *a = start_zip(&n);

	add_member(a, "a", DNC_STR("1"));
	add_member(a, "b", DNC_STR("2"));
	n = end_zip(a, &n);
	memcpy(to, packed, n);
	end = n - 22;
	directory = (unsigned char)to[end + 16] | (size_t)(unsigned char)to[end + 17] << 8;
	entries = (end - directory) / 2 * skipped; /* both have the same size */
	to[end + 8] = to[end + 10] = (char)(2 - skipped);
	to[end + 12] = (char)(end - directory - entries);
	if (cut) {
		memmove(to + directory, to + directory + entries, n - directory - entries);
		return n - entries;
	}
	to[end + 16] = (char)((directory + entries) & 0xFF);
	to[end + 17] = (char)((directory + entries) >> 8);
	return n;
}

/* Nothing is lost of an archive whose directory does not name all that is in it: it is refused. */
static void what_the_directory_does_not_name_is_told(void **state)
{
	enum { JOINED, JOINED_OTHERWISE, SKIPPED, CUT, WHOLE, SHAPES };
	static char file[1 << 16];

	(void)state;
	for (int i = 0; i < SHAPES * 2; i++) {
		int shape = i / 2;
		struct unpacked u;
		size_t n = 0;

		switch (shape) {
		case JOINED:
		case JOINED_OTHERWISE:
			n = make_zip(file, shape == JOINED ? "a" : "b");
			n += make_zip(file + n, shape == JOINED ? "b" : "a");
			break;
		default:
			n = make_zip_that_skips(file, shape != WHOLE, shape == CUT);
		}
		assert_true(unpack_bytes(file, n, i % 2, NO_LIMIT, &u));
		if (u.done != (shape == WHOLE) ||
			(!u.done && !memmem(u.why.p, u.why.n, "unzip its parts", 15)) ||
			(!u.done && i % 2 == 0 && u.text.n))
			fail_msg("shape %d, pipe %d: %.*s %.*s", shape, i % 2, (int)u.text.n,
				u.text.p, (int)u.why.n, u.why.p);
		unpacked_free(&u);
	}
}

/* Other bytes before the directory, after the end, and a comment that has an end record of its own. */
static void bytes_around_an_archive_are_told(void **state)
{
	static const struct {
		int before_directory; /* or at the end */
		struct dnc_str bytes;
		bool comment, whole;
	} cases[] = {
		{0, DNC_STR("\n"), false, false},
		{0, DNC_STR("monthly list"), true, true},
		{0, DNC_STR("PK\5\6 and more that is no comment"), true, false},
		{1, DNC_STR("2025550143\n"), false, false},
	};
	static char file[1 << 12];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0] * 2; i++) {
		struct dnc_str bytes = cases[i / 2].bytes;
		size_t n = make_zip(file, "a"), at = n, end = n - 22;
		struct unpacked u;

		if (cases[i / 2].before_directory) {
			at = (unsigned char)file[end + 16];
			file[end + 16] = (char)(at + bytes.n);
		}
		if (cases[i / 2].comment)
			file[end + 20] = (char)bytes.n;
		memmove(file + at + bytes.n, file + at, n - at);
		memcpy(file + at, bytes.p, bytes.n);
		assert_true(unpack_bytes(file, n + bytes.n, i % 2, NO_LIMIT, &u));
		if (u.done != cases[i / 2].whole)
			fail_msg("case %zu: %.*s %.*s", i, (int)u.text.n, u.text.p, (int)u.why.n,
				u.why.p);
		unpacked_free(&u);
	}
}

/* A directory of 10 MiB and more, by long comments of its entries. */
static void a_directory_that_is_too_large_is_refused(void **state)
{
	enum { ENTRIES = 200, COMMENT = 0xFFFF };
	struct dnc_buf file = {0}, directory = {0};
	struct unpacked u;

	(void)state;
	for (unsigned i = 0; i < ENTRIES; i++) {
		char local[31] = "PK\3\4\24", entry[47] = "PK\1\2\24\0\24";
		uint32_t at = (uint32_t)file.n;

		local[26] = entry[28] = 1;
		local[30] = entry[46] = 'a';
		entry[32] = entry[33] = (char)0xFF;
		memcpy(entry + 42, &at, 4);
		dnc_buf_add(&file, local, sizeof local);
		dnc_buf_add(&directory, entry, sizeof entry);
		assert_true(dnc_buf_reserve(&directory, COMMENT));
		memset(directory.p + directory.n, '#', COMMENT);
		directory.n += COMMENT;
	}
	{
		char end[22] = "PK\5\6";
		uint32_t numbers[2] = {(uint32_t)directory.n, (uint32_t)file.n};

		end[8] = end[10] = (char)ENTRIES;
		memcpy(end + 12, numbers, 8);
		dnc_buf_str(&file, dnc_buf_view(&directory));
		dnc_buf_add(&file, end, sizeof end);
	}
	for (int pipe_it = 0; pipe_it < 2; pipe_it++) {
		assert_true(unpack_bytes(file.p, file.n, pipe_it, NO_LIMIT, &u));
		assert_false(u.done);
		assert_non_null(memmem(u.why.p, u.why.n, "a directory of more than 10 MiB", 31));
		unpacked_free(&u);
	}
	dnc_buf_free(&file);
	dnc_buf_free(&directory);
}

static void too_many_members_are_refused(void **state)
{
	enum { MANY = 10001 };
	size_t n;
	struct archive *a = start_zip(&n);
	struct unpacked u;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];

		snprintf(name, sizeof name, "%u", i);
		add_member(a, name, DNC_STR(""));
	}
	n = end_zip(a, &n);
	assert_true(unpack_bytes(packed, n, false, NO_LIMIT, &u));
	assert_false(u.done);
	assert_int_equal(u.text.n, 0);
	assert_non_null(memmem(u.why.p, u.why.n, "more than 10000 members", 23));
	unpacked_free(&u);
}

static void a_name_that_is_too_long_breaks_its_member_alone(void **state)
{
	size_t n;
	struct archive *a = start_zip(&n);
	char name[1100];
	struct unpacked u;

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	add_member(a, name, DNC_STR("1"));
	add_member(a, "b", DNC_STR("2"));
	n = end_zip(a, &n);
	assert_true(unpack_bytes(packed, n, false, NO_LIMIT, &u));
	assert_true(u.done);
	assert_non_null(memmem(u.text.p, u.text.n, "<>!b<2>", 7));
	unpacked_free(&u);
}

static void what_asks_for_too_much_memory_is_refused(void **state)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	struct dnc_buf list = make_list(ROWS);
	ZSTD_inBuffer in = {list.p, list.n, 0};
	ZSTD_outBuffer out = {packed, SIZE, 0};
	lzma_options_lzma lzma;
	lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &lzma}, {LZMA_VLI_UNKNOWN, NULL}};
	struct unpacked u;
	size_t n = 0;

	(void)state;
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 28);
	ZSTD_CCtx_setParameter(c, ZSTD_c_enableLongDistanceMatching, 0);
	assert_int_equal(ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush), 0);
	ZSTD_compressStream2(c, &out, &in, ZSTD_e_end);
	ZSTD_freeCCtx(c);
	assert_true(unpack_bytes(packed, out.pos, false, NO_LIMIT, &u));
	assert_false(u.done);
	assert_non_null(memmem(u.why.p, u.why.n, "needs more memory", 17));
	unpacked_free(&u);

	/* The dictionary is a claim in the header of the block: the encoder need not have one of this size. */
	assert_false(lzma_lzma_preset(&lzma, 0));
	lzma.dict_size = 4096;
	assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL,
				 (const uint8_t *)list.p, list.n, (uint8_t *)packed, &n, SIZE),
		LZMA_OK);
	{
		/* Block header: size, flags, filter 21, size of properties 1, dictionary; CRC32 at its end. */
		unsigned char *block = (unsigned char *)packed + 12;
		size_t size = (size_t)(block[0] + 1) * 4;
		uint32_t crc;

		for (size_t i = 2; i + 2 < size; i++)
			if (block[i] == 0x21 && block[i + 1] == 1) {
				block[i + 2] = 39; /* 3 GiB */
				break;
			}
		crc = lzma_crc32(block, size - 4, 0);
		memcpy(block + size - 4, &crc, 4);
	}
	assert_true(unpack_bytes(packed, n, false, NO_LIMIT, &u));
	assert_false(u.done);
	assert_non_null(memmem(u.why.p, u.why.n, "needs more memory", 17));
	unpacked_free(&u);
	dnc_buf_free(&list);
}

/* Waits for the next part. */
static struct dnc_unpacked next_part(struct dnc_unpack *u)
{
	struct pollfd fd = {.fd = dnc_unpack_fd(u), .events = POLLIN};
	struct dnc_unpacked part;

	for (;;) {
		dnc_unpack_next(u, &part);
		if (part.kind != DNC_UNPACKED_NOTHING)
			return part;
		assert_int_equal(poll(&fd, 1, 60000), 1);
	}
}

/* From 1 GiB on, no more than 10,000 times the size of the file: zeros come to 30,000 times. */
static void what_no_list_can_be_is_refused_by_its_ratio(void **state)
{
	enum { BLOCK = 1 << 20, MIB_REFUSED = 1025, MIB_READ = 1023 };
	static const char zeros[BLOCK];
	static const unsigned sizes[] = {MIB_READ, MIB_REFUSED};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		ZSTD_CCtx *c = ZSTD_createCCtx();
		ZSTD_outBuffer out = {packed, SIZE, 0};
		struct dnc_unpack *u;
		struct dnc_unpacked part;
		struct dnc_error err;
		int fd = memfd_create("packed", MFD_CLOEXEC);

		for (unsigned k = 0; k < sizes[i]; k++) {
			ZSTD_inBuffer in = {zeros, BLOCK, 0};

			while (in.pos < in.size)
				assert_false(ZSTD_isError(
					ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue)));
		}
		assert_int_equal(ZSTD_compressStream2(c, &out, &(ZSTD_inBuffer){0}, ZSTD_e_end), 0);
		ZSTD_freeCCtx(c);
		assert_int_equal(write(fd, packed, out.pos), out.pos);
		assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
		u = dnc_unpack_new(fd, DNC_PACKING_ZSTD, (struct dnc_str){packed, 4},
			&(struct dnc_unpack_limit){UINT64_C(1) << 40, ""}, &err);
		assert_non_null(u);
		part = next_part(u);
		assert_int_equal(part.kind,
			sizes[i] == MIB_READ ? DNC_UNPACKED_MEMBER : DNC_UNPACKED_FAILED);
		if (sizes[i] == MIB_REFUSED)
			assert_non_null(memmem(
				part.text.p, part.text.n, "more than 10000 times its size", 30));
		dnc_unpack_free(u);
		close(fd);
	}
}

static void first_bytes_tell_what_is_packed(void **state)
{
	static const struct {
		struct dnc_str start;
		enum dnc_packing packing;
	} cases[] = {
		{DNC_STR(""), DNC_PACKING_UNSURE},
		{DNC_STR("\x1F"), DNC_PACKING_UNSURE},
		{DNC_STR("\x1F\x8B"), DNC_PACKING_GZIP},
		{DNC_STR("PK\3"), DNC_PACKING_UNSURE},
		{DNC_STR("PK\3\4"), DNC_PACKING_ZIP},
		{DNC_STR("PK\5\6"), DNC_PACKING_NONE},
		{DNC_STR("PK,1"), DNC_PACKING_NONE},
		{DNC_STR("BZh9"), DNC_PACKING_UNSURE},
		{DNC_STR("BZh91AY&SY"), DNC_PACKING_BZIP2},
		{DNC_STR("BZhou,name"), DNC_PACKING_NONE},
		{DNC_STR("\xFD"
			 "7zXZ"),
			DNC_PACKING_UNSURE},
		/* A frame before the data of zstd that has none itself. */
		{DNC_STR("\x50\x2A"), DNC_PACKING_UNSURE},
		{DNC_STR("\x50\x2A\x4D\x18"), DNC_PACKING_ZSTD},
		{DNC_STR("\x5F\x2A\x4D\x18\1"), DNC_PACKING_ZSTD},
		{DNC_STR("\x60\x2A\x4D\x18"), DNC_PACKING_NONE},
		{DNC_STR("P*M1"), DNC_PACKING_NONE},
		{DNC_STR("2025550143"), DNC_PACKING_NONE},
		{DNC_STR("("), DNC_PACKING_UNSURE},
		{DNC_STR("(202)"), DNC_PACKING_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (dnc_packing_of(cases[i].start) != cases[i].packing)
			fail_msg("case %zu", i);
}

/* What a pipe has sent so far is there before it sends more, and freeing ends a thread that waits. */
static void a_pipe_that_pauses_hands_on_what_it_sent(void **state)
{
	z_stream z = {.next_out = (unsigned char *)packed, .avail_out = SIZE};
	struct dnc_unpack *u;
	struct dnc_unpacked part;
	struct pollfd fd;
	struct dnc_error err;
	size_t seen = 0;
	int fds[2];

	(void)state;
	assert_int_equal(
		deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t) "2025550143\n";
	z.avail_in = 11;
	assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	assert_int_equal(pipe(fds), 0);
	u = dnc_unpack_new(fds[0], DNC_PACKING_GZIP, (struct dnc_str){packed, 3}, &no_limit, &err);
	assert_non_null(u);
	assert_int_equal(write(fds[1], packed + 3, z.total_out - 3), z.total_out - 3);
	fd = (struct pollfd){.fd = dnc_unpack_fd(u), .events = POLLIN};
	while (seen < 11) {
		assert_int_equal(poll(&fd, 1, 60000), 1);
		dnc_unpack_next(u, &part);
		if (part.kind == DNC_UNPACKED_BYTES)
			seen += part.text.n;
	}
	assert_int_equal(seen, 11);
	dnc_unpack_free(u);
	deflateEnd(&z);
	close(fds[0]);
	close(fds[1]);
}

/* A gzip file of more blocks than the queue holds, in a memfd. */
static int make_file(size_t *n)
{
	struct dnc_buf list = make_list(500000);
	int fd = memfd_create("packed", MFD_CLOEXEC);

	*n = pack_gzip(dnc_buf_view(&list));
	assert_true(*n > 1 << 20);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, packed, *n), *n);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	dnc_buf_free(&list);
	return fd;
}

static void progress_counts_both_passes_of_a_file(void **state)
{
	size_t n;
	int fd = make_file(&n);
	struct dnc_error err;
	struct dnc_unpack *u =
		dnc_unpack_new(fd, DNC_PACKING_GZIP, (struct dnc_str){packed, 3}, &no_limit, &err);
	struct dnc_unpacked part;
	uint64_t before = 0;

	(void)state;
	assert_non_null(u);
	do {
		part = next_part(u);
		assert_true(dnc_unpack_read_bytes(u) >= n / 2);
		assert_true(dnc_unpack_read_bytes(u) >= before);
		before = dnc_unpack_read_bytes(u);
		assert_true(before <= n);
	} while (part.kind != DNC_UNPACKED_DONE && part.kind != DNC_UNPACKED_FAILED);
	assert_int_equal(part.kind, DNC_UNPACKED_DONE);
	assert_int_equal(before, n);
	dnc_unpack_free(u);
	close(fd);
}

/* The check of the first pass says nothing of what is written after it. */
static void a_file_that_changes_after_its_check_fails(void **state)
{
	size_t n;
	int fd = make_file(&n);
	struct stat found, st;
	struct dnc_error err;
	struct dnc_unpack *u =
		dnc_unpack_new(fd, DNC_PACKING_GZIP, (struct dnc_str){packed, 3}, &no_limit, &err);
	struct dnc_unpacked part = next_part(u);

	(void)state;
	assert_int_equal(part.kind, DNC_UNPACKED_MEMBER);
	/* The same bytes: only the time shows it. Times are those of a tick of the kernel. */
	assert_int_equal(fstat(fd, &found), 0);
	do {
		assert_int_equal(pwrite(fd, packed, 1, 0), 1);
		assert_int_equal(fstat(fd, &st), 0);
	} while (st.st_mtim.tv_sec == found.st_mtim.tv_sec &&
		 st.st_mtim.tv_nsec == found.st_mtim.tv_nsec);
	while (part.kind != DNC_UNPACKED_DONE && part.kind != DNC_UNPACKED_FAILED)
		part = next_part(u);
	assert_int_equal(part.kind, DNC_UNPACKED_FAILED);
	assert_non_null(memmem(part.text.p, part.text.n, "was changed while it was read", 29));
	dnc_unpack_free(u);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_bytes_tell_what_is_packed),
		cmocka_unit_test(everything_that_was_packed_comes_out),
		cmocka_unit_test(what_was_cut_is_never_whole),
		cmocka_unit_test(nothing_wrong_comes_out_of_a_damaged_file),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(members_are_told_apart),
		cmocka_unit_test(what_the_directory_does_not_name_is_told),
		cmocka_unit_test(bytes_around_an_archive_are_told),
		cmocka_unit_test(a_directory_that_is_too_large_is_refused),
		cmocka_unit_test(too_many_members_are_refused),
		cmocka_unit_test(a_name_that_is_too_long_breaks_its_member_alone),
		cmocka_unit_test(what_asks_for_too_much_memory_is_refused),
		cmocka_unit_test(what_no_list_can_be_is_refused_by_its_ratio),
		cmocka_unit_test(progress_counts_both_passes_of_a_file),
		cmocka_unit_test(a_file_that_changes_after_its_check_fails),
		cmocka_unit_test(a_pipe_that_pauses_hands_on_what_it_sent),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
