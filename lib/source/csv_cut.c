/* csv_cut.c - the fields of a line of a sample, without the rules for whole files. */
#include "priv/record.h"

bool csv_cut_field(struct csv_cut *c)
{
	bool quoted = false;
	size_t n = 0;

	if (!c->more)
		return false;
	while (n < c->rest.n && (quoted || c->rest.p[n] != c->delimiter))
		quoted ^= c->rest.p[n++] == '"';
	c->field = dnc_str_trim((struct dnc_str){c->rest.p, n});
	if (dnc_str_starts(c->field, DNC_STR("=\""))) /* a cell that is marked as text */
		c->field.p++, c->field.n--;
	if (c->field.n > 1 && c->field.p[0] == '"' && c->field.p[c->field.n - 1] == '"')
		c->field = (struct dnc_str){c->field.p + 1, c->field.n - 2};
	c->more = n < c->rest.n;
	c->rest.p += n + c->more;
	c->rest.n -= n + c->more;
	return true;
}

size_t csv_count_fields(struct dnc_str line, char delimiter)
{
	struct csv_cut c = {.rest = line, .delimiter = delimiter, .more = true};
	size_t n = 0;

	while (csv_cut_field(&c))
		n++;
	return n;
}
