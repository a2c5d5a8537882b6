/* csv_detect.c - whether a stream starts like a file with a header. */
#include "base/words.h"
#include "priv/format.h"

/* What the header tells: the column of the number, and whether it holds a number itself. */
struct header {
	size_t fields;
	struct dnc_str number; /* the header that means a phone number */
	struct dnc_str value;  /* a phone number in place of a header */
	bool type;
};

static struct header read_header(struct dnc_str line, char delimiter)
{
	struct csv_cut c = {.rest = line, .delimiter = delimiter, .more = true};
	struct header h = {0};

	for (; csv_cut_field(&c); h.fields++) {
		if (!h.number.p && csv_number_header(c.field))
			h.number = c.field;
		if (!h.value.p && numbers_is_number(c.field))
			h.value = c.field;
		h.type |= dnc_str_caseeq(c.field, DNC_STR("type")) ||
		          dnc_str_caseeq(c.field, DNC_STR("event_type"));
	}
	return h;
}

bool csv_names_number(struct dnc_str line)
{
	return read_header(line, ',').number.p;
}

/* What separates the fields, for a message; TEXT is room for it. */
static const char *name_of(char delimiter, char text[4])
{
	switch (delimiter) {
	case ',':
		return "commas";
	case ';':
		return "semicolons";
	case '\t':
		return "tabs";
	case '|':
		return "vertical bars";
	default:
		memcpy(text, "' '", 4);
		text[1] = delimiter;
		return text;
	}
}

/* How much of a field a message shows; of a missing one the word in its place. */
static int shown(struct dnc_str field)
{
	return !field.p || field.n > 40 ? 40 : (int)field.n;
}

/* How many of the sample's lines from number I on have so many fields. */
static size_t count_rows(
	const struct sample *sample, size_t i, size_t fields, char delimiter, size_t *lines)
{
	struct dnc_str line;
	size_t rows = 0;

	for (*lines = 0; sample_next(sample, &i, &line); ++*lines)
		rows += csv_count_fields(line, delimiter) == fields;
	return rows;
}

/* The header of SAMPLE, after a line "sep=;"; I is then the number of the line after it. */
static struct dnc_str find_header(const struct sample *sample, size_t *i, char *delimiter)
{
	struct dnc_str first = {0};

	*i = 0;
	sample_next(sample, i, &first);
	*delimiter = csv_read_separator(first);
	if (*delimiter)
		sample_next(sample, i, &first);
	else
		*delimiter = csv_guess_delimiter(first);
	if (sample->options->delimiter)
		*delimiter = sample->options->delimiter;
	return first;
}

void csv_detect(const struct sample *sample, struct verdict *v)
{
	char delimiter, text[4];
	size_t i, lines, rows;
	struct dnc_str first = find_header(sample, &i, &delimiter);
	struct header h = read_header(first, delimiter);

	rows = count_rows(sample, i, h.fields, delimiter, &lines);
	if (first.n && strchr("{[<", first.p[0]))
		verdict_set(v, FORMAT_NO, "it starts with \"%c\" instead of a header", first.p[0]);
	else if (sample_is_comment(first) && !h.number.p)
		verdict_set(v, FORMAT_NO, "it starts with a comment instead of a header");
	else if (sample->options->no_header)
		verdict_set(v, h.fields > 1 ? FORMAT_SURE : FORMAT_MAYBE,
			"%zu columns separated by %s, without a header as --no-header says",
			h.fields, name_of(delimiter, text));
	else if (h.value.p && h.fields > 1)
		verdict_set(v, FORMAT_MAYBE,
			"%zu columns separated by %s, but its first line holds the number %.*s instead of "
			"headers; with --no-header it is read",
			h.fields, name_of(delimiter, text), shown(h.value), h.value.p);
	else if (h.value.p)
		verdict_set(v, FORMAT_NO, "its first line is a number instead of a header");
	else if (h.number.p || h.type)
		verdict_set(v, FORMAT_SURE, "%zu %s%s, the header names %.*s", h.fields,
			dnc_plural(h.fields, "column", "columns separated by "),
			h.fields > 1 ? name_of(delimiter, text) : "", shown(h.number),
			h.number.p ? h.number.p : "type");
	else if (h.fields > 1 && lines && 2 * rows > lines)
		verdict_set(v, FORMAT_SURE, "%zu columns separated by %s", h.fields,
			name_of(delimiter, text));
	else if (h.fields > 1)
		verdict_set(v, FORMAT_MAYBE,
			"its first line has %zu fields separated by %s, but no header that is known to "
			"mean the phone number",
			h.fields, name_of(delimiter, text));
	else
		verdict_set(v, FORMAT_NO,
			"its first line has no separator and is no header that is known to mean the phone "
			"number");
}
