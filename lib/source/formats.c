/* formats.c - the table of formats. */
#include "priv/format.h"

/* In the order in which "auto" asks them: the most particular first. */
static const struct format *const formats[] = {
	&format_cloudevents, &format_ftc_reported, &format_optout, &format_ndjson, &format_ftc_xml,
	&format_ftc_change, &format_ftc_full, &format_numbers, &format_csv,
	&format_tsv, /* only by name: "auto" reads tabs as CSV */
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

const struct format *format_at(size_t index)
{
	return index < FORMATS ? formats[index] : NULL;
}

const struct format *format_find(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(formats[i]->about.name, name) == 0)
			return formats[i];
	return NULL;
}

const struct dnc_format *dnc_format_at(size_t index)
{
	const struct format *f = format_at(index);

	return f ? &f->about : NULL;
}

const struct dnc_format *dnc_format_find(const char *name)
{
	const struct format *f = format_find(name);

	return f ? &f->about : NULL;
}

const struct dnc_origin *dnc_format_origin(const char *name)
{
	const struct format *f = format_find(name);

	return f ? &f->origin : NULL;
}
