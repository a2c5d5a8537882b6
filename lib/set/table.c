#include "table.h"
#include <ctype.h>
#include <errno.h>
#include <roaring/roaring.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/array.h"
#include "base/file.h"
#include "phone/phone.h"
#include "priv/flat.h"
#include "set.h"

enum {
	DIGITS_MAX = 15,
	LINE_MAX_BYTES = 4096,
	BLOCK = 65536,
	BATCH = 1 << 20, /* numbers that are sorted before they are added: 12 MB */
};

/* While a file is read, whose numbers come in any order. Values beyond 32 bits: a bitmap for each value of the upper bits that
 * occurs, in order. */
struct plane {
	uint32_t high;
	roaring_bitmap_t *low;
};

struct planes {
	struct plane *plane;
	size_t count, room;
};

/* Numbers in the order of the file. Sorted, they meet each bitmap's memory once for many of them: a list in no order is
 * loaded four times as fast. */
struct batch {
	uint64_t *value;
	uint32_t *low;
	size_t count;
};

struct dnc_number_table {
	struct flat numbers;
	struct flat starts[DIGITS_MAX + 1]; /* by their number of digits */
	/* Numbers, and starts by their number of digits, while they are read. */
	struct planes read[DIGITS_MAX + 1];
	struct batch batch;
	bool commented;   /* text with a comment */
	unsigned lengths; /* a bit for each length of starts */
	uint64_t count;
	struct stat file; /* when it was opened */
	unsigned refs;
};

/* The index of the first plane that is not below HIGH. */
static size_t find(const struct planes *p, uint32_t high)
{
	size_t from = 0, to = p->count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (p->plane[middle].high < high)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The bitmap of values with these upper bits. NULL when there is no memory. (CRoaring itself ends the process then, as it
 * checks no allocation of its own.) */
static roaring_bitmap_t *bitmap(struct planes *p, uint32_t high)
{
	size_t at = find(p, high);

	if (at == p->count || p->plane[at].high != high) {
		roaring_bitmap_t *low;

		if (!dnc_array_grow(&p->plane, &p->room, p->count + 1) ||
			!(low = roaring_bitmap_create()))
			return NULL;
		memmove(p->plane + at + 1, p->plane + at, (p->count - at) * sizeof *p->plane);
		p->plane[at] = (struct plane){high, low};
		p->count++;
	}
	return p->plane[at].low;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Adds the numbers that wait. False without memory. */
static bool add_batch(struct planes *p, struct batch *b)
{
	size_t n;

	qsort(b->value, b->count, sizeof *b->value, compare);
	for (size_t i = 0; i < b->count; i += n) {
		uint32_t high = (uint32_t)(b->value[i] >> 32);
		roaring_bitmap_t *to = bitmap(p, high);

		if (!to)
			return false;
		for (n = 0; i + n < b->count && b->value[i + n] >> 32 == high; n++)
			b->low[n] = (uint32_t)b->value[i + n];
		roaring_bitmap_add_many(to, n, b->low);
	}
	b->count = 0;
	return true;
}

static void finish_batch(struct batch *b)
{
	free(b->value);
	free(b->low);
	*b = (struct batch){0};
}

static uint64_t value_of(struct dnc_str digits)
{
	uint64_t v = 0;

	for (size_t i = 0; i < digits.n; i++)
		v = v * 10 + (uint64_t)(digits.p[i] - '0');
	return v;
}

bool dnc_number_table_has(const struct dnc_number_table *t, struct dnc_str e164)
{
	static const uint64_t tens[DIGITS_MAX] = {1, 10, 100, 1000, 10000, 100000, 1000000,
		10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
		10000000000000, 100000000000000};
	uint64_t v = 0;

	if (e164.n < 2 || e164.n > DIGITS_MAX + 1 || e164.p[0] != '+')
		return false;
	for (size_t i = 1; i < e164.n; i++) {
		unsigned digit = (unsigned)(unsigned char)e164.p[i] - '0';

		if (digit > 9)
			return false;
		v = v * 10 + digit;
	}
	for (unsigned lengths = t->lengths; lengths; lengths &= lengths - 1) {
		size_t n = (size_t)__builtin_ctz(lengths);

		if (n < e164.n && flat_has(&t->starts[n], v / tens[e164.n - 1 - n]))
			return true;
	}
	return flat_has(&t->numbers, v);
}

uint64_t dnc_number_table_count(const struct dnc_number_table *t)
{
	return t->count;
}

uint64_t dnc_number_table_bytes(const struct dnc_number_table *t)
{
	uint64_t bytes = sizeof *t + flat_bytes(&t->numbers);

	for (size_t n = 0; n <= DIGITS_MAX; n++)
		bytes += flat_bytes(&t->starts[n]);
	return bytes;
}

static void finish(struct planes *p)
{
	for (size_t i = 0; i < p->count; i++)
		roaring_bitmap_free(p->plane[i].low);
	free(p->plane);
	*p = (struct planes){0};
}

/* Moves what was read of one bitmap to TO. False without memory. */
static bool move(struct flat *to, const struct plane *plane, uint16_t lower[BLOCK])
{
	roaring_uint32_iterator_t it;
	bool ok = true;

	roaring_init_iterator(plane->low, &it);
	while (ok && it.has_value) {
		uint32_t upper = it.current_value >> 16;
		size_t n = 0;

		for (; it.has_value && it.current_value >> 16 == upper;
			roaring_advance_uint32_iterator(&it))
			lower[n++] = (uint16_t)it.current_value;
		ok = flat_add(to, (uint64_t)plane->high << 16 | upper, lower, n);
	}
	return ok;
}

/* Lays out what was read. */
static int settle(struct dnc_number_table *t, struct dnc_error *err)
{
	uint16_t *lower = malloc(BLOCK * sizeof *lower);
	bool ok = lower && add_batch(&t->read[0], &t->batch);

	finish_batch(&t->batch);

	for (size_t n = 0; n <= DIGITS_MAX; n++) {
		struct flat *to = n ? &t->starts[n] : &t->numbers;

		for (size_t i = 0; ok && i < t->read[n].count; i++)
			ok = move(to, &t->read[n].plane[i], lower);
		t->lengths |= (unsigned)(n && t->read[n].count) << n;
		finish(&t->read[n]);
		flat_trim(to);
	}
	free(lower);
	return ok ? 0 : dnc_error_nomem(err);
}

bool dnc_number_table_is(const struct dnc_number_table *t, const char *path)
{
	struct stat now;

	return stat(path, &now) == 0 && dnc_file_is_same(&t->file, &now);
}

struct dnc_number_table *dnc_number_table_ref(struct dnc_number_table *t)
{
	t->refs++;
	return t;
}

void dnc_number_table_unref(struct dnc_number_table *t)
{
	if (!t || --t->refs)
		return;
	flat_finish(&t->numbers);
	finish_batch(&t->batch);
	for (size_t n = 0; n <= DIGITS_MAX; n++) {
		flat_finish(&t->starts[n]);
		finish(&t->read[n]);
	}
	free(t);
}

static int add_number(struct dnc_number_table *t, uint64_t v, struct dnc_error *err)
{
	struct batch *b = &t->batch;

	if (b->count == BATCH && !add_batch(&t->read[0], b))
		return dnc_error_nomem(err);
	b->value[b->count++] = v;
	t->count++;
	return 0;
}

/* "+1900*". */
static int add_start(struct dnc_number_table *t, struct dnc_str text, struct dnc_error *err)
{
	struct dnc_str digits = {text.p + 1, text.n - 2};
	roaring_bitmap_t *to;

	if (text.p[0] != '+' || !digits.n || digits.n > DIGITS_MAX)
		return dnc_error_set(err, EINVAL,
			"a start must be \"+\", 1 to 15 digits and \"*\", such as +1900*");
	for (size_t i = 0; i < digits.n; i++)
		if (!isdigit((unsigned char)digits.p[i]))
			return dnc_error_set(err, EINVAL,
				"a start must be \"+\", digits alone and \"*\", such as +1900*");
	if (digits.p[0] == '0')
		return dnc_error_set(err, EINVAL, "no country code starts with 0");
	to = bitmap(&t->read[digits.n], (uint32_t)(value_of(digits) >> 32));
	if (!to)
		return dnc_error_nomem(err);
	roaring_bitmap_add(to, (uint32_t)value_of(digits));
	t->count++;
	return 0;
}

static int add_line(struct dnc_number_table *t, struct dnc_str line, struct dnc_error *err)
{
	const char *comment = memchr(line.p, '#', line.n);
	struct dnc_str text = dnc_str_trim(
		(struct dnc_str){line.p, comment ? (size_t)(comment - line.p) : line.n});
	enum dnc_phone_verdict verdict;
	char number[DNC_PHONE_MAX];
	size_t n;

	t->commented |= comment != NULL;
	if (!text.n)
		return 0;
	if (text.n > 1 && text.p[text.n - 1] == '*')
		return add_start(t, text, err);
	verdict = dnc_phone_normalize(text, "US", false, number, &n);
	if (verdict != DNC_PHONE_OK)
		return dnc_error_set(err, EINVAL, "%s", dnc_phone_reason(verdict));
	return add_number(t, value_of((struct dnc_str){number + 1, n - 1}), err);
}

static int read_text(struct dnc_number_table *t, const char *path, FILE *f, struct dnc_error *err)
{
	unsigned long long number = 0;
	struct dnc_error why;
	char *line = NULL;
	size_t size = 0;
	off_t left = t->file.st_size;
	ssize_t n;
	int rc = 0;

	/* What was appended meanwhile is refused later; there may be no end of it. */
	while (rc == 0 && left > 0 && (n = getline(&line, &size, f)) >= 0) {
		number++;
		left -= n;
		if (n > LINE_MAX_BYTES)
			rc = dnc_error_set(
				&why, EINVAL, "the line is longer than %d bytes", LINE_MAX_BYTES);
		else if (line[n - 1] != '\n' && !ferror(f))
			rc = dnc_error_set(&why, EINVAL,
				"the last line does not end with a line feed: the list may have been "
				"cut; complete it, with a line feed at its end");
		else
			rc = add_line(t, (struct dnc_str){line, (size_t)n}, &why);
		if (rc < 0 && why.code == DNC_ERROR_NO_MEMORY)
			dnc_error_nomem(err);
		else if (rc < 0)
			dnc_error_set(err, why.code, "%s:%llu: %s", path, number, why.message);
	}
	free(line);
	if (rc == 0 && ferror(f))
		rc = dnc_error_set(err, errno, "unable to read %s: %s", path, strerror(errno));
	if (rc == 0 && !t->count && !t->commented)
		rc = dnc_error_set(err, EINVAL,
			"%s has no numbers: if that is right, write a line into it that starts with "
			"\"#\"",
			path);
	return rc;
}

static int read_set(struct dnc_number_table *t, const char *path, struct dnc_error *err)
{
	struct dnc_set_reader *reader = dnc_set_open(path, err);
	uint64_t v;
	int rc = reader ? 1 : -1;

	while (rc > 0 && (rc = dnc_set_next(reader, &v, err)) > 0)
		if (add_number(t, v, err) < 0)
			rc = -1;
	dnc_set_reader_free(reader);
	return rc;
}

static bool is_set(FILE *f)
{
	char magic[8];
	bool set = fread(magic, 1, sizeof magic, f) == sizeof magic &&
	           memcmp(magic, "DNC-SET\n", sizeof magic) == 0;

	rewind(f);
	return set;
}

struct dnc_number_table *dnc_number_table_load(const char *path, struct dnc_error *err)
{
	struct dnc_number_table *t;
	struct dnc_error why;
	FILE *f;
	int rc;

	/* What a pipe had would be an empty list the next time. */
	if (dnc_file_check_again(path, err) < 0 || !(f = dnc_file_open_stream(path, err)))
		return NULL;
	t = calloc(1, sizeof *t);
	if (t) {
		t->refs = 1;
		t->batch.value = malloc(BATCH * sizeof *t->batch.value);
		t->batch.low = malloc(BATCH * sizeof *t->batch.low);
	}
	if (!t || !t->batch.value || !t->batch.low)
		rc = dnc_error_nomem(err);
	else if (fstat(fileno(f), &t->file) < 0)
		rc = dnc_error_set(err, errno, "unable to read %s: %s", path, strerror(errno));
	else
		rc = is_set(f) ? read_set(t, path, err) : read_text(t, path, f, err);
	/* Also where the list is wrong: it may be so only because half of it was read. */
	if (t && dnc_file_check_unchanged(fileno(f), &t->file, path, &why) < 0) {
		*err = why;
		rc = -1;
	}
	fclose(f);
	if (rc == 0)
		rc = settle(t, err);
	if (rc == 0)
		return t;
	dnc_number_table_unref(t);
	return NULL;
}
