#include "escape.h"
#include <stdio.h>
#include "utf8.h"

/* From U+0080 on. */
static const struct {
	uint32_t from, to;
} hidden[] = {
	{0x80, 0x9F},       /* C1 */
	{0x61C, 0x61C},     /* Arabic letter mark */
	{0x180E, 0x180E},   /* Mongolian vowel separator */
	{0x200B, 0x200B},   /* zero width space */
	{0x200E, 0x200F},   /* left-to-right and right-to-left mark */
	{0x2028, 0x202E},   /* separators, embeddings and overrides */
	{0x2060, 0x206F},   /* word joiner, invisible operators, isolates, deprecated controls */
	{0xFEFF, 0xFEFF},   /* byte order mark */
	{0xFFF9, 0xFFFB},   /* interlinear annotation */
	{0xE0000, 0xE007F}, /* tags */
};

/* The next character of a text, or a byte that is in none. */
struct piece {
	size_t n; /* bytes */
	uint32_t code;
	bool valid;
};

static struct piece look(const unsigned char *p, size_t n)
{
	static const unsigned char first_bits[] = {[2] = 0x1F, [3] = 0x0F, [4] = 0x07};
	struct piece piece = {.n = 1, .code = p[0], .valid = true};
	size_t length;

	if (p[0] < 0x80)
		return piece;
	length = dnc_utf8_length(p, n);
	piece.valid = length > 0;
	if (!piece.valid)
		return piece;
	piece.n = length;
	piece.code = p[0] & first_bits[length];
	for (size_t i = 1; i < length; i++)
		piece.code = piece.code << 6 | (p[i] & 0x3Fu);
	return piece;
}

static bool is_hidden(uint32_t code)
{
	for (size_t i = 0; i < sizeof hidden / sizeof hidden[0] && code >= hidden[i].from; i++)
		if (code <= hidden[i].to)
			return true;
	return false;
}

static bool needs_escape(const struct piece *piece, enum dnc_escape how)
{
	if (!piece->valid || piece->code == 0x7F)
		return true;
	if (piece->code < 0x20)
		return how != DNC_ESCAPE_JSON || piece->code != '\n';
	if (piece->code < 0x80)
		return how == DNC_ESCAPE_STRING && (piece->code == '"' || piece->code == '\\');
	return is_hidden(piece->code);
}

/* What most text is made of: no escape is needed. */
static inline bool is_plain_ascii(unsigned char c, enum dnc_escape how)
{
	return c >= 0x20 && c < 0x7F && (how != DNC_ESCAPE_STRING || (c != '"' && c != '\\'));
}

/* Returns the length of what needs no escape at the start of TEXT. */
static size_t plain(struct dnc_str text, enum dnc_escape how)
{
	const unsigned char *p = (const unsigned char *)text.p;
	size_t at = 0;

	while (at < text.n) {
		struct piece piece;

		while (at < text.n && is_plain_ascii(p[at], how))
			at++;
		if (at == text.n)
			break;
		piece = look(p + at, text.n - at);
		if (needs_escape(&piece, how))
			break;
		at += piece.n;
	}
	return at;
}

/* Writes the escape of PIECE and returns its length. */
static size_t write_escape(
	char out[DNC_ESCAPE_MAX + 1], const struct piece *piece, enum dnc_escape how)
{
	static const char letters[] = {['\n'] = 'n', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\'};
	uint32_t code = piece->code, low = code - 0x10000;
	const size_t size = DNC_ESCAPE_MAX + 1;
	int n;

	if (!piece->valid)
		n = how == DNC_ESCAPE_TEXT ? snprintf(out, size, "\\x%02x", code)
		                           : snprintf(out, size, "\\ufffd");
	else if (code < sizeof letters && letters[code])
		n = snprintf(out, size, "\\%c", letters[code]);
	else if (code < 0x10000)
		n = snprintf(out, size, "\\u%04x", code);
	else if (how == DNC_ESCAPE_TEXT)
		n = snprintf(out, size, "\\U%08x", code);
	else
		n = snprintf(
			out, size, "\\u%04x\\u%04x", 0xD800 | low >> 10, 0xDC00 | (low & 0x3FF));
	return (size_t)n;
}

/* Writes the escape at the start of TEXT, which needs one. Returns its length, and sets USED to that of what it
 * replaces. */
static size_t next_escape(
	char out[DNC_ESCAPE_MAX + 1], struct dnc_str text, enum dnc_escape how, size_t *used)
{
	struct piece piece = look((const unsigned char *)text.p, text.n);

	*used = piece.n;
	return write_escape(out, &piece, how);
}

static void advance(struct dnc_str *text, size_t n)
{
	text->p += n;
	text->n -= n;
}

void dnc_escape(struct dnc_buf *out, struct dnc_str text, enum dnc_escape how)
{
	char escape[DNC_ESCAPE_MAX + 1];
	size_t used;

	for (;;) {
		size_t n = plain(text, how);

		dnc_buf_add(out, text.p, n);
		advance(&text, n);
		if (!text.n)
			return;
		dnc_buf_add(out, escape, next_escape(escape, text, how, &used));
		advance(&text, used);
	}
}

/* The most of the N bytes at P, which need no escape, that fit in ROOM without cutting a character. */
static size_t fit(const char *p, size_t n, size_t room)
{
	if (n <= room)
		return n;
	while (room && ((unsigned char)p[room] & 0xC0) == 0x80)
		room--;
	return room;
}

size_t dnc_escape_into(char *out, size_t size, struct dnc_str text, enum dnc_escape how)
{
	char escape[DNC_ESCAPE_MAX + 1];
	size_t length = 0, used;

	while (text.n) {
		size_t n = plain(text, how), fits = fit(text.p, n, size - 1 - length);

		if (fits)
			memcpy(out + length, text.p, fits);
		length += fits;
		advance(&text, n);
		if (fits < n || !text.n)
			break;
		n = next_escape(escape, text, how, &used);
		if (n > size - 1 - length)
			break;
		memcpy(out + length, escape, n);
		length += n;
		advance(&text, used);
	}
	out[length] = '\0';
	return length;
}

bool dnc_escape_none(struct dnc_str text, enum dnc_escape how)
{
	return plain(text, how) == text.n;
}
