/* safe.c - checks the values that masked views show. */
#include "priv/safe.h"
#include <sodium.h>
#include "base/clock.h"
#include "phone/phone.h"

enum {
	TEXT_MAX = 64, /* with its quotes; that of a time is the longest */
	WORD_MAX = 48,
	WORD_DIGITS = 3, /* fewer than are shown of a number */
	WORDS_MAX = 16,  /* of an array or an object */
	LITERAL_MAX = 256,
	LITERAL_DIGITS = 6, /* the shortest numbers in E.164 have seven */
	EXACT_DIGITS = 6,   /* of a count; a larger one is at least 1 and six zeros */
	ROUNDED_DIGITS = 3, /* of others */
	NUMBER_MAX = 24,    /* bytes */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* The content of the string literal RAW. P is NULL if it is no string, or has escapes. */
static struct dnc_str content_of(struct dnc_str raw)
{
	if (raw.n < 2 || raw.p[0] != '"' || memchr(raw.p, '\\', raw.n))
		return (struct dnc_str){0};
	return (struct dnc_str){raw.p + 1, raw.n - 2};
}

static bool is_identifier(struct dnc_str s, bool upper)
{
	size_t digits = 0;
	bool mark = false; /* a digit or "_" */

	if (!s.n || s.n > WORD_MAX || is_digit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		mark |= is_digit(c) || c == '_';
		if (is_digit(c) ? ++digits > WORD_DIGITS
				: !(upper ? is_upper(c) : c >= 'a' && c <= 'z') &&
					  (!i || (c != '_' && c != '-')))
			return false;
	}
	return mark || !upper;
}

static bool is_word(struct dnc_str text)
{
	return is_identifier(text, false);
}

static bool is_version(struct dnc_str s)
{
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++)
		if (is_digit(s.p[i]))
			digits++;
		else if (s.p[i] != '.')
			return false;
	return digits && digits <= WORD_DIGITS && s.n <= 2 * WORD_DIGITS;
}

/* ISO 3166-1 alpha-2, or 3166-2 with letters: digits could be an area code. */
static bool is_region(struct dnc_str s)
{
	if (s.n < 2 || s.n > 6 || s.n == 3 || !is_upper(s.p[0]) || !is_upper(s.p[1]))
		return false;
	for (size_t i = 2; i < s.n; i++)
		if (i == 2 ? s.p[i] != '-' : !is_upper(s.p[i]))
			return false;
	return true;
}

/* The providers of events about a number may be people who gave it; those that reading derives or knows are not. */
static bool is_provider(enum dnc_type type, struct dnc_str text)
{
	if (type == DNC_LIST_SYNCED || type == DNC_PROVIDER_STATUS_CHANGE)
		return is_word(text);
	return dnc_value_known(
		"federal_dnc state_dnc internal consumer partner ftc_reported_calls", text);
}

static bool is_text(enum dnc_type type, struct dnc_shown shown, struct dnc_str text)
{
	switch (shown.how) {
	case SHOW_KNOWN:
		return *shown.values && dnc_value_known(shown.values, text);
	case SHOW_REASON:
		return dnc_value_known(V_SUPPRESS, text);
	case SHOW_ACTOR:
		return dnc_value_known("system scheduler api ui web webhook import batch "
				       "consumer operator admin compliance telephony automation",
			text);
	case SHOW_SEVERITY:
		return dnc_severity_from_name(text);
	case SHOW_PROVIDER:
		return is_provider(type, text);
	case SHOW_WORD:
		return is_word(text);
	case SHOW_CODE:
		return is_word(text) || is_identifier(text, true);
	case SHOW_VERSION:
		return is_version(text);
	case SHOW_REGION:
		return is_region(text);
	default:
		return false;
	}
}

/* Appends the number RAW with its first KEPT digits; zeros replace the others before the point, and those after it are
 * left out. */
static void write_rounded(struct dnc_buf *out, struct dnc_str raw, size_t kept)
{
	size_t digits = 0, point = raw.n;

	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '.') {
			point = i;
			continue;
		}
		digits += digits || raw.p[i] != '0';
		if (digits > kept && i > point)
			return;
		if (i == point + 1)
			dnc_buf_chr(out, '.');
		dnc_buf_chr(out, digits > kept ? '0' : raw.p[i]);
	}
}

/* The number RAW without an exponent, and without a sign unless it may have one. */
static bool write_number(struct dnc_buf *out, struct dnc_str raw, enum dnc_show how)
{
	bool negative = how == SHOW_DIFFERENCE && raw.n && raw.p[0] == '-';
	size_t whole, fraction;

	if (!raw.n || raw.n > NUMBER_MAX)
		return false;
	raw.p += negative, raw.n -= negative;
	for (whole = 0; whole < raw.n && is_digit(raw.p[whole]); whole++)
		;
	fraction = whole < raw.n && raw.p[whole] == '.' ? whole + 1 : whole;
	while (fraction < raw.n && is_digit(raw.p[fraction]))
		fraction++;
	if (!whole || fraction < raw.n || (whole < raw.n && how != SHOW_NUMBER))
		return false;
	if (negative)
		dnc_buf_chr(out, '-');
	if (whole == raw.n && whole <= EXACT_DIGITS && how != SHOW_DIFFERENCE)
		dnc_buf_str(out, raw);
	else if (whole > EXACT_DIGITS)
		dnc_buf_lit(out, "1000000"); /* the first digits could be an area code */
	else
		write_rounded(out, raw, ROUNDED_DIGITS);
	return true;
}

static bool write_bool(struct dnc_buf *out, struct dnc_str raw)
{
	if (!dnc_str_eq(raw, DNC_STR("true")) && !dnc_str_eq(raw, DNC_STR("false")))
		return false;
	dnc_buf_str(out, raw);
	return true;
}

int64_t safe_time(int64_t ms)
{
	static const int64_t year_1900 = -2208988800000, year_2200 = 7258118400000;

	if (ms < year_1900 || ms >= year_2200)
		return 0;
	return ms - ((ms % 1000) + 1000) % 1000;
}

/* In UTC. */
static bool write_time(struct dnc_buf *out, struct dnc_str text)
{
	enum { SECONDS = 19 }; /* 2026-08-29T08:00:00 */
	char canonical[DNC_TIME_LEN];
	int64_t ms;

	if (!dnc_clock_parse(text, &ms) || (ms && !safe_time(ms)))
		return false;
	dnc_clock_format(ms, canonical);
	dnc_buf_chr(out, '"');
	dnc_buf_add(out, canonical, SECONDS);
	dnc_buf_lit(out, "Z\"");
	return true;
}

static bool write_phone(struct dnc_buf *out, struct dnc_str number)
{
	if (number.n < 2 || number.n >= DNC_PHONE_MAX || number.p[0] != '+')
		return false;
	for (size_t i = 1; i < number.n; i++)
		if (!is_digit(number.p[i]))
			return false;
	dnc_buf_chr(out, '"');
	dnc_phone_mask(out, number);
	dnc_buf_chr(out, '"');
	return true;
}

void safe_write_pseudonym(
	struct safe *s, struct dnc_buf *out, struct dnc_str domain, struct dnc_str text)
{
	unsigned char digest[16], personal[crypto_generichash_blake2b_PERSONALBYTES] = {0};
	char same[DNC_UUID_LEN], *uuid;
	struct dnc_str id = text;
	unsigned i, last = s->pseudonyms < SAFE_PSEUDONYMS ? s->pseudonyms : SAFE_PSEUDONYMS;

	for (i = 0; i < last; i++)
		if (dnc_str_eq(s->made[i].of, text) && dnc_str_eq(s->made[i].domain, domain)) {
			dnc_buf_add(out, s->made[i].uuid, DNC_UUID_LEN);
			return;
		}
	/* One UUID has one pseudonym, however it is written. */
	if (dnc_uuid_read(text, same))
		id = (struct dnc_str){same, sizeof same};
	memcpy(personal, domain.p, domain.n < sizeof personal ? domain.n : sizeof personal);
	crypto_generichash_blake2b_salt_personal(digest, sizeof digest, (const unsigned char *)id.p,
		id.n, s->key, DNC_MASK_KEY_BYTES, NULL, personal);
	i = s->pseudonyms++ % SAFE_PSEUDONYMS;
	uuid = s->made[i].uuid;
	s->made[i].of = text;
	s->made[i].domain = domain;
	dnc_uuid_v8(digest, uuid);
	dnc_buf_add(out, uuid, DNC_UUID_LEN);
}

/* Removes the string literal at the start of TEXT, and sets CONTENT. False, with nothing removed, if there is none, or it has
 * escapes. */
static bool next_string(struct dnc_str *text, struct dnc_str *content)
{
	const char *end;

	if (text->n < 2 || text->p[0] != '"' || !(end = memchr(text->p + 1, '"', text->n - 1)))
		return false;
	*content = content_of((struct dnc_str){text->p, (size_t)(end + 1 - text->p)});
	if (!content->p)
		return false;
	text->n -= (size_t)(end + 1 - text->p);
	text->p = end + 1;
	return true;
}

static bool next_char(struct dnc_str *text, char c)
{
	if (!text->n || text->p[0] != c)
		return false;
	text->p++, text->n--;
	return true;
}

/* An array of words, or of the names of fields. */
static bool write_words(
	const struct safe *s, struct dnc_buf *out, enum dnc_show how, struct dnc_str raw)
{
	struct dnc_str word, rest = raw;
	size_t n = 0;

	if (!next_char(&rest, '['))
		return false;
	while (next_string(&rest, &word)) {
		if (++n > WORDS_MAX ||
			!(how == SHOW_FIELDS ? dnc_field_find(s->type, word) != FIELD_NONE
					     : is_word(word)))
			return false;
		if (!next_char(&rest, ','))
			break;
	}
	if (!next_char(&rest, ']') || rest.n)
		return false;
	dnc_buf_str(out, raw);
	return true;
}

/* An object of words, each true or false. */
static bool write_flags(struct dnc_buf *out, struct dnc_str raw)
{
	struct dnc_str word, rest = raw, value;
	size_t n = 0;

	if (!next_char(&rest, '{'))
		return false;
	while (next_string(&rest, &word)) {
		if (++n > WORDS_MAX || !is_word(word) || !next_char(&rest, ':'))
			return false;
		value = (struct dnc_str){rest.p, 0};
		while (value.n < rest.n && value.p[value.n] >= 'a' && value.p[value.n] <= 'z')
			value.n++;
		if (!dnc_str_eq(value, DNC_STR("true")) && !dnc_str_eq(value, DNC_STR("false")))
			return false;
		rest.p += value.n, rest.n -= value.n;
		if (!next_char(&rest, ','))
			break;
	}
	if (!next_char(&rest, '}') || rest.n)
		return false;
	dnc_buf_str(out, raw);
	return true;
}

/* A text with or without escapes, a number or a boolean, with few digits. */
static bool write_literal(struct dnc_buf *out, struct dnc_str raw)
{
	char decoded[LITERAL_MAX];
	struct dnc_str text = raw;

	if (raw.n > LITERAL_MAX || strchr("[{n", raw.p[0]))
		return false;
	if (raw.p[0] == '"')
		text = (struct dnc_str){decoded,
			dnc_json_unescape(decoded, (struct dnc_str){raw.p + 1, raw.n - 2})};
	else if (is_digit(raw.p[raw.n - 1]) &&
		 (memchr(raw.p, 'e', raw.n) || memchr(raw.p, 'E', raw.n)))
		return false; /* an exponent stands for more digits */
	if (dnc_phone_digits(text) > LITERAL_DIGITS)
		return false;
	dnc_buf_str(out, raw);
	return true;
}

static bool write_id(struct safe *s, struct dnc_buf *out, struct dnc_str domain, struct dnc_str raw)
{
	if (raw.n <= 2 || raw.p[0] != '"')
		return false;
	dnc_buf_chr(out, '"');
	safe_write_pseudonym(s, out, domain, (struct dnc_str){raw.p + 1, raw.n - 2});
	dnc_buf_chr(out, '"');
	return true;
}

static bool write_text(
	const struct safe *s, struct dnc_buf *out, struct dnc_shown shown, struct dnc_str raw)
{
	struct dnc_str text = raw.n <= TEXT_MAX ? content_of(raw) : (struct dnc_str){0};

	if (!text.p)
		return false;
	if (shown.how == SHOW_TIME)
		return write_time(out, text);
	if (shown.how == SHOW_PHONE)
		return write_phone(out, text);
	if (!is_text(s->type, shown, text))
		return false;
	dnc_buf_str(out, raw);
	return true;
}

bool safe_write(struct safe *s, struct dnc_buf *out, struct dnc_shown shown, struct dnc_str raw)
{
	switch (shown.how) {
	case SHOW_NOT:
	case SHOW_INGESTED_AT:
		return false;
	case SHOW_ID:
		return write_id(s, out, shown.domain, raw);
	case SHOW_COUNT:
	case SHOW_NUMBER:
	case SHOW_DIFFERENCE:
		return write_number(out, raw, shown.how);
	case SHOW_BOOL:
		return write_bool(out, raw);
	case SHOW_FLAGS:
		return write_flags(out, raw);
	case SHOW_WORDS:
	case SHOW_FIELDS:
		return write_words(s, out, shown.how, raw);
	case SHOW_LITERAL:
		if (write_literal(out, raw))
			return true;
		shown.how = shown.otherwise;
		return shown.how != SHOW_LITERAL && safe_write(s, out, shown, raw);
	default:
		return write_text(s, out, shown, raw);
	}
}

bool safe_write_top(
	const struct safe *s, struct dnc_buf *out, struct dnc_shown shown, struct dnc_str value)
{
	if (shown.how == SHOW_PHONE)
		return write_phone(out, value);
	if (!is_provider(s->type, value) && (shown.how != SHOW_LITERAL || value.n > LITERAL_MAX ||
						    dnc_phone_digits(value) > LITERAL_DIGITS))
		return false;
	dnc_json_write_str(out, value);
	return true;
}
