#include "encoding.h"
#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>

/* NO_CHARACTER: the byte for what can't be converted. */
enum { PIECE = 64 << 10, MAX_CHARACTER = 4, NO_CHARACTER = 0xFF };

struct dnc_converter {
	iconv_t iconv;
	size_t unit; /* bytes that are passed over if they are no character */
	char rest[MAX_CHARACTER];
	size_t rest_n; /* the start of a character whose end was not seen yet */
	char out[PIECE];
};

static const struct {
	const char *name; /* for iconv(3) */
	size_t unit;
} encodings[] = {[DNC_ENCODING_UTF_16LE] = {"UTF-16LE", 2},
	[DNC_ENCODING_UTF_16BE] = {"UTF-16BE", 2},
	[DNC_ENCODING_WINDOWS_1252] = {"WINDOWS-1252", 1}};

static const struct {
	struct dnc_str mark;
	enum dnc_encoding encoding; /* DNC_ENCODING_AUTO: none that is read here */
} marks[] = {{DNC_STR("\xFF\xFE\0\0"), DNC_ENCODING_AUTO}, /* UTF-32 */
	{DNC_STR("\xFF\xFE"), DNC_ENCODING_UTF_16LE}, {DNC_STR("\xFE\xFF"), DNC_ENCODING_UTF_16BE},
	{DNC_STR("\xEF\xBB\xBF"), DNC_ENCODING_UTF_8}};

/* UTF-16 by its zeros: those of ASCII are all on one side of the pairs, and the first two pairs have them. */
static enum dnc_encoding guess_by_zeros(struct dnc_str start)
{
	size_t zeros[2] = {0};

	if (start.n < 4)
		return DNC_ENCODING_UTF_8;
	for (size_t i = 0; i < start.n && i < DNC_ENCODING_SAMPLE; i++)
		zeros[i % 2] += !start.p[i];
	if (!zeros[0] && !start.p[1] && !start.p[3])
		return DNC_ENCODING_UTF_16LE;
	if (!zeros[1] && !start.p[0] && !start.p[2])
		return DNC_ENCODING_UTF_16BE;
	return DNC_ENCODING_UTF_8;
}

static bool is_utf_16(enum dnc_encoding e)
{
	return e == DNC_ENCODING_UTF_16LE || e == DNC_ENCODING_UTF_16BE;
}

int dnc_encoding_of(struct dnc_str start, bool whole, enum dnc_encoding wanted,
	enum dnc_encoding *out, struct dnc_error *err)
{
	enum dnc_encoding found = DNC_ENCODING_AUTO;
	bool marked = false;

	if (start.n < 4 && !whole)
		return 0;
	for (size_t i = 0; !marked && i < sizeof marks / sizeof marks[0]; i++)
		if (dnc_str_starts(start, marks[i].mark)) {
			found = marks[i].encoding;
			marked = true;
		}
	if (!marked)
		found = guess_by_zeros(start);
	if (!found)
		found = wanted = DNC_ENCODING_UTF_8; /* its reader refuses it */
	*out = wanted ? wanted : found;
	if (marked && wanted && found != wanted &&
		(wanted != DNC_ENCODING_UTF_8 || !is_utf_16(found)))
		return dnc_error_set(err, EILSEQ,
			"starts with the byte order mark of %s; read it with --encoding=auto",
			found == DNC_ENCODING_UTF_8 ? "UTF-8" : encodings[found].name);
	if (is_utf_16(wanted) && start.n && found != wanted && !marked &&
		!memchr(start.p, 0, start.n < DNC_ENCODING_SAMPLE ? start.n : DNC_ENCODING_SAMPLE))
		return dnc_error_set(err, EILSEQ, "is not %s; read it with --encoding=auto",
			encodings[wanted].name);
	if (is_utf_16(wanted) && is_utf_16(found) && found != wanted)
		return dnc_error_set(
			err, EILSEQ, "is %s; read it with --encoding=auto", encodings[found].name);
	return 1;
}

const char *dnc_encoding_advice(struct dnc_str text)
{
	return memchr(text.p, NO_CHARACTER, text.n)
	               ? "some of its bytes are no character of its encoding; fetch the file again"
	               : "it looks like Windows-1252: read the file with --encoding=windows-1252";
}

struct dnc_converter *dnc_converter_new(enum dnc_encoding encoding, struct dnc_error *err)
{
	struct dnc_converter *c = malloc(sizeof *c);

	if (!c) {
		dnc_error_nomem(err);
		return NULL;
	}
	c->rest_n = 0;
	c->unit = encodings[encoding].unit;
	c->iconv = iconv_open("UTF-8", encodings[encoding].name);
	if (c->iconv != (iconv_t)-1)
		return c;
	free(c);
	dnc_error_set(err, EILSEQ,
		"is text in %s, which the C library can't convert here; convert it first: iconv -f %s "
		"-t UTF-8 FILE",
		encodings[encoding].name, encodings[encoding].name);
	return NULL;
}

void dnc_converter_free(struct dnc_converter *c)
{
	if (!c)
		return;
	iconv_close(c->iconv);
	free(c);
}

/* Converts from *IN of *IN_N bytes to *OUT; stops at an incomplete character, or when OUT is full. */
static void convert(struct dnc_converter *c, char **in, size_t *in_n, char **out, size_t *room)
{
	while (*in_n && *room >= MAX_CHARACTER) {
		if (iconv(c->iconv, in, in_n, out, room) != (size_t)-1 || errno != EILSEQ)
			return;
		*in += c->unit < *in_n ? c->unit : *in_n;
		*in_n -= c->unit < *in_n ? c->unit : *in_n;
		*(*out)++ = (char)NO_CHARACTER;
		--*room;
	}
}

/* Completes the character of which the start is known. */
static void finish_rest(struct dnc_converter *c, struct dnc_str *text, char **out, size_t *room)
{
	while (c->rest_n && text->n) {
		char *in = c->rest;

		c->rest[c->rest_n++] = *text->p++;
		text->n--;
		convert(c, &in, &c->rest_n, out, room);
		memmove(c->rest, in, c->rest_n);
	}
}

struct dnc_str dnc_converter_run(struct dnc_converter *c, struct dnc_str *text)
{
	char *out = c->out, *in;
	size_t room = sizeof c->out, n;

	finish_rest(c, text, &out, &room);
	in = (char *)(uintptr_t)text->p;
	n = text->n;
	convert(c, &in, &n, &out, &room);
	*text = (struct dnc_str){in, n};
	if (n && n < MAX_CHARACTER && room >= 2 * MAX_CHARACTER) { /* the start of a character */
		memcpy(c->rest, in, n);
		c->rest_n = n;
		*text = (struct dnc_str){in + n, 0};
	}
	return (struct dnc_str){c->out, sizeof c->out - room};
}

bool dnc_converter_is_whole(const struct dnc_converter *c)
{
	return !c->rest_n;
}
