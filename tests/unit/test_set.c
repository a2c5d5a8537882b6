/* Sets of numbers in files: what is written is read; damage is found; two sets are compared. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "child.h"
#include "set/set.h"

static char dir[] = "/tmp/dnc-set-XXXXXX", path[64], other[64];
static uint64_t seed = 88172645463325252;

/* xorshift64*. */
static uint64_t random64(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(2685821657736338717);
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/set", dir);
	snprintf(other, sizeof other, "%s/other", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return rmdir(dir);
}

static struct dnc_set_about write_set(const char *to, const uint64_t *numbers, size_t count)
{
	struct dnc_set_about about = {.created_ms = 1234567890123, .list = DNC_STR("a list")};
	struct dnc_error err;
	struct dnc_set_writer *w;

	memset(about.base, 7, sizeof about.base);
	w = dnc_set_create(to, &about, &err);
	assert_non_null(w);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(dnc_set_add(w, numbers[i], &err), 0);
	assert_int_equal(dnc_set_complete(w, &about, &err), 0);
	dnc_set_writer_free(w);
	return about;
}

static void expect_set(const char *from, const uint64_t *numbers, size_t count)
{
	struct dnc_error err;
	struct dnc_set_reader *r = dnc_set_open(from, &err);
	const struct dnc_set_about *about;
	unsigned char sevens[DNC_SET_DIGEST_BYTES];
	uint64_t number;

	assert_non_null(r);
	about = dnc_set_about(r);
	memset(sevens, 7, sizeof sevens);
	assert_int_equal(about->count, count);
	assert_int_equal(about->created_ms, 1234567890123);
	assert_true(dnc_str_eq(about->list, DNC_STR("a list")));
	assert_memory_equal(about->base, sevens, sizeof sevens);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(dnc_set_next(r, &number, &err), 1);
		assert_int_equal(number, numbers[i]);
	}
	assert_int_equal(dnc_set_next(r, &number, &err), 0);
	assert_int_equal(dnc_set_next(r, &number, &err), 0);
	dnc_set_reader_free(r);
}

/* COUNT ascending numbers with gaps of up to SPREAD. */
static uint64_t *ascending(size_t count, uint64_t spread)
{
	uint64_t *numbers = calloc(count + 1, sizeof *numbers), last = 0;

	assert_non_null(numbers);
	for (size_t i = 0; i < count; i++)
		numbers[i] = last += 1 + random64() % spread;
	return numbers;
}

static void what_is_written_is_read(void **state)
{
	static const struct {
		size_t count;
		uint64_t spread;
	} cases[] = {{0, 1}, {1, 1}, {1, 900000000000000}, {2, 128}, {1000, 1}, {70000, 3},
		{200000, 300}, {300000, 3000000000}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint64_t *numbers = ascending(cases[i].count, cases[i].spread);
		struct dnc_set_about about = write_set(path, numbers, cases[i].count);
		struct stat st;

		expect_set(path, numbers, cases[i].count);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(about.bytes, st.st_size);
		assert_int_equal(about.count, cases[i].count);
		assert_int_equal(st.st_mode & 0777, 0600);
		if (cases[i].spread <= 128)
			assert_true(st.st_size <= 512 + (off_t)cases[i].count * 101 / 100);
		free(numbers);
	}
}

static void the_lowest_and_the_highest_are_numbers(void **state)
{
	const uint64_t numbers[] = {1, 2, DNC_SET_NUMBER_MAX - 1, DNC_SET_NUMBER_MAX};

	(void)state;
	write_set(path, numbers, 4);
	expect_set(path, numbers, 4);
}

/* The digest stands for the numbers, whatever else the header says. */
static void equal_sets_have_equal_digests(void **state)
{
	uint64_t *numbers = ascending(100000, 200);
	struct dnc_set_about a = write_set(path, numbers, 100000), b, c;

	(void)state;
	b = write_set(other, numbers, 100000);
	assert_memory_equal(a.digest, b.digest, sizeof a.digest);
	c = write_set(other, numbers, 99999);
	assert_memory_not_equal(a.digest, c.digest, sizeof a.digest);
	free(numbers);
}

static void numbers_out_of_order_are_refused(void **state)
{
	static const uint64_t wrong[][2] = {
		{0, 0}, {5, 5}, {5, 4}, {1, 0}, {1, DNC_SET_NUMBER_MAX + 1}, {1, UINT64_MAX}};
	struct dnc_set_about about = {0};
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct dnc_set_writer *w = dnc_set_create(path, &about, &err);

		assert_non_null(w);
		err.code = 0;
		if (wrong[i][0])
			assert_int_equal(dnc_set_add(w, wrong[i][0], &err), 0);
		assert_int_equal(dnc_set_add(w, wrong[i][1], &err), -1);
		assert_int_equal(err.code, EINVAL);
		dnc_set_writer_free(w);
		assert_int_equal(access(path, F_OK), -1); /* it was not complete */
	}
}

/* Reads all; returns the code of the failure, or 0. */
static int read_all(const char *from, struct dnc_error *err)
{
	struct dnc_set_reader *r = dnc_set_open(from, err);
	uint64_t number, last = 0;
	int rc;

	if (!r)
		return err->code;
	while ((rc = dnc_set_next(r, &number, err)) > 0) {
		assert_true(number > last && number <= DNC_SET_NUMBER_MAX);
		last = number;
	}
	dnc_set_reader_free(r);
	return rc < 0 ? err->code : 0;
}

static void put(const char *to, const unsigned char *p, size_t n)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

static size_t get(const char *from, unsigned char *p, size_t room)
{
	int fd = open(from, O_RDONLY);
	ssize_t n = read(fd, p, room);

	assert_true(n > 0 && (size_t)n < room);
	close(fd);
	return (size_t)n;
}

/* Each byte with one bit changed and with all; each shorter length; bytes that follow. */
static void damage_is_found(void **state)
{
	uint64_t *numbers = ascending(200, 300);
	unsigned char whole[2048], copy[2048];
	struct dnc_error err;
	size_t n;

	(void)state;
	write_set(path, numbers, 200);
	n = get(path, whole, sizeof whole);
	for (size_t i = 0; i < n; i++)
		for (unsigned change = 1; change < 256; change = change == 128 ? 255 : change * 2) {
			memcpy(copy, whole, n);
			copy[i] ^= (unsigned char)change;
			put(other, copy, n);
			assert_int_equal(read_all(other, &err), DNC_SET_DAMAGED);
			assert_non_null(strstr(err.message, "is damaged, or no set of numbers"));
			if (change == 255)
				break;
		}
	for (size_t length = 0; length < n; length++) {
		put(other, whole, length);
		assert_int_equal(read_all(other, &err), DNC_SET_DAMAGED);
	}
	memcpy(copy, whole, n);
	copy[n] = 0;
	put(other, copy, n + 1);
	assert_int_equal(read_all(other, &err), DNC_SET_DAMAGED);
	free(numbers);
}

/* Blocks of another set whose own checksums are right. */
static void blocks_of_another_set_are_found(void **state)
{
	uint64_t *numbers = ascending(200, 100), *others = ascending(200, 100);
	unsigned char a[2048], b[2048];
	struct dnc_error err;
	size_t n, m;

	(void)state;
	write_set(path, numbers, 200);
	write_set(other, others, 200);
	n = get(path, a, sizeof a);
	m = get(other, b, sizeof b);
	assert_int_equal(n, m);
	memcpy(b, a, 136 + 6); /* the header: 136 bytes and the list's text */
	put(other, b, m);
	assert_int_equal(read_all(other, &err), DNC_SET_DAMAGED);
	assert_non_null(strstr(err.message, "the checksum of its blocks"));
	free(numbers);
	free(others);
}

static void what_is_no_set_is_refused(void **state)
{
	static const char *const texts[] = {"", "14155550123\n", "DNC-SET\n"};
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		put(other, (const unsigned char *)texts[i], strlen(texts[i]));
		assert_int_equal(read_all(other, &err), DNC_SET_DAMAGED);
	}
	unlink(other);
	assert_int_equal(read_all(other, &err), ENOENT);
	assert_int_equal(read_all(dir, &err), EISDIR);
	assert_int_equal(read_all("/dev/zero", &err), EINVAL);
}

/* A limit on the size of files stands for a disk without space. */
static void limited(void *ctx)
{
	const rlim_t *bytes = ctx;
	struct dnc_set_about about = {0};
	struct dnc_error err;
	struct dnc_set_writer *w = dnc_set_create(path, &about, &err);
	int rc = 0;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){*bytes, *bytes}) < 0)
		_exit(2);
	for (uint64_t i = 1; i < 1000000 && rc == 0; i++)
		rc = dnc_set_add(w, i, &err);
	if (rc == 0)
		rc = dnc_set_complete(w, &about, &err);
	printf("%d %s\n", rc, err.message);
	dnc_set_writer_free(w);
	exit(access(path, F_OK) == 0);
}

static void a_full_disk_leaves_no_file(void **state)
{
	rlim_t limits[] = {0, 100, 140, 300000, 999999};
	struct child c;

	(void)state;
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		child_run(&c, limited, &limits[i]);
		child_expect(&c, 0, "-1 unable to write /tmp/dnc-set-");
	}
}

struct model {
	const uint64_t *numbers;
	size_t count, at;
};

static int next_of_model(void *ctx, uint64_t *number, struct dnc_error *err)
{
	struct model *m = ctx;

	(void)err;
	if (m->at == m->count)
		return 0;
	*number = m->numbers[m->at++];
	return 1;
}

/* Random subsets of 1 .. UNIVERSE as bit maps are the model. */
static void sets_are_compared_as_a_model_does(void **state)
{
	enum { UNIVERSE = 40, RUNS = 5000 };

	(void)state;
	for (unsigned run = 0; run < RUNS; run++) {
		uint64_t a = random64() & (run % 5 ? random64() : 0),
			 b = run % 7 ? a ^ (random64() & random64() & random64()) : random64();
		uint64_t in_a[UNIVERSE], in_b[UNIVERSE], number;
		struct model old = {in_a, 0, 0}, fresh = {in_b, 0, 0};
		struct dnc_set_walk walk = {
			{next_of_model, &old}, {next_of_model, &fresh}, 0, 0, false};
		enum dnc_set_place place;
		struct dnc_error err;

		for (uint64_t i = 0; i < UNIVERSE; i++) {
			if (a >> i & 1)
				in_a[old.count++] = i + 1;
			if (b >> i & 1)
				in_b[fresh.count++] = i + 1;
		}
		for (uint64_t i = 0; i < UNIVERSE; i++) {
			bool was = a >> i & 1, is = b >> i & 1;

			if (!was && !is)
				continue;
			assert_int_equal(dnc_set_walk(&walk, &number, &place, &err), 1);
			assert_int_equal(number, i + 1);
			assert_int_equal(place, was && is ? DNC_SET_KEPT
						: was     ? DNC_SET_REMOVED
							  : DNC_SET_ADDED);
		}
		assert_int_equal(dnc_set_walk(&walk, &number, &place, &err), 0);
		assert_int_equal(dnc_set_walk(&walk, &number, &place, &err), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_lowest_and_the_highest_are_numbers),
		cmocka_unit_test(equal_sets_have_equal_digests),
		cmocka_unit_test(numbers_out_of_order_are_refused),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(blocks_of_another_set_are_found),
		cmocka_unit_test(what_is_no_set_is_refused),
		cmocka_unit_test(a_full_disk_leaves_no_file),
		cmocka_unit_test(sets_are_compared_as_a_model_does),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
