/* source.c - a stream that is read by one of the formats. */
#include <stdlib.h>
#include "priv/choose.h"

static bool has_header(const struct dnc_source *s)
{
	return s->format && s->format->about.flags & DNC_FORMAT_HEADER;
}

struct dnc_source *dnc_source_new(const struct dnc_source_options *options, struct dnc_error *err)
{
	bool automatic = strcmp(options->format, "auto") == 0;
	struct dnc_source *s = calloc(1, sizeof *s);

	if (!s || !(s->parser = dnc_json_parser_new())) {
		dnc_error_nomem(err);
		goto fail;
	}
	s->options = *options;
	s->beside = (struct dnc_beside_context){
		.region = options->region, .strict = options->strict_phone, .advice = "use a map"};
	s->csv.delimiter = options->delimiter;
	if (!automatic && !(s->format = format_find(options->format))) {
		dnc_error_set(err, 0, "%s: unknown format", options->format);
		goto fail;
	}
	if (options->map && s->format && s->format->about.flags & DNC_FORMAT_NAMELESS) {
		dnc_error_set(err, 0,
			"a map requires records with named fields, which %s does not have",
			s->format->about.name);
		goto fail;
	}
	if (s->format)
		source_drop_contradicted(s, !(s->format->about.flags & DNC_FORMAT_LAYOUT), NULL);
	if (has_header(s) && !options->reject_lines && csv_tells_by_rows(options) &&
		(s->format->scan || options->no_header)) {
		s->given = s->format;
		s->format = NULL;
	}
	return s;
fail:
	dnc_source_free(s);
	return NULL;
}

void dnc_source_free(struct dnc_source *s)
{
	if (!s)
		return;
	if (s->format && s->format->finish)
		s->format->finish(s);
	dnc_json_parser_free(s->parser);
	dnc_buf_free(&s->event);
	dnc_buf_free(&s->decoded);
	csv_finish(&s->csv);
	dnc_beside_finish(&s->beside);
	kept_finish(&s->kept);
	documents_finish(&s->documents);
	free(s);
}

const char *dnc_source_choice(const struct dnc_source *s)
{
	return s->choice;
}

const char *dnc_source_format(const struct dnc_source *s)
{
	const struct format *f = s->format ? s->format : s->given;

	return f ? f->about.name : "auto";
}

struct dnc_origin dnc_source_origin(const struct dnc_source *s)
{
	const struct format *f = s->format ? s->format : s->given;
	struct dnc_origin origin = f ? f->origin : (struct dnc_origin){0};

	if (s->options.provider)
		origin.provider = s->options.provider;
	if (s->options.source)
		origin.source = s->options.source;
	if (s->options.reason)
		origin.reason = s->options.reason;
	return origin;
}

bool dnc_source_is_full(const struct dnc_source *s)
{
	return s->format && s->format->full && s->format->full(s);
}

bool dnc_source_other_columns(const struct dnc_source *s, struct dnc_buf *names)
{
	const struct csv_state *csv = &s->csv;

	if (!has_header(s) || !csv->header_done || s->options.map)
		return false;
	for (size_t i = 0; i < csv->columns; i++) {
		if (strcmp(csv->headers[i], "phone_number") == 0 ||
			strcmp(csv->headers[i], "type") == 0 ||
			dnc_beside_certain(csv->beside[i]) || csv->contrary[i])
			continue;
		if (names->n)
			dnc_buf_lit(names, ", ");
		dnc_buf_str(names, dnc_str(csv->headers[i]));
	}
	return true;
}

/* The first line that is not blank shows what the stream is. */
static enum dnc_source_result probe(struct dnc_source *s, struct dnc_str first)
{
	bool xml = ((!s->format && !s->given) || s->format == &format_ftc_xml) &&
	           dnc_str_starts(dnc_str_trim(first), DNC_STR("<?xml"));
	const char *what = s->options.reject_lines || xml ? NULL : source_probe(first);

	s->started = true;
	return what ? source_refuse(s, DNC_REFUSED_CONTENT, "is %s", what) : DNC_SOURCE_MORE;
}

/* The first bytes of a line that is too long. */
static enum dnc_source_result reject_too_long(struct dnc_source *s)
{
	if (has_header(s) && !s->csv.header_done)
		return source_refuse(s, DNC_REFUSED_HEADER,
			"has no header that can be read: line %llu is longer than %zu bytes",
			(unsigned long long)s->record.line, s->options.max_record);
	if (s->format == &format_ftc_xml)
		return source_refuse(s, DNC_REFUSED_REST,
			"is not read beyond line %llu, which is longer than %zu bytes: give a larger "
			"--max-record, or break the lines: xmllint --format",
			(unsigned long long)s->record.line, s->options.max_record);
	s->csv.rows += has_header(s);
	return source_reject(s, DNC_REJECT_TOO_LARGE, "", "the record is longer than %zu bytes",
		s->options.max_record);
}

static enum dnc_source_result choose(struct dnc_source *s, const struct sample *sample, bool last)
{
	if (!s->given)
		return choose_format(s, sample, last);
	s->format = s->given;
	return DNC_SOURCE_MORE;
}

/* Chooses the format by the lines that were kept; LAST: no more of them will be. */
static enum dnc_source_result choose_from_kept(struct dnc_source *s, bool last)
{
	const struct sample sample = {.text = dnc_buf_view(&s->kept.text),
		.lines = s->kept.lines,
		.count = s->kept.count,
		.ended = s->ended,
		.options = &s->options};

	return choose(s, &sample, last);
}

/* A line of a stream whose lines are acknowledged one by one: it must tell the format by itself. If it does not, it is
 * rejected, and the next one is asked. */
static enum dnc_source_result choose_by_line(struct dnc_source *s, const struct sample *sample)
{
	enum dnc_source_result rc = choose_format(s, sample, true);

	if (rc == DNC_SOURCE_CHOSEN)
		return DNC_SOURCE_MORE;
	s->refused = false;
	return rc;
}

/* Reads line L when the format is not known: keeps it, or chooses the format. */
static enum dnc_source_result read_sample(struct dnc_source *s, const struct dnc_line *l)
{
	struct sample_line line = {
		0, l->text.n < SAMPLE_BYTES ? (uint32_t)l->text.n : SAMPLE_BYTES, 0};
	const struct sample alone = {
		.text = {l->text.p, line.n}, .lines = &line, .count = 1, .options = &s->options};
	int kept;

	if (s->options.reject_lines)
		return choose_by_line(s, &alone);
	kept = kept_add(&s->kept, l);
	if (kept)
		return kept < 0 ? DNC_SOURCE_FAILED : DNC_SOURCE_MORE;
	s->waiting = true; /* it is read again, after those that were kept */
	return s->kept.count ? choose_from_kept(s, true) : choose(s, &alone, true);
}

/* Goes on with what was read before. */
static enum dnc_source_result advance(struct dnc_source *s)
{
	return s->format && s->format->next ? s->format->next(s) : DNC_SOURCE_MORE;
}

/* No row goes on after a line that is too long, which is read when the row has ended. */
static enum dnc_source_result end_row(struct dnc_source *s)
{
	enum dnc_source_result rc;

	s->csv.ended = true;
	rc = advance(s);
	s->waiting = rc;
	return rc;
}

/* Reads one line. */
static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *l)
{
	enum dnc_source_result rc;

	if (s->refused && !s->options.reject_lines)
		return DNC_SOURCE_MORE;
	if (l->too_long && s->csv.raw.n && (rc = end_row(s)))
		return rc;
	s->record = (struct dnc_record){.line = l->number, .raw = l->text};
	if (dnc_str_trim(l->text).n == 0 && !l->too_long && !s->csv.raw.n && !s->xml &&
		(s->format || !s->kept.count))
		return DNC_SOURCE_MORE; /* a blank line is no record */
	if (!s->started && (rc = probe(s, l->text)))
		return rc;
	if (s->refused)
		return source_reject_refused(s);
	if (l->too_long && s->documents.open)
		return documents_cut(s);
	if (l->too_long && (s->format || s->options.reject_lines))
		return reject_too_long(s);
	if (!s->format && ((rc = read_sample(s, l)) || !s->format || s->waiting))
		return rc;
	return s->format->line(s, l);
}

/* The next line to read, in its order. */
static bool take_line(struct dnc_source *s, struct dnc_line *line)
{
	if ((s->format || s->refused) && s->kept.count) {
		if (kept_take(&s->kept, line))
			return true;
		kept_finish(&s->kept);
	}
	if (!s->waiting)
		return false;
	s->waiting = false;
	*line = s->fed;
	return true;
}

void dnc_source_feed(struct dnc_source *s, const struct dnc_line *line)
{
	s->fed = *line;
	s->waiting = s->any = true;
	s->settling = false;
	if (line->number == 1 && dnc_str_starts(line->text, DNC_STR("\xEF\xBB\xBF"))) {
		s->fed.text.p += 3; /* a byte order mark, as spreadsheets write */
		s->fed.text.n -= 3;
	}
}

void dnc_source_settle(struct dnc_source *s)
{
	s->settling = s->kept.count > s->settled;
	s->settled = s->kept.count;
}

void dnc_source_end(struct dnc_source *s)
{
	s->ended = true;
}

void dnc_source_cut(struct dnc_source *s)
{
	s->ended = s->cut = true;
}

static enum dnc_source_result advance_at_end(struct dnc_source *s)
{
	enum dnc_source_result rc;

	s->at_end = s->csv.ended = true;
	rc = advance(s);
	return s->cut && rc == DNC_SOURCE_RECORD
	               ? source_reject(s, DNC_REJECT_INVALID_ROW, "", "the file ends too early")
	               : rc;
}

/* Reads what is there, to the next record. */
static enum dnc_source_result read_lines(struct dnc_source *s)
{
	enum dnc_source_result rc = advance(s);
	struct dnc_line line;

	while (!rc && take_line(s, &line))
		rc = read_line(s, &line);
	return rc;
}

enum dnc_source_result dnc_source_next(
	struct dnc_source *s, struct dnc_record *record, struct dnc_error *err)
{
	enum dnc_source_result rc;

	if (s->cut && s->at_end)
		return DNC_SOURCE_MORE;
	rc = read_lines(s);
	if (!rc && (s->ended || s->settling) && s->kept.count) {
		rc = choose_from_kept(s, s->ended);
		if (!rc && s->format)
			rc = read_lines(s);
	}
	if (!rc && s->ended && !s->at_end)
		rc = advance_at_end(s);
	if (rc > DNC_SOURCE_MORE)
		*record = s->record;
	if (rc == DNC_SOURCE_REJECT)
		*err = s->err;
	else if (rc == DNC_SOURCE_FAILED)
		dnc_error_nomem(err);
	return rc;
}

const char *dnc_source_refusal(const struct dnc_source *s, enum dnc_refusal *kind)
{
	*kind = s->refusal;
	return s->why;
}

const char *dnc_source_doubt(const struct dnc_source *s)
{
	return s->doubt;
}

const char *dnc_source_nothing(const struct dnc_source *s)
{
	if (s->refused)
		return NULL;
	if (!s->any)
		return "is empty";
	if (!s->started)
		return "contains only blank lines";
	if (has_header(s) && !s->csv.rows)
		return s->csv.header_done ? "has a header, but no rows" : "has no rows";
	return NULL;
}
