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

void source_drop_contradicted(struct dnc_source *s, bool all, struct dnc_buf *said)
{
	const struct dnc_origin *origin = &s->format->origin;
	const struct {
		const char *name, **option, *of_format;
	} values[] = {{"reason", &s->options.reason, origin->reason},
		{"source", &s->options.source, origin->source},
		{"provider", &s->options.provider, origin->provider}};

	for (size_t i = 0; i < (all ? sizeof values / sizeof values[0] : 1); i++) {
		const char *option = *values[i].option;

		if (!option || !values[i].of_format)
			continue;
		if (said && strcmp(option, values[i].of_format) != 0)
			dnc_buf_printf(said, "; --%s is not used: the format says %s",
				values[i].name, values[i].of_format);
		*values[i].option = NULL;
	}
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
