#include "priv/grammar.h"

enum { NANP_DIGITS = 10 }; /* ITU E.164 country code 1: ten digits after it */

/* Writes +1 and the ten digits at P if they are a possible number of the North American plan: the
 * area code starts with 2 to 9. libphonenumber decides everything else. */
static bool nanp(const char *p, char out[DNC_PHONE_MAX], size_t *len)
{
	if (p[0] < '2' || p[0] > '9')
		return false;
	for (int i = 1; i < NANP_DIGITS; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	out[0] = '+';
	out[1] = '1';
	memcpy(out + 2, p, NANP_DIGITS);
	out[2 + NANP_DIGITS] = '\0';
	*len = 2 + NANP_DIGITS;
	return true;
}

/* Reads +1 and ten digits; in the US also ten digits, with or without the 1 before them. */
static bool short_cut(struct dnc_str s, const char *region, char out[DNC_PHONE_MAX], size_t *len)
{
	if (s.n == 2 + NANP_DIGITS && s.p[0] == '+' && s.p[1] == '1')
		return nanp(s.p + 2, out, len);
	if (strcmp(region, "US") != 0)
		return false;
	if (s.n == 1 + NANP_DIGITS && s.p[0] == '1')
		return nanp(s.p + 1, out, len);
	return s.n == NANP_DIGITS && nanp(s.p, out, len);
}

/* True for 2026-11-26, alone or before an hour: with an hour it has the ten digits of a number. */
static bool is_date(struct dnc_str s)
{
	static const char form[] = "dddd-dd-dd";

	if (s.n < sizeof form - 1 || (s.p[0] != '1' && s.p[0] != '2'))
		return false;
	for (size_t i = 0; i < sizeof form - 1; i++)
		if (form[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != form[i])
			return false;
	return s.n == sizeof form - 1 || s.p[sizeof form - 1] == ' ' || s.p[sizeof form - 1] == 'T';
}

enum dnc_phone_verdict dnc_phone_normalize(
	struct dnc_str s, const char *region, bool strict, char out[DNC_PHONE_MAX], size_t *len)
{
	char plain[PHONE_PLAIN_MAX];
	enum dnc_phone_verdict v;

	if (!strict && short_cut(s, region, out, len))
		return DNC_PHONE_OK;
	if (is_date(s))
		return DNC_PHONE_NOT_A_NUMBER;
	v = phone_plain(s, plain, &s.n);
	s.p = plain;
	if (v != DNC_PHONE_OK)
		return v;
	if (!strict && short_cut(s, region, out, len))
		return DNC_PHONE_OK;
	return dnc_phone_normalize_slow(s, region, strict, out, len);
}

const char *dnc_phone_reason(enum dnc_phone_verdict v)
{
	static const char *const reasons[] = {
		[DNC_PHONE_OK] = "a number",
		[DNC_PHONE_EMPTY] = "empty",
		[DNC_PHONE_NOT_A_NUMBER] = "not a telephone number",
		[DNC_PHONE_COUNTRY] = "unknown country code",
		[DNC_PHONE_TOO_SHORT] = "too short",
		[DNC_PHONE_TOO_LONG] = "too long",
		[DNC_PHONE_LENGTH] = "wrong length for its country",
		[DNC_PHONE_LOCAL] = "local number without area code",
		[DNC_PHONE_INVALID] = "not in an assigned range",
	};

	return reasons[v];
}

/* Length of the country code that starts the digits at P (ITU-T E.164, list of assigned codes:
 * 1 and 7 stand alone, these two-digit ones are whole, all others have three). */
static size_t country_code_length(const char *p, size_t n)
{
	static const char two[] =
		"20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 "
		"55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";

	if (n < 3)
		return 0;
	if (p[0] == '1' || p[0] == '7')
		return 1;
	for (size_t i = 0; i < sizeof two; i += 3)
		if (two[i] == p[0] && two[i + 1] == p[1])
			return 2;
	return 3;
}

void dnc_phone_mask(struct dnc_buf *b, struct dnc_str e164)
{
	size_t head = 0, tail = 4;

	if (e164.n && e164.p[0] == '+')
		head = 1 + country_code_length(e164.p + 1, e164.n - 1);
	if (e164.n < head + 2 * tail) /* of a short number, four digits would be half */
		tail = e164.n > head + 4 ? 2 : 0;
	if (head > e164.n)
		head = 0;
	for (size_t i = 0; i < e164.n; i++)
		dnc_buf_chr(b, i < head || i >= e164.n - tail ? e164.p[i] : '*');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void dnc_phone_mask_text(struct dnc_buf *b, struct dnc_str text, struct dnc_str e164)
{
	enum { TAIL = 7, SHOWN = 4, DIGITS = 15 }; /* E.164 has at most 15 */
	size_t from = b->n, digits = 0, at[DIGITS];
	char tail[TAIL];

	dnc_buf_str(b, text);
	if (!dnc_buf_ok(b) || e164.n < TAIL)
		return;
	for (size_t i = from; i < b->n; i++) {
		char c = b->p[i];

		if (!is_digit(c)) {
			if (!c || !strchr(" .-()/", c))
				digits = 0;
			continue;
		}
		memmove(tail, tail + 1, TAIL - 1);
		tail[TAIL - 1] = c;
		at[digits++ % DIGITS] = i;
		if (digits < TAIL || memcmp(tail, e164.p + e164.n - TAIL, TAIL) != 0)
			continue;
		/* The number ends here. */
		for (size_t back = SHOWN; back < digits && back < DIGITS; back++)
			b->p[at[(digits - 1 - back) % DIGITS]] = '*';
	}
}
