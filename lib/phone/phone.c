#include "priv/grammar.h"

enum { NANP_DIGITS = 10 }; /* ITU E.164 country code 1: ten digits after it */

/* True if the eight bytes at P are digits: the high half of each is 3, also after adding 6 to the low one. */
static inline bool eight_digits(const char *p)
{
	const uint64_t high = UINT64_C(0xF0F0F0F0F0F0F0F0), threes = UINT64_C(0x3030303030303030),
		       sixes = UINT64_C(0x0606060606060606);
	uint64_t eight;

	memcpy(&eight, p, sizeof eight);
	return (eight & high) == threes && ((eight + sixes) & high) == threes;
}

/* Writes +1 and the ten digits at P if they are a possible number of the North American plan: the
 * area code starts with 2 to 9. libphonenumber decides everything else. */
static bool nanp(const char *p, char out[DNC_PHONE_MAX], size_t *len)
{
	if (p[0] < '2' || p[0] > '9' || p[1] < '0' || p[1] > '9' || !eight_digits(p + 2))
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

/* The notations that most numbers of the North American plan have in files; d is a digit. phone_plain() reads them, and all
 * others, in ten times the time. */
static const struct dnc_str forms[] = {DNC_STR("(ddd) ddd-dddd"), DNC_STR("ddd-ddd-dddd"),
	DNC_STR("ddd.ddd.dddd"), DNC_STR("ddd ddd dddd"), DNC_STR("(ddd)ddd-dddd"),
	DNC_STR("+1 (ddd) ddd-dddd"), DNC_STR("+1 ddd-ddd-dddd"), DNC_STR("+1 ddd ddd dddd"),
	DNC_STR("+1-ddd-ddd-dddd"), DNC_STR("+1.ddd.ddd.dddd"), DNC_STR("1 (ddd) ddd-dddd"),
	DNC_STR("1-ddd-ddd-dddd"), DNC_STR("1.ddd.ddd.dddd"), DNC_STR("1 ddd ddd dddd")};

static bool has_form(struct dnc_str s, struct dnc_str form)
{
	if (s.n != form.n)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (form.p[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != form.p[i])
			return false;
	return true;
}

/* Reads a number that has one of the forms. */
static bool read_form(struct dnc_str s, const char *region, char out[DNC_PHONE_MAX], size_t *len)
{
	char plain[PHONE_PLAIN_MAX];
	size_t n = 0;

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (!has_form(s, forms[i]))
			continue;
		for (size_t k = 0; k < s.n; k++)
			if (s.p[k] == '+' || (s.p[k] >= '0' && s.p[k] <= '9'))
				plain[n++] = s.p[k];
		return short_cut((struct dnc_str){plain, n}, region, out, len);
	}
	return false;
}

/* What four numbers up to 255 with dots between them are, which have no zeros before them. */
enum dotted {
	DOTTED_OTHER,
	DOTTED_EITHER, /* an address of the Internet, or a number: 91.123.45.67 is one of Madrid */
	DOTTED_ADDRESS,
};

/* Two of the four numbers of 192.168.100.20 have three digits: no country writes its telephone numbers so. Four pairs, in which
 * some do, are no address. */
static enum dotted read_dotted(struct dnc_str s)
{
	size_t groups = 1, digits = 0, threes = 0;
	unsigned value = 0;
	bool pairs = true;

	for (size_t i = 0; i <= s.n; i++) {
		bool end = i == s.n || s.p[i] == '.';

		if (end) {
			if (!digits)
				return DOTTED_OTHER;
			pairs &= digits == 2;
			threes += digits == 3;
			if (i == s.n)
				break;
			groups++;
			digits = value = 0;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9' || (digits && !value))
			return DOTTED_OTHER;
		value = value * 10 + (unsigned)(s.p[i] - '0');
		if (++digits > 3 || value > 255)
			return DOTTED_OTHER;
	}
	if (groups != 4 || pairs)
		return DOTTED_OTHER;
	return threes >= 2 ? DOTTED_ADDRESS : DOTTED_EITHER;
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
	enum dotted dotted;

	if (!strict && (short_cut(s, region, out, len) || read_form(s, region, out, len)))
		return DNC_PHONE_OK;
	dotted = read_dotted(s);
	if (is_date(s) || dotted == DOTTED_ADDRESS)
		return DNC_PHONE_NOT_A_NUMBER;
	v = phone_plain(s, plain, &s.n);
	s.p = plain;
	if (v != DNC_PHONE_OK)
		return v;
	if (!strict && short_cut(s, region, out, len))
		return DNC_PHONE_OK;
	if (dotted == DOTTED_EITHER) /* a number, if there is such a one */
		return dnc_phone_normalize_slow(s, region, true, out, len) == DNC_PHONE_OK
		               ? DNC_PHONE_OK
		               : DNC_PHONE_NOT_A_NUMBER;
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

const char *dnc_phone_explain(enum dnc_phone_verdict v, struct dnc_str s)
{
	char written[PHONE_PLAIN_MAX + 1] = "+", out[DNC_PHONE_MAX];
	size_t n;

	s = dnc_str_trim(s);
	if (v < DNC_PHONE_COUNTRY || !s.n || s.n >= sizeof written || s.p[0] == '+')
		return dnc_phone_reason(v);
	memcpy(written + 1, s.p, s.n);
	return dnc_phone_normalize((struct dnc_str){written, s.n + 1}, "US", true, out, &n) ==
	                       DNC_PHONE_OK
	               ? "begins with another country code: write it with +"
	               : dnc_phone_reason(v);
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
	size_t head = 0, tail = 4, from;

	if (e164.n && e164.p[0] == '+')
		head = 1 + country_code_length(e164.p + 1, e164.n - 1);
	if (e164.n < head + 2 * tail) /* of a short number, four digits would be half */
		tail = e164.n > head + 4 ? 2 : 0;
	if (head > e164.n)
		head = 0;
	from = b->n;
	dnc_buf_str(b, e164);
	if (dnc_buf_ok(b) && e164.n > head + tail)
		memset(b->p + from + head, '*', e164.n - head - tail);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_between_digits(char c)
{
	return c == ' ' || c == '.' || c == '-' || c == '(' || c == ')' || c == '/';
}

void dnc_phone_mask_text(struct dnc_buf *b, struct dnc_str text, struct dnc_str e164)
{
	enum { TAIL = 7, SHOWN = 4, DIGITS = 15, RING = 16 }; /* E.164 has at most 15 */
	const uint32_t tail_mask = (UINT32_C(1) << 4 * TAIL) - 1;
	size_t from = b->n, digits = 0, at[RING];
	uint32_t tail = 0, wanted = 0; /* digits, in four bits each */

	dnc_buf_str(b, text);
	if (!dnc_buf_ok(b) || e164.n < TAIL)
		return;
	for (size_t i = e164.n - TAIL; i < e164.n; i++)
		wanted = wanted << 4 | (e164.p[i] & 15u);
	for (size_t i = from; i < b->n; i++) {
		char c = b->p[i];

		if (!is_digit(c)) {
			if (!is_between_digits(c))
				digits = 0;
			continue;
		}
		tail = (tail << 4 | (c & 15u)) & tail_mask;
		at[digits++ % RING] = i;
		if (digits < TAIL || tail != wanted)
			continue;
		/* The number ends here. */
		for (size_t back = SHOWN; back < digits && back < DIGITS; back++)
			b->p[at[(digits - 1 - back) % RING]] = '*';
	}
}
