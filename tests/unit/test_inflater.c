/* Compressed messages, RFC 7692 section 7.2. */
#include "client_frames.h"
#include "web/priv/inflater.h"

enum { MAX = 40 << 10 }; /* more than the window */

static struct inflater *inflater;

#define P(literal) literal, sizeof(literal) - 1

static enum inflated run(const void *p, size_t n, struct dnc_str *out)
{
	unsigned char *copy = malloc(n ? n : 1); /* ends where it ends: the sanitizer looks */
	enum inflated result;

	assert_non_null(copy);
	if (n)
		memcpy(copy, p, n);
	result = inflater_run(inflater, copy, n, out);
	free(copy);
	return result;
}

static void the_examples_of_the_standard_and_others_are_inflated(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
		const char *is; /* NULL: INFLATE_INVALID */
	} cases[] = {
		{"section 7.2.3.1", P("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
		{"section 7.2.3.3, stored", P("\x00\x05\x00\xfa\xffHello\x00"), "Hello"},
		{"section 7.2.3.4, a final block", P("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello"},
		{"section 7.2.3.5, two blocks",
			P("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "Hello"},
		{"section 7.2.3.6, an empty message", P("\x00"), ""},
		{"no bytes", P(""), ""},
		{"a final block and nothing behind it", P("\xf3\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
		{"two final blocks", P("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00"),
			"HelloHello"},
		{"a final block, then another",
			P("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00"),
			"HelloHello"},
		{"a final block, then noise", P("\xf3\x48\xcd\xc9\xc9\x07\x00\xff"), NULL},
		{"a final block, then one that is cut off",
			P("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48"), NULL},
		{"with what a sender removes", P("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"),
			"Hello"},
		{"the same, and noise", P("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\xff"),
			NULL},
		{"a reserved block", P("\x07"), NULL},
		{"a stored block of the wrong length", P("\x00\x05\x00\x00\x00Hello\x00"), NULL},
		{"a distance that is too far", P("\x4b\x04\x12\x00"), NULL},
		{"a zlib header", P("\x78\x9c\xf2\x48\xcd\xc9\xc9\x07\x00"), NULL},
		{"a gzip header", P("\x1f\x8b\x08\0\0\0\0\0\0\3\xf2\x48\xcd\xc9\xc9\x07\0"), NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_str out;
		enum inflated result = run(cases[i].bytes, cases[i].n, &out);

		if (result != (cases[i].is ? INFLATED : INFLATE_INVALID) ||
			!dnc_str_eq(out, dnc_str(cases[i].is)))
			fail_msg("%s: %d, \"%.*s\"", cases[i].name, result, DNC_STR_ARG(out));
	}
}

/* Words, so that matches and literals come in every mixture. */
static void fill(char *text, size_t n, unsigned seed)
{
	static const char *const words[] = {"suppressed ", "released ", "+1303555",
		"\"notes\":", "q7", "a", "provider online ", "{}"};
	size_t at = 0;

	while (at < n) {
		const char *word;

		seed = seed * 1103515245 + 12345;
		word = words[seed >> 16 & 7];
		for (; *word && at < n; word++)
			text[at++] = *word;
	}
}

/* Of one block: nobody can tell whether a message has ended that ends with a block, and the header of a stored one may be
 * what every message ends with. */
static void a_message_that_is_cut_off_is_never_taken_for_a_shorter_one(void **state)
{
	static const enum deflated_end ends[] = {END_STRIPPED, END_KEPT, END_FINAL};
	char text[700];

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		size_t n = 1 + round * 11;
		struct dnc_buf z = {0};
		struct dnc_str out;

		fill(text, n, round);
		add_deflated(
			&z, text, n, 1 + (int)(round % 9), 9 + (int)(round % 7), ends[round % 3]);
		assert_int_equal(run(z.p, z.n, &out), INFLATED);
		assert_true(dnc_str_eq(out, (struct dnc_str){text, n}));
		for (size_t cut = 1; cut < z.n; cut++)
			if (run(z.p, cut, &out) == INFLATED &&
				!dnc_str_eq(out, (struct dnc_str){text, n}))
				fail_msg("round %u, cut at %zu of %zu: %zu of %zu bytes", round,
					cut, z.n, out.n, n);
		dnc_buf_free(&z);
	}
}

static void a_message_knows_nothing_of_the_one_before(void **state)
{
	static const char text[] = "a text that is long enough to be referred to";
	const unsigned n = sizeof text - 1;
	unsigned char second[100];
	struct dnc_buf first = {0}, both = {0};
	struct dnc_str out;
	z_stream z = {0};

	(void)state;
	add_deflated(&first, text, n, 9, 15, END_FINAL);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflateSetDictionary(&z, (const unsigned char *)text, n), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)text;
	z.avail_in = n;
	z.next_out = second;
	z.avail_out = sizeof second;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	dnc_buf_add(&both, first.p, first.n);
	dnc_buf_add(&both, second, sizeof second - z.avail_out);
	/* In one message a block may refer to what stands before a final block; in two it may not. */
	assert_int_equal(run(both.p, both.n, &out), INFLATED);
	assert_int_equal(out.n, 2 * n);
	assert_memory_equal(out.p, text, n);
	assert_memory_equal(out.p + n, text, n);
	assert_int_equal(run(first.p, first.n, &out), INFLATED);
	assert_int_equal(run(second, sizeof second - z.avail_out, &out), INFLATE_INVALID);
	deflateEnd(&z);
	dnc_buf_free(&first);
	dnc_buf_free(&both);
}

static void sizes_around_the_limit_and_the_window(void **state)
{
	static const size_t sizes[] = {1, 32767, 32768, 32769, MAX - 1, MAX, MAX + 1, 4 * MAX};
	static char text[4 * MAX];

	(void)state;
	fill(text, sizeof text, 7);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (int level = 0; level <= 9; level += 3) {
			struct dnc_buf z = {0};
			struct dnc_str out;

			if (sizes[i] > MAX && !level)
				continue; /* more than the test's compressor has room for */
			add_deflated(&z, text, sizes[i], level, 15, END_STRIPPED);
			assert_int_equal(
				run(z.p, z.n, &out), sizes[i] <= MAX ? INFLATED : INFLATE_TOO_BIG);
			assert_int_equal(out.n, sizes[i] <= MAX ? sizes[i] : 0);
			assert_memory_equal(out.p, text, out.n);
			assert_true(z.n <= inflater_bound(sizes[i]));
			dnc_buf_free(&z);
		}
}

/* Each has the window made anew. */
static void final_blocks_are_limited(void **state)
{
	struct dnc_buf z = {0};
	struct dnc_str out;

	(void)state;
	for (int i = 0; i < 64; i++)
		dnc_buf_add(&z, "\x03\x00", 2); /* an empty one */
	assert_int_equal(run(z.p, z.n, &out), INFLATED);
	dnc_buf_add(&z, "\x03\x00", 2);
	assert_int_equal(run(z.p, z.n, &out), INFLATE_INVALID);
	dnc_buf_free(&z);
}

static void nothing_is_left_of_a_message_that_is_wiped(void **state)
{
	static const char zeros[5];
	struct dnc_str out;

	(void)state;
	assert_int_equal(run(P("\xf2\x48\xcd\xc9\xc9\x07\x00"), &out), INFLATED);
	assert_memory_equal(out.p, "Hello", 5);
	inflater_wipe(inflater);
	assert_memory_equal(out.p, zeros, sizeof zeros);
	assert_int_equal(run(P("\xf2\x48\xcd\xc9\xc9\x07\x00"), &out), INFLATED);
	assert_memory_equal(out.p, "Hello", 5);
}

static int make_inflater(void **state)
{
	(void)state;
	inflater = inflater_new(MAX);
	return inflater ? 0 : -1;
}

static int free_inflater(void **state)
{
	(void)state;
	inflater_free(inflater);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_standard_and_others_are_inflated),
		cmocka_unit_test(a_message_that_is_cut_off_is_never_taken_for_a_shorter_one),
		cmocka_unit_test(a_message_knows_nothing_of_the_one_before),
		cmocka_unit_test(sizes_around_the_limit_and_the_window),
		cmocka_unit_test(final_blocks_are_limited),
		cmocka_unit_test(nothing_is_left_of_a_message_that_is_wiped),
	};

	return cmocka_run_group_tests_name("inflater", tests, make_inflater, free_inflater);
}
