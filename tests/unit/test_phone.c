#include "unit.h"
#include "phone/phone.h"

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

/* Numbers of every length and of all shapes that the short cut looks at, from a fixed seed. */
static void the_short_cut_agrees_with_the_library(void **state)
{
	static const char *const heads[] = {"+1", "", "1", "+", "+44", "+1 ", "001", "+1("};
	uint64_t seed = 20200216;

	(void)state;
	for (int i = 0; i < 100000; i++) {
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_in_a_text_is_masked_wherever_it_stands),
		cmocka_unit_test(numbers_become_e164_or_say_why),
		cmocka_unit_test(the_short_cut_agrees_with_the_library),
		cmocka_unit_test(a_mask_leaves_country_code_and_four_digits),
	};

	return cmocka_run_group_tests_name("phone", tests, NULL, NULL);
}
