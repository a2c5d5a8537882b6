/* sample.c - the start of a stream: kept, shown to the formats, and read again. */
#include "priv/sample.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/array.h"

bool sample_next(const struct sample *sample, size_t *i, struct dnc_str *line)
{
	while (*i < sample->count) {
		const struct sample_line *l = &sample->lines[(*i)++];

		*line = dnc_str_trim((struct dnc_str){sample->text.p + l->at, l->n});
		if (line->n)
			return true;
	}
	return false;
}

bool sample_is_comment(struct dnc_str line)
{
	return line.n && (line.p[0] == '#' || line.p[0] == ';');
}

struct dnc_str sample_first(const struct sample *sample)
{
	struct dnc_str line;

	for (size_t i = 0; sample_next(sample, &i, &line);)
		if (!sample_is_comment(line))
			return line;
	return (struct dnc_str){0};
}

size_t sample_rows(const struct sample *sample, bool (*is_row)(struct dnc_str line), size_t *lines)
{
	struct dnc_str line;
	size_t rows = 0;

	*lines = 0;
	for (size_t i = 0; sample_next(sample, &i, &line);) {
		if (sample_is_comment(line))
			continue;
		++*lines;
		rows += is_row(line);
	}
	return rows;
}

void verdict_set(struct verdict *v, enum likeness likeness, const char *fmt, ...)
{
	va_list ap;

	v->likeness = likeness;
	va_start(ap, fmt);
	vsnprintf(v->why, sizeof v->why, fmt, ap);
	va_end(ap);
}

int kept_add(struct kept *kept, const struct dnc_line *line)
{
	size_t n = line->text.n + line->end_n;

	if (line->too_long || n > SAMPLE_BYTES - kept->text.n || kept->count == SAMPLE_LINES)
		return 0;
	/* Parsers read beyond the end of a line. */
	if (!dnc_array_grow(&kept->lines, &kept->room, kept->count + 1) ||
		!dnc_buf_reserve(&kept->text, n + DNC_LINES_SLACK))
		return -1;
	if (!kept->count)
		kept->first = kept->number = line->number;
	kept->lines[kept->count++] = (struct sample_line){
		(uint32_t)kept->text.n, (uint32_t)line->text.n, (uint8_t)line->end_n};
	dnc_buf_add(&kept->text, line->text.p, n);
	return 1;
}

bool kept_take(struct kept *kept, struct dnc_line *line)
{
	const struct sample_line *l;

	if (kept->taken == kept->count)
		return false;
	l = &kept->lines[kept->taken++];
	*line = (struct dnc_line){
		.text = {kept->text.p + l->at, l->n}, .end_n = l->end_n, .number = kept->number++};
	return true;
}

void kept_finish(struct kept *kept)
{
	dnc_buf_free(&kept->text);
	free(kept->lines);
	*kept = (struct kept){0};
}
