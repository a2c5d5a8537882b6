/* Valid files of each format with a few bytes changed, removed, added or doubled: no crash, and each number that comes out
 * stands in the record that it came from, with no digit beside it. */
#include "unit.h"
#include <ctype.h>
#include "base/lines.h"
#include "event/event.h"
#include "source/source.h"

enum { MUTATIONS = 10000, MOST_CHANGES = 4 };

static const struct {
	const char *format, *text;
} seeds[] = {
	{"numbers", "# list\n(303) 555-0143\n+1 303 555 0144 # home\n303.555.0145\n13035550146\n"},
	{"csv", "Name,Phone,Notes\n\"Doe, J\",(303) 555-0143,\"a \"\"b\"\"\nc\"\nRoe,3035550144,x\n,303-555-0145,\n"},
	{"csv", "name;phone\na;13035550143\nb;=\"3035550144\"\nc;'3035550145\nd;3035550146.0\n"},
	{"tsv", "Phone\tNotes\n303-555-0143\ta\n3035550144\t\"b\n"},
	{"ftc-full", "303,5550143\n3035550144\n303,5550145\n"},
	{"ftc-change", "3035550143,2026-08-29T08:00:00,A\n3035550144,2026-08-29T09:00:00,D\n"},
	{"ftc-reported",
		"Company_Phone_Number,Created_Date,Subject\n3035550143,2026-08-29 00:02:11,\"a, b\"\n"
		"3035550144,2026-08-29 00:02:11,Other\n"},
	{"ftc-xml",
		"<list type='full'><ac val='303'>\n<ph val='5550143'/><ph val='5550144'/>\n</ac><ac val='720'>"
		"<ph val='7205550145'/></ac></list>\n"},
	{"ftc-xml",
		"<list type='change'><ac val='303'>\n<ph val='5550143' date='2026-08-29T08:00:00' type='A'/>\n"
		"</ac></list>\n"},
	{"auto", "phone,city\n3035550143,Denver\n303-555-0144,Reno\n"},
};

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

static void mutate(struct dnc_buf *b)
{
	static const char bytes[] = "0123456789,;\"'<>/= \t\n.+-#Ex\xC3";
	uint32_t changes = 1 + random_below(MOST_CHANGES);

	for (uint32_t i = 0; i < changes && b->n > 1; i++) {
		size_t at = random_below((uint32_t)b->n), rest = b->n - at;
		char c = random_below(4) ? bytes[random_below(sizeof bytes - 1)]
		                         : (char)random_below(256);

		switch (random_below(3)) {
		case 0:
			b->p[at] = c;
			break;
		case 1:
			memmove(b->p + at, b->p + at + 1, rest - 1);
			b->n--;
			break;
		default:
			dnc_buf_chr(b, 0);
			memmove(b->p + at + 1, b->p + at, rest);
			b->p[at] = c;
		}
	}
}

static bool is_digit(char c)
{
	return isdigit((unsigned char)c) != 0;
}

/* True if TEXT has the DIGITS in a row, with nothing but punctuation and blanks between them, and no digit beside them but
 * a country code 1. */
static bool stands_in(struct dnc_str text, struct dnc_str digits)
{
	for (size_t at = 0; at < text.n; at++) {
		size_t i = at, n = 0;

		for (; i < text.n && n < digits.n; i++) {
			if (text.p[i] == digits.p[n])
				n++;
			else if (isalnum((unsigned char)text.p[i]) || n == 0)
				break;
		}
		if (n < digits.n || (i < text.n && is_digit(text.p[i])))
			continue;
		if (at > 0 && text.p[at - 1] == '1')
			at--;
		/* Of an international number the trunk prefix 1 is removed, too. */
		if (at > 1 && text.p[at - 1] == '1' && text.p[at - 2] == '+')
			at--;
		if (at == 0 || !is_digit(text.p[at - 1]))
			return true;
		at = i - 1;
	}
	return false;
}

static void check_number(
	const char *format, struct dnc_str whole, struct dnc_str raw, struct dnc_str e164)
{
	struct dnc_str national = {e164.p + 2, e164.n - 2};
	struct dnc_str local = {e164.p + 5, e164.n - 5};

	if (!e164.n)
		return;
	if (e164.n == 12 && stands_in(raw, national))
		return;
	/* A document has the area code elsewhere, and RAW is the last line of a tag over several lines. */
	if (strcmp(format, "ftc-xml") == 0 && stands_in(whole, national))
		return;
	if (strcmp(format, "ftc-xml") == 0 && stands_in(whole, local) &&
		memmem(whole.p, whole.n, national.p, 3))
		return;
	/* A change made a country code of it. Trunk prefixes are dropped after it, as libphonenumber does. */
	if (e164.p[1] != '1' && (memchr(raw.p, '+', raw.n) || memmem(raw.p, raw.n, "011", 3)))
		return;
	fail_msg("%s: %.*s comes from: %.*s", format, DNC_STR_ARG(e164), DNC_STR_ARG(raw));
}

/* Returns the number of events. */
static uint32_t read_records(struct dnc_source *s, struct dnc_event_reader *reader,
	const char *format, struct dnc_str whole)
{
	enum dnc_source_result rc;
	struct dnc_record r;
	struct dnc_error err;
	struct dnc_event event;
	uint32_t events = 0;

	while ((rc = dnc_source_next(s, &r, &err)) > DNC_SOURCE_MORE) {
		int bad = -1;

		if (rc == DNC_SOURCE_RECORD)
			bad = dnc_record_event(reader, &r, &event, &err);
		if (bad < 0)
			continue;
		check_number(format, whole, r.raw, event.phone_number);
		events++;
	}
	assert_int_not_equal(rc, DNC_SOURCE_FAILED);
	return events;
}

static uint32_t read_text(struct dnc_event_reader *reader, const char *format, struct dnc_str text)
{
	const struct dnc_source_options options = {
		.format = format, .region = "US", .max_record = 4096, .reason = "complaint"};
	struct dnc_error err;
	struct dnc_source *s = dnc_source_new(&options, &err);
	struct dnc_lines lines;
	struct dnc_line line;
	uint32_t events = 0;
	size_t room;

	assert_non_null(s);
	assert_int_equal(dnc_lines_init(&lines, options.max_record, 4096), 0);
	memcpy(dnc_lines_space(&lines, &room), text.p, text.n);
	dnc_lines_filled(&lines, text.n);
	dnc_lines_end(&lines);
	while (dnc_lines_next(&lines, &line)) {
		dnc_source_feed(s, &line);
		events += read_records(s, reader, format, text);
	}
	dnc_source_end(s);
	events += read_records(s, reader, format, text);
	dnc_source_free(s);
	dnc_lines_finish(&lines);
	return events;
}

static void no_mutation_makes_a_wrong_number(void **state)
{
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});

	(void)state;
	for (size_t k = 0; k < sizeof seeds / sizeof seeds[0]; k++) {
		uint32_t events = 0;

		random_state = (uint32_t)k;
		for (int i = 0; i < MUTATIONS; i++) {
			struct dnc_buf text = {0};

			dnc_buf_str(&text, dnc_str(seeds[k].text));
			mutate(&text);
			events += read_text(reader, seeds[k].format, dnc_buf_view(&text));
			dnc_buf_free(&text);
		}
		/* Many changes leave records as they are. */
		assert_true(events > MUTATIONS / 20);
	}
	dnc_event_reader_free(reader);
}

/* The check itself finds numbers with a digit too few, too many, or another one. */
static void the_check_can_fail(void **state)
{
	(void)state;
	assert_true(stands_in(DNC_STR("+1 (303) 555-0143 x"), DNC_STR("3035550143")));
	assert_true(stands_in(DNC_STR("13035550143,a"), DNC_STR("3035550143")));
	assert_false(stands_in(DNC_STR("30355501439"), DNC_STR("3035550143")));
	assert_false(stands_in(DNC_STR("93035550143"), DNC_STR("3035550143")));
	assert_false(stands_in(DNC_STR("913035550143"), DNC_STR("3035550143")));
	assert_false(stands_in(DNC_STR("303555014"), DNC_STR("3035550143")));
	assert_false(stands_in(DNC_STR("303x5550143"), DNC_STR("3035550143")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_check_can_fail),
		cmocka_unit_test(no_mutation_makes_a_wrong_number)};

	return cmocka_run_group_tests_name("mutations", tests, NULL, NULL);
}
