/* grammar.c - a parser for one telephone number, as people write it. */
#include "priv/grammar.h"
#include <stdint.h>

enum char_class {
	OTHER,
	DIGIT,
	PLUS,
	BLANK, /* and invisible characters, such as marks of direction */
	HYPHEN,
	DOT,
	SLASH,
	OPEN,
	CLOSE,
};

static const struct {
	uint32_t from, to;
	enum char_class kind;
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

/* The zero of each script's decimal digits in Unicode 15; the other nine digits follow it. */
static const uint32_t zeros[] = {'0', 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6,
	0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090,
	0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
	0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x1D7CE, 0x1D7D8,
	0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E950, 0x1FBF0};

/* Parses a code point at the start of S and removes it. Returns false if it is not UTF-8. */
static bool parse_point(struct dnc_str *s, uint32_t *point)
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

static enum char_class class_of(uint32_t point, char *digit)
{
	for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++)
		if (point >= zeros[i] && point < zeros[i] + 10) {
			*digit = (char)('0' + (point - zeros[i]));
			return DIGIT;
		}
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (point >= classes[i].from && point <= classes[i].to)
			return classes[i].kind;
	return OTHER;
}

size_t dnc_phone_digits(struct dnc_str text)
{
	/* Characters with a numeric value in Unicode 15 besides the decimal digits, where people could write numbers
	 * with them: superscripts, fractions, Roman and enclosed numbers, ideographs. */
	static const struct {
		uint32_t from, to;
	} numbers[] = {{0xB2, 0xB3}, {0xB9, 0xB9}, {0xBC, 0xBE}, {0x1369, 0x137C}, {0x2070, 0x2079},
		{0x2080, 0x2089}, {0x2150, 0x218B}, {0x2460, 0x249B}, {0x24EA, 0x24FF},
		{0x2776, 0x2793}, {0x3007, 0x3007}, {0x3021, 0x3029}, {0x3192, 0x3195},
		{0x3220, 0x3229}, {0x3248, 0x324F}, {0x3251, 0x325F}, {0x3280, 0x3289},
		{0x32B1, 0x32BF}, {0x1F100, 0x1F10C}};
	static const uint32_t ideographs[] = {0x4E00, 0x4E8C, 0x4E09, 0x56DB, 0x4E94, 0x516D,
		0x4E03, 0x516B, 0x4E5D, 0x96F6, 0x58F9, 0x8CB3, 0x53C1, 0x8086, 0x4F0D, 0x9678,
		0x67D2, 0x634C, 0x7396};
	size_t digits = 0;

	while (text.n) {
		struct dnc_str rest = text;
		uint32_t point;
		char digit;
		bool found;

		if (!parse_point(&text, &point)) {
			text = (struct dnc_str){rest.p + 1, rest.n - 1};
			digits++;
			continue;
		}
		found = class_of(point, &digit) == DIGIT;
		for (size_t i = 0; point > 0x7F && i < sizeof numbers / sizeof numbers[0]; i++)
			found |= point >= numbers[i].from && point <= numbers[i].to;
		for (size_t i = 0; point > 0x7F && i < sizeof ideographs / sizeof ideographs[0];
			i++)
			found |= point == ideographs[i];
		digits += found;
	}
	return digits;
}

/* Removes a character of class KIND from the start of S. Returns false if there is none. */
static bool parse_class(struct dnc_str *s, enum char_class kind, char *digit)
{
	struct dnc_str rest = *s;
	uint32_t point;

	if (!rest.n || !parse_point(&rest, &point) || class_of(point, digit) != kind)
		return false;
	*s = rest;
	return true;
}

static void skip_blanks(struct dnc_str *s)
{
	char digit;

	while (parse_class(s, BLANK, &digit))
		;
}

/* Removes WORD, which is in lower case, from the start of S, in any case. Returns false if it is
 * not there. */
static bool parse_word(struct dnc_str *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n < n || !dnc_str_caseeq((struct dnc_str){s->p, n}, (struct dnc_str){word, n}))
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

/* A number that is being parsed. */
struct number {
	char *out;
	size_t n;                         /* bytes in out */
	size_t digits, dots, slashes;     /* counts */
	size_t at_dot, at_slash, at_open; /* number of digits before the last of each */
	bool plus;
	bool hanging; /* the last character was a separator, which digits must follow */
	enum dnc_phone_verdict verdict;
};

static bool add_digit(struct number *m, char digit)
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

static bool add(struct number *m, enum char_class kind, char digit)
{
	switch (kind) {
	case DIGIT:
		return add_digit(m, digit);
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

/* Parses groups of digits at the start of S, up to what may start an extension or a parameter. */
static bool parse_groups(struct dnc_str *s, struct number *m)
{
	while (s->n && !strchr("eExX#;", s->p[0] ? s->p[0] : ' ')) {
		uint32_t point;
		char digit = 0;
		enum char_class kind;

		if (!parse_point(s, &point))
			return false;
		kind = class_of(point, &digit);
		if (!add(m, kind, digit))
			return false;
	}
	return true;
}

/* Parses the digits of an extension. More than EXTENSION_MAX are a second number. */
static bool parse_extension_digits(struct dnc_str *s)
{
	enum { EXTENSION_MAX = 6 };
	size_t n = 0;
	char digit;

	while (parse_class(s, DIGIT, &digit))
		n++;
	return n >= 1 && n <= EXTENSION_MAX;
}

static bool parse_extension(struct dnc_str *s)
{
	static const char *const words[] = {"extension", "extn", "ext", "x", "#"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (!parse_word(s, words[i]))
			continue;
		if (!parse_word(s, "."))
			parse_word(s, ":");
		skip_blanks(s);
		return parse_extension_digits(s);
	}
	return false;
}

/* Parses the phone-context of a tel: URI. The start of an international number is put before the
 * number; a domain is ignored. */
static bool parse_context(struct dnc_str *s, struct number *m)
{
	char number[PHONE_PLAIN_MAX], context[PHONE_PLAIN_MAX];
	struct number c = {.out = context};
	size_t end = 0;

	while (end < s->n && s->p[end] != ';')
		end++;
	if (s->n && s->p[0] == '+') {
		struct dnc_str text = {s->p, end};

		if (m->plus || !parse_groups(&text, &c) || text.n || c.hanging || !c.digits ||
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

/* Parses the parameters of RFC 3966: an extension and, of a tel: URI, its context. */
static bool parse_parameters(struct dnc_str *s, struct number *m, bool uri)
{
	for (int left = 3; s->n && left; left--) {
		if (parse_word(s, ";ext=") && parse_extension_digits(s))
			continue;
		if (!uri || !parse_word(s, ";phone-context=") || !parse_context(s, m))
			return false;
	}
	return !s->n;
}

/* Returns false for two numbers with a slash, a bracket or a dot between them, and for fractions:
 * more digits come before the separator than an area code has. */
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
	uri = parse_word(&text, "tel:");
	if (!parse_groups(&text, &m) || !m.digits)
		return m.verdict;
	one = is_one_number(&m);
	if (text.n && text.p[0] == ';') {
		if (m.hanging || !parse_parameters(&text, &m, uri))
			return DNC_PHONE_NOT_A_NUMBER;
	} else if (text.n) {
		if (!parse_extension(&text))
			return DNC_PHONE_NOT_A_NUMBER;
		skip_blanks(&text);
	} else if (m.hanging) {
		return DNC_PHONE_NOT_A_NUMBER;
	}
	*len = m.n;
	return one && !text.n ? DNC_PHONE_OK : DNC_PHONE_NOT_A_NUMBER;
}
