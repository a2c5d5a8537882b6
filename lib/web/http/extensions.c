#include "web/http/extensions.h"
#include <stdbool.h>
#include "web/http/chars.h"

/* What an offer says, RFC 7692 section 7.1. */
enum {
	SERVER_TAKEOVER = 1 << 0, /* server_no_context_takeover */
	CLIENT_TAKEOVER = 1 << 1,
	SERVER_WINDOW = 1 << 2,
	CLIENT_WINDOW = 1 << 3,
};

enum value { WITHOUT, NEEDED, OPTIONAL };

static const struct parameter {
	struct dnc_str name;
	unsigned flag;
	enum value value;
	unsigned min, max; /* of the value: those that can be honoured */
} parameters[] = {
	{DNC_STR("server_no_context_takeover"), SERVER_TAKEOVER, WITHOUT, 0, 0},
	{DNC_STR("client_no_context_takeover"), CLIENT_TAKEOVER, WITHOUT, 0, 0},
	{DNC_STR("server_max_window_bits"), SERVER_WINDOW, NEEDED, 15, 15},
	{DNC_STR("client_max_window_bits"), CLIENT_WINDOW, OPTIONAL, 8, 15},
};

/* The value of a parameter: p NULL if there is none. */
struct setting {
	struct dnc_str name, value;
	bool escaped; /* the value has quoted pairs, and is none that is known */
};

/* The token at the start of *S, which is taken from it; empty if there is none. */
static struct dnc_str take_token(struct dnc_str *s)
{
	struct dnc_str token = {s->p, 0};

	while (token.n < s->n && http_char_is(s->p[token.n], HTTP_TOKEN))
		token.n++;
	s->p += token.n;
	s->n -= token.n;
	return token;
}

static void skip_blanks(struct dnc_str *s)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t'))
		s->p++, s->n--;
}

static bool take(struct dnc_str *s, char c)
{
	skip_blanks(s);
	if (!s->n || s->p[0] != c)
		return false;
	s->p++, s->n--;
	skip_blanks(s);
	return true;
}

/* Takes the rest of a quoted string behind its first quote; what is inside must be a token when the backslashes are removed.
 * False if it is malformed. */
static bool take_quoted(struct dnc_str *s, struct setting *to)
{
	to->value = (struct dnc_str){s->p, 0};
	while (s->n && s->p[0] != '"') {
		bool escapes = s->p[0] == '\\';

		if (s->n < 1u + escapes || !http_char_is(s->p[escapes], HTTP_TOKEN))
			return false;
		to->escaped |= escapes;
		to->value.n += 1u + escapes;
		s->p += 1u + escapes;
		s->n -= 1u + escapes;
	}
	return to->value.n && take(s, '"');
}

/* Takes a parameter: its name, and perhaps "=" and a value. False if it is malformed. */
static bool take_setting(struct dnc_str *s, struct setting *to)
{
	*to = (struct setting){.name = take_token(s)};
	if (!to->name.n)
		return false;
	skip_blanks(s);
	if (!take(s, '='))
		return true;
	if (s->n && s->p[0] == '"') {
		s->p++, s->n--;
		return take_quoted(s, to);
	}
	to->value = take_token(s);
	return to->value.n;
}

/* Section 7.1.2.1: decimal digits without leading zeros. */
static bool is_number_between(struct dnc_str text, unsigned min, unsigned max)
{
	unsigned value = 0;

	if (!text.n || text.n > 2 || text.p[0] == '0')
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text.p[i] - '0');
	}
	return value >= min && value <= max;
}

/* Adds a parameter to those that were SEEN. False if the offer must be declined for it. */
static bool accepts(const struct setting *setting, unsigned *seen)
{
	for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
		const struct parameter *is = &parameters[i];

		if (!dnc_str_eq(setting->name, is->name))
			continue;
		if (*seen & is->flag)
			return false;
		*seen |= is->flag;
		if (!setting->value.p)
			return is->value != NEEDED;
		return is->value != WITHOUT && !setting->escaped &&
		       is_number_between(setting->value, is->min, is->max);
	}
	return false;
}

/* Takes one extension with its parameters. False if it is malformed; else ACCEPTED says whether it can be agreed, with the
 * parameters SEEN. */
static bool take_offer(struct dnc_str *s, bool *accepted, unsigned *seen)
{
	struct dnc_str name = take_token(s);
	struct setting setting;

	*accepted = dnc_str_eq(name, DNC_STR("permessage-deflate"));
	*seen = 0;
	if (!name.n)
		return false;
	while (take(s, ';')) {
		if (!take_setting(s, &setting))
			return false;
		*accepted = accepts(&setting, seen) && *accepted;
	}
	skip_blanks(s);
	return !s->n || s->p[0] == ',';
}

/* What the lines before have said. */
struct reading {
	enum extensions result;
	unsigned agreed; /* the parameters of the first offer that can be agreed */
	unsigned empty;  /* elements */
};

/* Reads the elements of one line; false if it is malformed. Where a sender has joined lists some may be empty, but not
 * any number: RFC 9110 section 5.6.1.2. */
static bool read_line(struct dnc_str s, struct reading *r)
{
	enum { EMPTY_MAX = 2 };

	do {
		unsigned seen;
		bool accepted;

		skip_blanks(&s);
		if (!s.n || s.p[0] == ',') {
			r->empty++;
			continue;
		}
		if (!take_offer(&s, &accepted, &seen))
			return false;
		if (accepted && r->result == EXTENSIONS_NONE) {
			r->result = EXTENSIONS_DEFLATE;
			r->agreed = seen;
		}
	} while (take(&s, ','));
	return r->empty <= EMPTY_MAX;
}

enum extensions extensions_negotiate(const struct http_head *head, struct dnc_buf *answer)
{
	struct reading r = {.result = EXTENSIONS_NONE};

	for (size_t i = 0; i < head->count; i++)
		if (dnc_str_caseeq(head->fields[i].name, DNC_STR("sec-websocket-extensions")) &&
			!read_line(head->fields[i].value, &r))
			return EXTENSIONS_MALFORMED;
	if (r.result == EXTENSIONS_DEFLATE) {
		dnc_buf_lit(answer, "permessage-deflate; server_no_context_takeover; "
				    "client_no_context_takeover");
		/* Section 7.1.2.1: one that was offered must be named. */
		if (r.agreed & SERVER_WINDOW)
			dnc_buf_lit(answer, "; server_max_window_bits=15");
	}
	return r.result;
}
