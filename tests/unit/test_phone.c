#include "unit.h"
#include <stdio.h>
#include <unistd.h>
#include "phone/phone.h"
#include "phone/region_names.h"
#include "phone/priv/digits.h"

static void numbers_become_e164_or_say_why(void **state)
{
	static const struct {
		const char *in, *out;
		enum dnc_phone_verdict verdict;
	} cases[] = {
		{"+15551234567", "+15551234567", DNC_PHONE_OK},
		{"(303) 502-5113", "+13035025113", DNC_PHONE_OK},
		{"1-303-502-5113", "+13035025113", DNC_PHONE_OK},
		{"+44 20 7946 0018", "+442079460018", DNC_PHONE_OK},
		{"", NULL, DNC_PHONE_EMPTY},
		{"+31009092972", "+319092972", DNC_PHONE_OK},
		{"2370290", NULL, DNC_PHONE_LOCAL},
		{"hello", NULL, DNC_PHONE_NOT_A_NUMBER},
		{"1234567890123456", NULL, DNC_PHONE_TOO_LONG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[DNC_PHONE_MAX];
		size_t n;
		enum dnc_phone_verdict v =
			dnc_phone_normalize(dnc_str(cases[i].in), "US", false, out, &n);

		if (v != cases[i].verdict)
			fail_msg("%s: verdict %d (%s)", cases[i].in, v, dnc_phone_reason(v));
		if (cases[i].out)
			assert_string_equal(out, cases[i].out);
	}
}

/* What is one number, and what libphonenumber would make one of. */
static void a_text_is_one_number_and_nothing_else(void **state)
{
	static const struct {
		const char *region, *in, *out; /* out is NULL when it is none */
	} cases[] = {
		/* What people write. */
		{"US", "113035550146", NULL}, /* 011 without its zero, of a number abroad? */
		{"US", "1 1 303 555 0146", NULL},
		{"CA", "113035550146", NULL},
		{"US", "111522367975", NULL},
		{"US", "1113035550146", NULL},
		{"US", "1303555014", NULL}, /* a digit is missing */
		{"US", "0303555014", NULL},
		{"US", "1732608000", NULL}, /* seconds since 1970 */
		{"US", "+11303555014", NULL},
		{"US", "+10303555014", NULL},
		{"US", "2026-11-26 10", NULL},
		{"US", "1926-11-26T1012", NULL},
		{"DE", "192.168.100.200", NULL}, /* addresses */
		{"US", "192.168.100.20", NULL},
		{"ES", "10.100.20.30", NULL},
		{"PL", "10.100.20.30", NULL},
		{"ES", "91.123.45.67", "+34911234567"}, /* numbers that look like addresses */
		{"PL", "22.123.45.67", "+48221234567"},
		{"CH", "44.201.23.45", "+41442012345"},
		{"PT", "91.234.56.78", "+351912345678"},
		{"DE", "00000000000", NULL},
		{"DK", "32.12.34.56", "+4532123456"},
		{"US", "01113035550146", "+13035550146"},
		{"GB", "0013035550146", "+13035550146"},
		{"US", "01144 20 7946 0018", "+442079460018"},
		{"US", " 202 555 0143 ", "+12025550143"},
		{"US", "202.555.0143", "+12025550143"},
		{"US", "202.5550143", "+12025550143"},
		{"US", "202/555-0143", "+12025550143"},
		{"US", "1 (202) 555 - 0143", "+12025550143"},
		{"US", "[202] 555-0143", "+12025550143"},
		{"US", "(+1) 202-555-0143", "+12025550143"},
		{"US", "2.025.550.143", "+12025550143"},
		{"US", "+1\u00a0202\u2009555\u20110143", "+12025550143"},
		{"US", "\u202a+1 202 555 0143\u202c", "+12025550143"},
		{"US", "\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff13",
			"+12025550143"},
		{"US", "\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0664\u0663",
			"+12025550143"},
		{"US", "011 44 20 7946 0018", "+442079460018"},
		{"US", "011 44 (20) 7946 0018", "+442079460018"},
		{"GB", "00 1 (202) 555-0143", "+12025550143"},
		{"DE", "+49 (0)30 123456", "+4930123456"},
		{"DE", "(030) 123456-0", "+49301234560"},
		{"DE", "030 / 123456", "+4930123456"},
		{"DE", "+49 33433/12345", "+493343312345"},
		{"DE", "+49.30.123456", "+4930123456"},
		{"FR", "01.23.45.67.89", "+33123456789"},
		{"US", "tel:+1-202-555-0143", "+12025550143"},
		{"US", "TEL:+12025550143;ext=7", "+12025550143"},
		{"US", "tel:5550143;phone-context=+1-202", "+12025550143"},
		{"US", "tel:202-555-0143;phone-context=example.com", "+12025550143"},
		{"US", "202-555-0143 ext 7", "+12025550143"},
		{"US", "202-555-0143 ext. 7", "+12025550143"},
		{"US", "202-555-0143 Ext: 123456", "+12025550143"},
		{"US", "202-555-0143x7", "+12025550143"},
		{"US", "202-555-0143 X 7 ", "+12025550143"},
		{"US", "202-555-0143 #7", "+12025550143"},
		{"US", "202-555-0143 - extension 7", "+12025550143"},
		{"US", "202-555-0143;ext=7", "+12025550143"},
		/* Two numbers. */
		{"US", "2025550143;9165550186", NULL},
		{"US", "2025550143,,9165550186", NULL},
		{"US", "2025550143,9165550186", NULL},
		{"US", "2025550143 / 9165550186", NULL},
		{"US", "2025550143 or 9165550186", NULL},
		{"US", "2025550143 9165550186", NULL},
		{"US", "2025550143x9165550186", NULL},
		{"US", "2025550143 ext 9165550186", NULL},
		{"US", "202-555-0143/0144", NULL},
		{"US", "+12025550143+19165550186", NULL},
		{"DE", "030 123456 / 654321", NULL},
		{"DE", "030 12345 (030 12346)", NULL},
		{"DE", "030 12345 030 12346", NULL},
		{"DE", "+49 30 123456 +49 30 654321", NULL},
		/* Letters and placeholders. */
		{"US", "202-555-XXXX", NULL},
		{"US", "202-555-NONE", NULL},
		{"US", "202-555-0143x", NULL},
		{"US", "202-555-0143 ext", NULL},
		{"US", "202-555-0143#", NULL},
		{"US", "202-555-0143;ext=", NULL},
		{"US", "202-555-0143;isub=7", NULL},
		{"US", "202-555-0143;phone-context=+1", NULL},
		{"US", "tel:+12025550143;phone-context=+1", NULL},
		{"US", "tel:2025550143;phone-context=", NULL},
		{"US", "tel:", NULL},
		{"US", "x2025550143", NULL},
		{"US", "~2025550143", NULL},
		{"US", "*67 2025550143", NULL},
		{"US", "p2025550143", NULL},
		{"US", "1-800-FLOWERS", NULL},
		{"US", "2025550143 (home)", NULL},
		{"US", "call 2025550143", NULL},
		{"US", "=\"12025550143\"", NULL},
		{"US", "'2025550143", NULL},
		{"US", "-2025550143", NULL},
		{"US", "202-555-0143-", NULL},
		{"US",
			"202555\xff"
			"0143",
			NULL},
		{"US", "call me", NULL},
		{"US", "#N/A", NULL},
		{"US", "NULL", NULL},
		{"US", "0", NULL},
		{"US", "-", NULL},
		{"US", "+", NULL},
		{"US", "()", NULL},
		{"US", " ", NULL},
		{"DE", "+49 30 123456 fax", NULL},
		/* Fractions. */
		{"US", "2025550143.0", NULL},
		{"US", "12125041408.00", NULL},
		{"US", "1.2125041408E+10", NULL},
		{"DE", "+4930123456.0", NULL},
		{"DE", "030123456.0", NULL},
		{"DE", "030123456.00", NULL},
		{"DE", "30123456.125", NULL},
		{"DE", "12345.00", NULL},
		{"DE", "3.0123456E+07", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[DNC_PHONE_MAX] = "";
		size_t n;
		enum dnc_phone_verdict v =
			dnc_phone_normalize(dnc_str(cases[i].in), cases[i].region, false, out, &n);

		if ((v == DNC_PHONE_OK) != (cases[i].out != NULL) ||
			(cases[i].out && strcmp(out, cases[i].out) != 0))
			fail_msg("%s in %s: %s (%s)", cases[i].in, cases[i].region, out,
				dnc_phone_reason(v));
	}
}

/* Numbers of every length and of all shapes that the short cut looks at, from a fixed seed. */
static void the_short_cut_agrees_with_the_library(void **state)
{
	static const char *const heads[] = {"+1", "", "1", "+", "+44", "+1 ", "001", "+1("};
	uint64_t seed = 20200216;
	int count = getenv("FULL") ? 100000 : 30000;

	(void)state;
	for (int i = 0; i < count; i++) {
		char text[40] = "", fast[DNC_PHONE_MAX] = "", slow[DNC_PHONE_MAX] = "";
		size_t nf = 0, ns = 0, digits;
		enum dnc_phone_verdict f, s;
		bool strict;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		strcat(text, heads[seed >> 40 & 7 & (i % 3 ? 1u : 7u)]);
		digits = seed >> 50 & 1 ? 10 : 1 + (seed >> 52) % 16;
		for (size_t d = 0; d < digits; d++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			text[strlen(text)] = (char)('0' + (seed >> 60) % 10);
		}
		strict = seed >> 20 & 1;
		f = dnc_phone_normalize(dnc_str(text), "US", strict, fast, &nf);
		s = dnc_phone_normalize_slow(dnc_str(text), "US", strict, slow, &ns);
		if (f != s || (f == DNC_PHONE_OK && strcmp(fast, slow) != 0))
			fail_msg("%s: %d %s, by the library %d %s", text, f, fast, s, slow);
	}
}

/* The same number in the ways in which people write it. */
static void notations_agree_with_the_library(void **state)
{
	static const char *const notations[] = {"(%03u) %03u-%04u", "%03u-%03u-%04u",
		"%03u.%03u.%04u", "%03u %03u %04u", "1-%03u-%03u-%04u", "1 (%03u) %03u-%04u",
		"+1 %03u %03u %04u", "+1 (%03u) %03u.%04u", "%03u/%03u-%04u", "[%03u] %03u %04u",
		"(%03u)%03u-%04u", "+1 (%03u) %03u-%04u", "+1 %03u-%03u-%04u", "+1-%03u-%03u-%04u",
		"+1.%03u.%03u.%04u", "1.%03u.%03u.%04u", "1 %03u %03u %04u"};
	enum { NOTATIONS = sizeof notations / sizeof notations[0] };
	uint64_t seed = 7;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		char text[40], fast[DNC_PHONE_MAX] = "", slow[DNC_PHONE_MAX] = "";
		enum dnc_phone_verdict f, s;
		size_t nf, ns;
		const char *region = i % 3 ? "US" : "GB";
		bool strict = i % 4 == 0;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		snprintf(text, sizeof text, notations[i % NOTATIONS], (unsigned)(seed >> 54) % 1000,
			(unsigned)(seed >> 44 & 1023) % 1000,
			(unsigned)(seed >> 20 & 16383) % 10000);
		f = dnc_phone_normalize(dnc_str(text), region, strict, fast, &nf);
		s = dnc_phone_normalize_slow(dnc_str(text), region, strict, slow, &ns);
		if (f != s || (f == DNC_PHONE_OK && strcmp(fast, slow) != 0))
			fail_msg("%s: %d %s, by the library %d %s", text, f, fast, s, slow);
	}
}

static void a_mask_leaves_country_code_and_four_digits(void **state)
{
	struct dnc_buf b = {0};

	(void)state;
	dnc_phone_mask(&b, DNC_STR("+15551234567"));
	assert_memory_equal(b.p, "+1******4567", 12);
	dnc_buf_clear(&b);
	dnc_phone_mask_text(&b, DNC_STR("call (555) 123-4567 now"), DNC_STR("+15551234567"));
	dnc_buf_chr(&b, '\0');
	assert_null(strstr(b.p, "123-4567"));
	dnc_buf_free(&b);
}

static void a_number_in_a_text_is_masked_wherever_it_stands(void **state)
{
	static const struct {
		const char *text, *masked;
	} cases[] = {
		{"call 2025550143 now", "call ******0143 now"},
		{"+1 (202) 555-0143", "+* (***) ***-0143"},
		{"5550143", "***0143"},
		{"2025550143 5551234", "******0143 5551234"},
		{"20255501432025550143", "****************0143"},
		{"2025550199", "2025550199"},
		{"0143", "0143"},
		{"", ""},
		{"at 2026-08-29 2025550143", "at 202*-**-** ******0143"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf once = {0}, twice = {0};

		dnc_phone_mask_text(&once, dnc_str(cases[i].text), DNC_STR("+12025550143"));
		dnc_phone_mask_text(&twice, dnc_buf_view(&once), DNC_STR("+12025550143"));
		if (!dnc_str_eq(dnc_buf_view(&once), dnc_str(cases[i].masked)) ||
			!dnc_str_eq(dnc_buf_view(&once), dnc_buf_view(&twice)))
			fail_msg("%s: %.*s", cases[i].text, DNC_STR_ARG(dnc_buf_view(&once)));
		dnc_buf_free(&once);
		dnc_buf_free(&twice);
	}
}

/* What Python says of every character: a digit, n for another number, ? where it knows none, else a dot. */
static void digits_are_those_of_unicode(void **state)
{
	static const char command[] =
		"/usr/bin/python3 -c 'import unicodedata as u, sys\n"
		"for c in map(chr, range(0x110000)):\n"
		" sys.stdout.write(str(u.decimal(c)) if u.category(c) == \"Nd\" else \"n\" if "
		"u.numeric(c, None) is not None else \"?\" if u.category(c) == \"Cn\" else \".\")'";
	FILE *python;

	(void)state;
	if (access("/usr/bin/python3", X_OK) < 0)
		skip();
	assert_non_null(python = popen(command, "r"));
	for (uint32_t c = 0; c < 0x110000; c++) {
		int said = getc(python), digit = phone_digit(c);

		if (said == EOF)
			fail_msg("Python ended at U+%04X", (unsigned)c);
		if (said == '?')
			continue; /* maybe a digit in a later version than Python's */
		if (digit != (said >= '0' && said <= '9' ? said - '0' : -1) ||
			phone_numeric(c) != (said != '.'))
			fail_msg("U+%04X is %d, but %c in Python", (unsigned)c, digit, said);
	}
	assert_int_equal(pclose(python), 0);
}

/* Without Python, too. */
static void digits_of_every_script_count(void **state)
{
	static const struct {
		const char *text;
		size_t digits;
	} cases[] = {
		{"+1 303-555-0143", 11},
		{"\xf0\x91\x81\xa6\xf0\x91\x81\xaf", 2}, /* Brahmi 0 and 9 */
		{"\xf0\x91\x83\xb0", 1},                 /* Sora Sompeng */
		{"\xf0\x9e\x8b\xb0", 1},                 /* Wancho */
		{"\xf0\x9e\x93\xb0", 1},                 /* Nag Mundari, Unicode 15 */
		{"\xf0\x96\xad\x99", 1},                 /* Pahawh Hmong 9 */
		{"\xf0\x9d\x9f\x8e\xf0\x9d\x9f\xbf", 2}, /* mathematical */
		{"\xe2\x91\xa0\xc2\xb2\xe4\xb8\x83", 3}, /* a circled, a raised one, an ideograph */
		{"caf\xc3\xa9 \xf0\x9f\x93\x9e", 0},
		{"\xff\xfe", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(dnc_phone_digits(dnc_str(cases[i].text)), cases[i].digits);
}

static void a_region_has_names(void **state)
{
	static const struct {
		const char *region, *name;
		bool want;
	} cases[] = {{"DE", "Deutschland", true}, {"DE", "GERMANY", true}, {"DE", "DEU", true},
		{"DE", "D", true}, {"DE", "Allemagne", true},
		{"DE", "Bundesrepublik Deutschland", true}, {"DE", "Niemcy", true},
		{"DE", "\u0413\u0435\u0440\u043c\u0430\u043d\u0438\u044f", true},
		{"DE", "Austria", false}, {"DE", "A", false}, {"DE", "", false}, {"DE", "-", false},
		{"DE", "de", false}, /* a code, and no name */
		{"GB", "United Kingdom", true}, {"GB", "The United Kingdom", true},
		{"GB", "Great Britain", true}, {"GB", "England", true}, {"GB", "UK", true},
		{"GB", "Ireland", false}, {"US", "The United States", true},
		{"US", "Georgia", false}, {"ES", "Espa\u00f1a", true}, {"ES", "ESPANA", true},
		{"ES", "Espan\u0303a", true}, {"AT", "\u00d6sterreich", true},
		{"AT", "Oesterreich", true}, {"AT", "Australia", false}, {"CH", "Suisse", true},
		{"CH", "Svizzera", true}, {"CH", "Schweiz", true}, {"PL", "Polska", true},
		{"FR", "France", true}, {"IS", "Irland", false}, {"IE", "Island", false},
		{"DE", "\xff\xfe", false}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_region_names *names = dnc_region_names_new(cases[i].region);

		assert_non_null(names);
		if (dnc_region_names_have(names, dnc_str(cases[i].name)) != cases[i].want)
			fail_msg("%s: %s", cases[i].region, cases[i].name);
		dnc_region_names_free(names);
	}
}

static void a_missing_plus_is_told(void **state)
{
	static const char plus[] = "begins with another country code: write it with +";
	static const struct {
		const char *text, *region, *want;
	} rows[] = {{"447911123456", "US", plus}, {" 44 7911 123456", "US", plus},
		{"4915112345678", "US", plus}, {"33612345678", "US", plus},
		{"447911123456789", "US", "too long"}, {"555", "US", "too short"},
		{"+4479111234567890", "US", "too long"}, {"", "US", "empty"}};
	char out[DNC_PHONE_MAX];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dnc_str text = dnc_str(rows[i].text);
		enum dnc_phone_verdict v =
			dnc_phone_normalize(text, rows[i].region, false, out, &n);

		assert_int_not_equal(v, DNC_PHONE_OK);
		if (strcmp(dnc_phone_explain(v, text), rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].text, dnc_phone_explain(v, text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_are_those_of_unicode),
		cmocka_unit_test(digits_of_every_script_count),
		cmocka_unit_test(a_number_in_a_text_is_masked_wherever_it_stands),
		cmocka_unit_test(numbers_become_e164_or_say_why),
		cmocka_unit_test(a_missing_plus_is_told),
		cmocka_unit_test(a_text_is_one_number_and_nothing_else),
		cmocka_unit_test(the_short_cut_agrees_with_the_library),
		cmocka_unit_test(notations_agree_with_the_library),
		cmocka_unit_test(a_region_has_names),
		cmocka_unit_test(a_mask_leaves_country_code_and_four_digits),
	};

	return cmocka_run_group_tests_name("phone", tests, NULL, NULL);
}
