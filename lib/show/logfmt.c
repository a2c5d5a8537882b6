/* logfmt.c - events as logfmt: name=value, separated by blanks, as log systems read it. Values with blanks, quotes,
 * "=" or control characters are quoted as JSON strings are; names have "_" in place of those. */
#include "base/escape.h"
#include "priv/flatten.h"

static bool is_plain(unsigned char c)
{
	return c > ' ' && c != '=' && c != '"' && c != 0x7F;
}

static void write_name(struct dnc_buf *out, struct dnc_str name)
{
	if (!dnc_buf_reserve(out, name.n + 1))
		return;
	for (size_t i = 0; i < name.n; i++)
		out->p[out->n++] = (char)(is_plain((unsigned char)name.p[i]) ? name.p[i] : '_');
	out->p[out->n++] = '=';
}

static void write_value(struct dnc_buf *out, struct dnc_str value)
{
	bool plain = value.n > 0;

	for (size_t i = 0; i < value.n && plain; i++)
		plain = is_plain((unsigned char)value.p[i]) && value.p[i] != '\\';
	if (plain && dnc_escape_none(value, DNC_ESCAPE_STRING)) {
		dnc_buf_str(out, value);
		return;
	}
	dnc_buf_chr(out, '"');
	dnc_escape(out, value, DNC_ESCAPE_STRING);
	dnc_buf_chr(out, '"');
}

static void write_member(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e,
	struct dnc_str name, const struct show_value *v)
{
	if (out->n > s->line_start)
		dnc_buf_chr(out, ' ');
	if (dnc_escape_none(name, DNC_ESCAPE_TEXT)) {
		write_name(out, name);
	} else {
		dnc_buf_clear(&s->cell);
		dnc_escape(&s->cell, name, DNC_ESCAPE_TEXT);
		write_name(out, dnc_buf_view(&s->cell));
	}
	if (v->text) {
		write_value(out, v->str);
		return;
	}
	dnc_buf_clear(&s->cell);
	show_value_write(&s->cell, e, v);
	write_value(out, dnc_buf_view(&s->cell));
}

void show_logfmt(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	s->line_start = out->n;
	show_flatten(s, e, write_member, out);
}
