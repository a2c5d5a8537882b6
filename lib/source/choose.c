/* choose.c - "auto": which format a stream has, from its start. */
#include "priv/choose.h"
#include <stdio.h>

/* More formats are not told about in one message. */
enum { CHOICES = 32 };

struct choice {
	const struct format *format;
	struct verdict verdict;
};

/* Asks each format. Returns how many answered. */
static size_t ask(const struct sample *sample, struct choice choices[CHOICES])
{
	const struct format *f;
	size_t n = 0;

	for (size_t i = 0; n < CHOICES && (f = format_at(i)); i++) {
		if (!f->detect)
			continue;
		choices[n] = (struct choice){.format = f};
		f->detect(sample, &choices[n++].verdict);
	}
	return n;
}

/* Appends "NAME (WHY), NAME (WHY)" of the formats whose verdict is LIKENESS, after BEFORE. */
static void add_choices(struct dnc_buf *b, const struct choice *choices, size_t n,
	enum likeness likeness, const char *before)
{
	const char *separator = before;

	for (size_t i = 0; i < n; i++) {
		if (choices[i].verdict.likeness != likeness)
			continue;
		dnc_buf_printf(b, "%s%s (%s)", separator, choices[i].format->about.name,
			choices[i].verdict.why);
		separator = ", ";
	}
}

static enum dnc_source_result refuse(struct dnc_source *s, const struct choice *choices, size_t n)
{
	struct dnc_buf text = {0};
	enum dnc_source_result rc = DNC_SOURCE_FAILED;

	dnc_buf_lit(&text, "has no format that is certain");
	add_choices(&text, choices, n, FORMAT_MAYBE, ": it may be ");
	add_choices(&text, choices, n, FORMAT_NO, "; it is not ");
	dnc_buf_lit(&text, "; give --format");
	dnc_buf_chr(&text, '\0');
	if (dnc_buf_ok(&text))
		rc = source_refuse(s, DNC_REFUSED_HEADER, "%s", text.p);
	dnc_buf_free(&text);
	return rc;
}

/* What the format says stands before the options, because a directory may have files of several formats; the message
 * tells it. */
static enum dnc_source_result drop_options(struct dnc_source *s)
{
	struct dnc_buf said = {0};
	size_t n = strlen(s->choice);

	source_drop_contradicted(s, true, &said);
	dnc_buf_chr(&said, '\0');
	if (!dnc_buf_ok(&said)) {
		dnc_buf_free(&said);
		return DNC_SOURCE_FAILED;
	}
	snprintf(s->choice + n, sizeof s->choice - n, "%s", said.p);
	dnc_buf_free(&said);
	return DNC_SOURCE_CHOSEN;
}

/* An option that only files with columns have must not be without effect. */
static enum dnc_source_result take(struct dnc_source *s, const struct choice *c)
{
	bool columns = s->options.column_count || s->options.delimiter || s->options.no_header;

	snprintf(s->choice, sizeof s->choice, "%s: %s", c->format->about.name, c->verdict.why);
	if (columns && !(c->format->about.flags & DNC_FORMAT_HEADER))
		return source_refuse(s, DNC_REFUSED_HEADER,
			"is not a CSV file, so --column, --delimiter and --no-header can't be used (it looks like %s; if it "
			"is CSV, use --format=csv)",
			s->choice);
	s->format = c->format;
	return drop_options(s);
}

enum dnc_source_result choose_format(struct dnc_source *s, const struct sample *sample, bool last)
{
	struct choice choices[CHOICES];
	size_t n = ask(sample, choices);
	bool maybe = false;

	for (size_t i = 0; i < n; i++) {
		if (choices[i].verdict.likeness == FORMAT_SURE)
			return take(s, &choices[i]);
		maybe |= choices[i].verdict.likeness == FORMAT_MAYBE;
	}
	return maybe && !last ? DNC_SOURCE_MORE : refuse(s, choices, n);
}
