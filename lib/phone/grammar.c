/* grammar.c - what may be written for one telephone number, in tables. */
#include "priv/grammar.h"
#include <stdint.h>

enum class {
	OTHER,
	DIGIT,
	PLUS,
	BLANK, /* and marks that can't be seen, such as those of direction */
	HYPHEN,
	DOT,
	SLASH,
	OPEN,
	CLOSE,
};

static const struct {
	uint32_t from, to;
	enum class class;
} classes[] = {
	{'\t', '\t', BLANK},
	{' ', ' ', BLANK},
	{'(', '(', OPEN},
	{')', ')', CLOSE},
	{'+', '+', PLUS},
	{'-', '-', HYPHEN},
	{'.', '.', DOT},
	{'/', '/', SLASH},
	{'[', '[', OPEN},
	{']', ']', CLOSE},
	{0x00A0, 0x00A0, BLANK},
	{0x00AD, 0x00AD, BLANK}, /* soft hyphen */
	{0x200B, 0x200F, BLANK}, /* without width, direction */
	{0x2000, 0x200A, BLANK},
	{0x2010, 0x2015, HYPHEN},
	{0x202A, 0x202F, BLANK}, /* direction, narrow no-break space */
	{0x205F, 0x2064, BLANK},
	{0x2066, 0x2069, BLANK},
	{0x2212, 0x2212, HYPHEN}, /* minus */
	{0x3000, 0x3000, BLANK},
	{0x30FC, 0x30FC, HYPHEN},
	{0xFE63, 0xFE63, HYPHEN},
	{0xFEFF, 0xFEFF, BLANK},
	{0xFF08, 0xFF08, OPEN},
	{0xFF09, 0xFF09, CLOSE},
	{0xFF0B, 0xFF0B, PLUS},
	{0xFF0D, 0xFF0D, HYPHEN},
	{0xFF0E, 0xFF0E, DOT},
	{0xFF0F, 0xFF0F, SLASH},
	{0xFF3B, 0xFF3B, OPEN},
	{0xFF3D, 0xFF3D, CLOSE},
};

/* The zeros of the decimal digits in Unicode 15 that are in use for numbers; nine follow each. */
static const uint32_t zeros[] = {'0', 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6,
	0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090,
	0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
	0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x1D7CE, 0x1D7D8,
	0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E950, 0x1FBF0};

/* Takes a code point off the front of S; false when it is not UTF-8. */
static bool take_point(struct dnc_str *s, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char c = (unsigned char)s->p[0];
	size_t n = c < 0x80 ? 1 : c < 0xC0 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF8 ? 4 : 0;
	uint32_t v = n == 1 ? c : n ? c & (0x7Fu >> n) : 0;

	if (!n || s->n < n)
		return false;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s->p[i] & 0xC0) != 0x80)
			return false;
		v = v << 6 | ((unsigned char)s->p[i] & 0x3F);
	}
	s->p += n;
	s->n -= n;
	*point = v;
	return v >= least[n];
}

static enum class class_of(uint32_t point, char *digit) {
	for (size_t i = 0; i < sizeof zeros / sizeof zeros[0];
		i++) if (point >= zeros[i] &&
			 point < zeros[i] + 10){ *digit = (char)('0' + (point - zeros[i]));
						 return DIGIT;}
for (size_t i = 0; i < sizeof classes / sizeof classes[0];
	i++) if (point >= classes[i].from && point <= classes[i].to) return classes[i]
	.class;
return OTHER;
}

/* Takes what is of CLASS off the front of S, if it is. */
static bool take_class(struct dnc_str *s, enum class class, char *digit)
{
	struct dnc_str rest = *s;
	uint32_t point;

	if (!rest.n || !take_point(&rest, &point) || class_of(point, digit) != class)
		return false;
	*s = rest;
	return true;
}

static void skip_blanks(struct dnc_str *s)
{
	char digit;

	while (take_class(s, BLANK, &digit))
		;
}

/* Takes WORD, which is in lower case, off the front of S, in any case. */
static bool take_word(struct dnc_str *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n < n || !dnc_str_caseeq((struct dnc_str){s->p, n}, (struct dnc_str){word, n}))
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

/* A number on its way. */
struct number {
	char *out;
	size_t n;                         /* bytes in out */
	size_t digits, dots, slashes;     /* how many */
	size_t at_dot, at_slash, at_open; /* digits before the last of them */
	bool plus, hanging;               /* a separator that needs digits after it */
	enum dnc_phone_verdict verdict;
};

static bool put_digit(struct number *m, char digit)
{
	if (m->n == PHONE_PLAIN_MAX) {
		m->verdict = DNC_PHONE_TOO_LONG;
		return false;
	}
	m->out[m->n++] = digit;
	m->digits++;
	m->hanging = false;
	return true;
}

static bool put(struct number *m, enum class class, char digit)
{
	switch (class) {
	case DIGIT:
		return put_digit(m, digit);
	case PLUS:
		if (m->digits || m->plus)
			return false;
		m->plus = true;
		m->out[m->n++] = '+';
		return true;
	case BLANK:
		return true;
	case DOT:
		m->dots++;
		m->at_dot = m->digits;
		break;
	case SLASH:
		m->slashes++;
		m->at_slash = m->digits;
		break;
	case OPEN:
		m->at_open = m->digits;
		return true;
	case CLOSE:
		return m->digits;
	case HYPHEN:
		break;
	case OTHER:
		return false;
	}
	m->hanging = true;
	return m->digits;
}

/* Takes groups of digits off the front of S, up to what may start an extension or a parameter. */
static bool take_groups(struct dnc_str *s, struct number *m)
{
	while (s->n && !strchr("eExX#;", s->p[0] ? s->p[0] : ' ')) {
		uint32_t point;
		char digit = 0;
		enum class class;

		if (!take_point(s, &point))
			return false;
		class = class_of(point, &digit);
		if (!put(m, class, digit))
			return false;
	}
	return true;
}

/* Takes the digits of an extension, of which there are no more than EXTENSION_MAX: what is longer is
 * another number. */
static bool take_extension_digits(struct dnc_str *s)
{
	enum { EXTENSION_MAX = 6 };
	size_t n = 0;
	char digit;

	while (take_class(s, DIGIT, &digit))
		n++;
	return n >= 1 && n <= EXTENSION_MAX;
}

static bool take_extension(struct dnc_str *s)
{
	static const char *const words[] = {"extension", "extn", "ext", "x", "#"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (!take_word(s, words[i]))
			continue;
		if (!take_word(s, "."))
			take_word(s, ":");
		skip_blanks(s);
		return take_extension_digits(s);
	}
	return false;
}

/* A phone-context of a tel: URI goes before the number if it is the start of an international
 * one; a domain says nothing. */
static bool take_context(struct dnc_str *s, struct number *m)
{
	char number[PHONE_PLAIN_MAX], context[PHONE_PLAIN_MAX];
	struct number c = {.out = context};
	size_t end = 0;

	while (end < s->n && s->p[end] != ';')
		end++;
	if (s->n && s->p[0] == '+') {
		struct dnc_str text = {s->p, end};

		if (m->plus || !take_groups(&text, &c) || text.n || c.hanging || !c.digits ||
			c.n + m->n > PHONE_PLAIN_MAX)
			return false;
		memcpy(number, m->out, m->n);
		memcpy(m->out, context, c.n);
		memcpy(m->out + c.n, number, m->n);
		m->n += c.n;
		m->plus = true;
	} else {
		for (size_t i = 0; i < end; i++)
			if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-",
				    s->p[i] ? s->p[i] : ' '))
				return false;
	}
	s->p += end;
	s->n -= end;
	return end;
}

/* Takes the parameters of RFC 3966: an extension, and of a tel: URI its context. */
static bool take_parameters(struct dnc_str *s, struct number *m, bool uri)
{
	for (int left = 3; s->n && left; left--) {
		if (take_word(s, ";ext=") && take_extension_digits(s))
			continue;
		if (!uri || !take_word(s, ";phone-context=") || !take_context(s, m))
			return false;
	}
	return !s->n;
}

/* The number of digits before a slash, a bracket or a dot distinguishes two numbers, and fractions, from an
 * area code. */
static bool is_one_number(const struct number *m)
{
	enum { AREA_MAX = 6, COUNTRY_MAX = 3, FRACTION_MIN = 3 };
	struct dnc_str digits = {m->out + m->plus, m->n - m->plus};
	size_t before = AREA_MAX;

	if (m->plus)
		before += COUNTRY_MAX;
	else if (dnc_str_starts(digits, DNC_STR("00")))
		before += COUNTRY_MAX + 2;
	else if (dnc_str_starts(digits, DNC_STR("011")))
		before += COUNTRY_MAX + 3;
	if (m->at_slash > before || m->at_open > before)
		return false;
	return m->dots != 1 || (m->at_dot <= before && m->digits - m->at_dot >= FRACTION_MIN);
}

enum dnc_phone_verdict phone_plain(struct dnc_str text, char out[PHONE_PLAIN_MAX], size_t *len)
{
	struct number m = {.out = out, .verdict = DNC_PHONE_NOT_A_NUMBER};
	bool uri, one;

	skip_blanks(&text);
	if (!text.n)
		return DNC_PHONE_EMPTY;
	uri = take_word(&text, "tel:");
	if (!take_groups(&text, &m) || !m.digits)
		return m.verdict;
	one = is_one_number(&m);
	if (text.n && text.p[0] == ';') {
		if (m.hanging || !take_parameters(&text, &m, uri))
			return DNC_PHONE_NOT_A_NUMBER;
	} else if (text.n) {
		if (!take_extension(&text))
			return DNC_PHONE_NOT_A_NUMBER;
		skip_blanks(&text);
	} else if (m.hanging) {
		return DNC_PHONE_NOT_A_NUMBER;
	}
	*len = m.n;
	return one && !text.n ? DNC_PHONE_OK : DNC_PHONE_NOT_A_NUMBER;
}
