#include "priv/advice.h"
#include <string.h>
#include "base/buf.h"
#include "base/words.h"
#include "event/event.h"

/* Sets ERR to TEXT, and frees it. */
static void set_error(struct dnc_error *err, struct dnc_buf *text)
{
	if (dnc_buf_ok(text))
		dnc_error_set(err, 0, "%.*s", DNC_STR_ARG(dnc_buf_view(text)));
	else
		dnc_error_nomem(err);
	dnc_buf_free(text);
}

void filter_unknown_word(
	struct dnc_error *err, const char *what, const char *words, struct dnc_str typed)
{
	struct dnc_str near = dnc_words_nearest(words, typed);
	struct dnc_buf text = {0};

	dnc_buf_printf(&text, "unknown %s", what);
	if (near.p)
		dnc_buf_printf(&text, "; did you mean \"%.*s\"?", DNC_STR_ARG(near));
	else
		dnc_buf_lit(&text, "; known are ");
	for (const char *p = words; !near.p && *p; p++) {
		if (*p != ' ')
			dnc_buf_chr(&text, *p);
		else if (p[1])
			dnc_buf_lit(&text, ", ");
	}
	set_error(err, &text);
}

/* Tables show types without this. */
#define PREFIX "dnc."

/* True if TYPED is a type without its prefix, or a glob of such: "number.*". */
static bool lacks_prefix(struct dnc_str typed)
{
	const size_t prefix = sizeof PREFIX - 1;
	bool glob = typed.n > 2 && typed.p[typed.n - 1] == '*' && typed.p[typed.n - 2] == '.';
	size_t n = typed.n - glob;

	for (int t = 0; n && t < DNC_TYPES; t++) {
		struct dnc_str name = dnc_type_names[t];

		name.p += prefix;
		name.n -= prefix;
		if ((glob ? name.n > n : name.n == n) && memcmp(name.p, typed.p, n) == 0)
			return true;
	}
	return false;
}

void filter_unknown_type(struct dnc_error *err, struct dnc_str typed)
{
	struct dnc_buf names = {0};

	if (lacks_prefix(typed)) {
		dnc_error_set(err, 0, "unknown event type; did you mean \"" PREFIX "%.*s\"?",
			DNC_STR_ARG(typed));
		return;
	}
	for (int t = 0; t < DNC_TYPES; t++) {
		dnc_buf_str(&names, dnc_type_names[t]);
		dnc_buf_chr(&names, t + 1 < DNC_TYPES ? ' ' : '\0');
	}
	if (dnc_buf_ok(&names))
		filter_unknown_word(err, "event type", names.p, typed);
	else
		dnc_error_nomem(err);
	dnc_buf_free(&names);
}

/* Appends the digits of the number TYPED to PATTERN, and the stars of a masked one as a pattern has them. Returns how many
 * they are; 0 if it is no number. */
static size_t append_digits(struct dnc_buf *pattern, struct dnc_str typed)
{
	enum { MOST = 15 }; /* E.164 */
	size_t count = 0;

	for (size_t i = 1; i < typed.n; i++) {
		char c = typed.p[i];

		if (!c || !strchr("0123456789*()-./ ", c))
			return 0;
		if (c == '*')
			dnc_buf_chr(pattern, '\\');
		if (c == '*' || (c >= '0' && c <= '9')) {
			dnc_buf_chr(pattern, c);
			count++;
		}
		if (count > MOST)
			return 0;
	}
	return count;
}

void filter_bad_pattern(struct dnc_error *err, const char *why, struct dnc_str typed)
{
	/* Fewer digits are the start of a number. */
	enum { DIGITS_MIN = 8, NANP_DIGITS = 11 };
	struct dnc_buf text = {0}, digits = {0};
	size_t count;

	dnc_buf_printf(&text, "%s", why);
	if (typed.n && typed.p[0] == '+') {
		dnc_buf_lit(&text, "; in a pattern a plus sign is \\+");
		count = append_digits(&digits, typed);
		if (count && dnc_buf_ok(&digits)) {
			bool whole =
				digits.p[0] == '1' ? count == NANP_DIGITS : count >= DIGITS_MIN;

			dnc_buf_printf(&text, ": for %s write ^\\+%.*s%s",
				whole ? "this number" : "numbers that start so",
				DNC_STR_ARG(dnc_buf_view(&digits)), whole ? "$" : "");
		}
		dnc_buf_free(&digits);
	}
	set_error(err, &text);
}
