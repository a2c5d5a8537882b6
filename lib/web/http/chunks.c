#include "web/http/chunks.h"
#include "web/http/chars.h"

/* What a byte is to the grammar. */
enum kind {
	KIND_BAD, /* a control character */
	KIND_CR,
	KIND_LF,
	KIND_BLANK,
	KIND_HEX, /* part of a token, too */
	KIND_TOKEN,
	KIND_SEMICOLON,
	KIND_EQUALS,
	KIND_QUOTE,
	KIND_BACKSLASH,
	KIND_COLON,
	KIND_TEXT, /* any other that may be in a value */
	KINDS,
};

static enum kind kind_of(char c)
{
	switch (c) {
	case '\r':
		return KIND_CR;
	case '\n':
		return KIND_LF;
	case ' ':
	case '\t':
		return KIND_BLANK;
	case ';':
		return KIND_SEMICOLON;
	case '=':
		return KIND_EQUALS;
	case '"':
		return KIND_QUOTE;
	case '\\':
		return KIND_BACKSLASH;
	case ':':
		return KIND_COLON;
	default:
		if (http_hex_digit(c) >= 0)
			return KIND_HEX;
		if (http_char_is(c, HTTP_TOKEN))
			return KIND_TOKEN;
		return http_char_is(c, HTTP_VALUE) ? KIND_TEXT : KIND_BAD;
	}
}

#define TOKEN(state) [KIND_HEX] = (state), [KIND_TOKEN] = (state)
/* All that a value may have but '"' and '\'. */
#define TEXT(state)                                                                                \
	TOKEN(state), [KIND_BLANK] = (state), [KIND_SEMICOLON] = (state), [KIND_EQUALS] = (state), \
		      [KIND_COLON] = (state), [KIND_TEXT] = (state)

/* The state after a byte of each kind; CHUNK_FIRST, which comes after none, for those that are not allowed. Data is not
 * read by this table, and the state after the line of a size depends on the size. */
static const unsigned char next_state[CHUNK_STATES][KINDS] = {
	[CHUNK_FIRST] = {[KIND_HEX] = CHUNK_DIGITS},
	[CHUNK_SIZE] = {[KIND_HEX] = CHUNK_DIGITS},
	[CHUNK_DIGITS] = {[KIND_HEX] = CHUNK_DIGITS,
		[KIND_CR] = CHUNK_SIZE_LF,
		[KIND_SEMICOLON] = CHUNK_EXTENSION,
		[KIND_BLANK] = CHUNK_BLANK},
	[CHUNK_BLANK] = {[KIND_BLANK] = CHUNK_BLANK, [KIND_SEMICOLON] = CHUNK_EXTENSION},
	[CHUNK_EXTENSION] = {TOKEN(CHUNK_NAME), [KIND_BLANK] = CHUNK_EXTENSION},
	[CHUNK_NAME] =
		{TOKEN(CHUNK_NAME), [KIND_CR] = CHUNK_SIZE_LF, [KIND_SEMICOLON] = CHUNK_EXTENSION,
			[KIND_EQUALS] = CHUNK_EQUALS, [KIND_BLANK] = CHUNK_NAME_BLANK},
	[CHUNK_NAME_BLANK] = {[KIND_BLANK] = CHUNK_NAME_BLANK,
		[KIND_SEMICOLON] = CHUNK_EXTENSION,
		[KIND_EQUALS] = CHUNK_EQUALS},
	[CHUNK_EQUALS] =
		{TOKEN(CHUNK_VALUE), [KIND_BLANK] = CHUNK_EQUALS, [KIND_QUOTE] = CHUNK_QUOTED},
	[CHUNK_VALUE] = {TOKEN(CHUNK_VALUE), [KIND_CR] = CHUNK_SIZE_LF,
		[KIND_SEMICOLON] = CHUNK_EXTENSION, [KIND_BLANK] = CHUNK_BLANK},
	[CHUNK_QUOTED] = {TEXT(CHUNK_QUOTED), [KIND_QUOTE] = CHUNK_QUOTED_END,
		[KIND_BACKSLASH] = CHUNK_ESCAPE},
	[CHUNK_ESCAPE] =
		{TEXT(CHUNK_QUOTED), [KIND_QUOTE] = CHUNK_QUOTED, [KIND_BACKSLASH] = CHUNK_QUOTED},
	[CHUNK_QUOTED_END] = {[KIND_CR] = CHUNK_SIZE_LF,
		[KIND_SEMICOLON] = CHUNK_EXTENSION,
		[KIND_BLANK] = CHUNK_BLANK},
	[CHUNK_SIZE_LF] = {[KIND_LF] = CHUNK_DATA},
	[CHUNK_DATA_CR] = {[KIND_CR] = CHUNK_DATA_LF},
	[CHUNK_DATA_LF] = {[KIND_LF] = CHUNK_SIZE},
	[CHUNK_TRAILER] = {TOKEN(CHUNK_TRAILER_NAME), [KIND_CR] = CHUNK_LAST_LF},
	[CHUNK_TRAILER_NAME] = {TOKEN(CHUNK_TRAILER_NAME), [KIND_COLON] = CHUNK_TRAILER_VALUE},
	[CHUNK_TRAILER_VALUE] = {TEXT(CHUNK_TRAILER_VALUE), [KIND_QUOTE] = CHUNK_TRAILER_VALUE,
		[KIND_BACKSLASH] = CHUNK_TRAILER_VALUE, [KIND_CR] = CHUNK_TRAILER_LF},
	[CHUNK_TRAILER_LF] = {[KIND_LF] = CHUNK_TRAILER},
	[CHUNK_LAST_LF] = {[KIND_LF] = CHUNK_END},
};

static enum chunks_verdict check_sizes(const struct chunks *c)
{
	size_t line = c->state >= CHUNK_TRAILER ? CHUNK_TRAILER_BYTES : CHUNK_LINE_BYTES;

	if (c->line > line || c->digits > CHUNK_SIZE_DIGITS)
		return CHUNKS_BAD;
	return c->framing > CHUNK_FRAMING_BYTES ? CHUNKS_TOO_LARGE : CHUNKS_MORE;
}

/* Reads a byte of framing. */
static enum chunks_verdict read_framing(struct chunks *c, char byte)
{
	enum chunk_state from = c->state;

	c->state = next_state[from][kind_of(byte)];
	c->line++;
	c->framing++;
	if (c->state == CHUNK_FIRST)
		return CHUNKS_BAD;
	if (c->state == CHUNK_DIGITS) {
		c->digits++;
		c->left = c->left << 4 | (unsigned)http_hex_digit(byte);
	}
	if (c->state == CHUNK_DATA) {
		c->digits = 0;
		c->state = c->left ? CHUNK_DATA : CHUNK_TRAILER;
	}
	return check_sizes(c);
}

static void take_data(struct chunks *c, struct dnc_str *rest, struct dnc_str *data)
{
	*data = (struct dnc_str){rest->p, rest->n < c->left ? rest->n : (size_t)c->left};
	rest->p += data->n;
	rest->n -= data->n;
	c->left -= data->n;
	c->line = 0;
	if (!c->left)
		c->state = CHUNK_DATA_CR;
}

enum chunks_verdict chunks_next(struct chunks *c, struct dnc_str *rest, struct dnc_str *data)
{
	enum chunks_verdict verdict = CHUNKS_MORE;

	while (rest->n && c->state != CHUNK_END && verdict == CHUNKS_MORE) {
		if (c->state == CHUNK_DATA) {
			take_data(c, rest, data);
			return CHUNKS_DATA;
		}
		verdict = read_framing(c, *rest->p);
		rest->p++;
		rest->n--;
	}
	if (verdict != CHUNKS_MORE)
		c->state = CHUNK_BROKEN;
	return verdict == CHUNKS_MORE && c->state == CHUNK_END ? CHUNKS_END : verdict;
}
