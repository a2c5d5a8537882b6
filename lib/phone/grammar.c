/* grammar.c - a parser for one telephone number, as people write it. */
#include "priv/grammar.h"
#include <stdint.h>
#include "priv/digits.h"

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
	int value = phone_digit(point);

	if (value >= 0) {
		*digit = (char)('0' + value);
		return DIGIT;
	}
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (point >= classes[i].from && point <= classes[i].to)
			return classes[i].kind;
	return OTHER;
}

size_t dnc_phone_digits(struct dnc_str text)
{
	size_t digits = 0;

	while (text.n) {
		struct dnc_str rest = text;
		uint32_t point;

		if (!parse_point(&text, &point)) {
			text = (struct dnc_str){rest.p + 1, rest.n - 1};
			digits++;
			continue;
		}
		digits += phone_numeric(point);
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
