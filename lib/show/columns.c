#include "priv/columns.h"
#include <stdint.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

static unsigned width(UChar32 c)
{
	int type;

	if (c < 0x300) /* no marks, and nothing wide; the soft hyphen is shown */
		return 1;
	type = u_charType(c);
	if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR ||
		(c >= 0x1160 && c <= 0x11FF))
		return 0;
	switch (u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH)) {
	case U_EA_WIDE:
	case U_EA_FULLWIDTH:
		return 2;
	default:
		return 1;
	}
}

/* How many bytes of TEXT fit in MOST columns; sets USED to their columns. No character is cut from the marks that
 * follow it. */
static size_t fit(struct dnc_str text, unsigned most, unsigned *used)
{
	const uint8_t *p = (const uint8_t *)text.p;
	int32_t n = text.n < INT32_MAX ? (int32_t)text.n : INT32_MAX;
	unsigned columns = 0;
	int32_t at = 0;

	while (at < n) {
		int32_t next = at;
		UChar32 c = p[at];
		unsigned w;

		if (c < 0x80)
			next++;
		else
			U8_NEXT(p, next, n, c);
		w = width(c < 0 ? 0xFFFD : c);
		if (columns + w > most)
			break;
		columns += w;
		at = next;
	}
	*used = columns;
	return (size_t)at;
}

unsigned show_columns(struct dnc_str text)
{
	unsigned used;

	fit(text, UINT32_MAX, &used);
	return used;
}

unsigned show_cut(struct dnc_buf *out, struct dnc_str text, unsigned most)
{
	unsigned used;
	size_t n = fit(text, most, &used);

	if (n == text.n || !most) {
		dnc_buf_add(out, text.p, n);
		return used;
	}
	n = fit(text, most - 1, &used);
	dnc_buf_add(out, text.p, n);
	dnc_buf_lit(out, "…");
	return used + 1;
}

void show_blanks(struct dnc_buf *out, unsigned n)
{
	if (!dnc_buf_reserve(out, n))
		return;
	memset(out->p + out->n, ' ', n);
	out->n += n;
}
