/* A list of numbers is refused, or has what stands in it and nothing else, by the plainest reading: a list of lines that is
 * searched from its start. */
#include <ctype.h>
#include "file.h"
#include "phone/phone.h"
#include "set/table.h"

enum { LINES_MAX = 256, LINE_BYTES = 4096, DIGITS_MAX = 15 };

static struct {
	char text[DNC_PHONE_MAX + 1]; /* with "+" */
	size_t n;
	bool start;
} entries[LINES_MAX];
static size_t count;

static bool read_start(struct dnc_str text)
{
	if (text.p[0] != '+' || text.n < 3 || text.n > DIGITS_MAX + 2 || text.p[1] == '0')
		return false;
	for (size_t i = 1; i < text.n - 1; i++)
		if (!isdigit((unsigned char)text.p[i]))
			return false;
	memcpy(entries[count].text, text.p, text.n - 1);
	entries[count].n = text.n - 1;
	entries[count++].start = true;
	return true;
}

/* False if LINE is wrong. */
static bool read_line(struct dnc_str line, bool *commented)
{
	const char *comment = memchr(line.p, '#', line.n);

	if (line.n > LINE_BYTES)
		return false;
	if (comment) {
		line.n = (size_t)(comment - line.p);
		*commented = true;
	}
	line = dnc_str_trim(line);
	if (!line.n)
		return true;
	if (line.n > 1 && line.p[line.n - 1] == '*')
		return read_start(line);
	if (dnc_phone_normalize(line, "US", false, entries[count].text, &entries[count].n) !=
		DNC_PHONE_OK)
		return false;
	entries[count++].start = false;
	return true;
}

/* Returns 1, 0 if the list is wrong, -1 if it has too many lines for this. */
static int read_list(struct dnc_str text)
{
	bool commented = false;

	count = 0;
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) + 1 : text.n;

		if (count == LINES_MAX)
			return -1;
		if (!end || !read_line((struct dnc_str){text.p, n}, &commented))
			return 0;
		text.p += n;
		text.n -= n;
	}
	return count || commented;
}

static bool is_listed(const char *number, size_t n)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i].n <= n && (entries[i].start || entries[i].n == n) &&
			memcmp(entries[i].text, number, entries[i].n) == 0)
			return true;
	return false;
}

/* NUMBER, and those beside it, shorter and longer. */
static void ask(const struct dnc_number_table *t, const char *number, size_t n)
{
	char near[DNC_PHONE_MAX + 2];

	memcpy(near, number, n);
	for (size_t i = 1; i < n; i++)
		for (char digit = '0'; digit <= '9'; digit++) {
			near[i] = digit;
			/* Zero starts no number. */
			if ((i > 1 || digit > '0') &&
				dnc_number_table_has(t, (struct dnc_str){near, n}) !=
					is_listed(near, n))
				abort();
			near[i] = number[i];
		}
	for (size_t k = 2; k <= DIGITS_MAX + 1; k++) {
		if (k > n)
			near[k - 1] = '7';
		if (dnc_number_table_has(t, (struct dnc_str){near, k}) != is_listed(near, k))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dnc_error err = {0};
	struct dnc_number_table *t;
	int want;

	if (size >= 8 && memcmp(data, "DNC-SET\n", 8) == 0)
		return 0; /* fuzz_set reads these */
	t = dnc_number_table_load(fuzz_file(data, size), &err);
	want = read_list((struct dnc_str){(const char *)data, size});
	if ((!t && !err.message[0]) || (want >= 0 && want != (t != NULL)))
		abort();
	if (t && want > 0) {
		if (dnc_number_table_count(t) != count)
			abort();
		for (size_t i = 0; i < count; i++)
			ask(t, entries[i].text, entries[i].n);
	}
	dnc_number_table_unref(t);
	return 0;
}
