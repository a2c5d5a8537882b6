/* ftc_xml.c - the National Registry's lists as XML, read by expat:
 *
 *	<list type="full" ...><ac val="303"><ph val="5550143"/>...</ac>...</list>
 *	<list type="change" ...><ac val="303"><ph val="5550143" date="2026-08-29T08:00:00" type="A"/>...
 *
 * Each line is parsed as it comes; the records that it completes wait in a queue. A document type declaration, with which
 * entities would be defined, is refused. */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "priv/format.h"
#include "priv/ftc.h"

enum { AREA_DIGITS = 3, LOCAL_DIGITS = 7, DIGITS = 10 };

struct entry {
	const char *fault; /* why it is rejected; NULL if it is a number */
	uint64_t line;
	size_t raw_at, raw_n; /* in the line that is being parsed */
	int64_t ms;
	char number[DIGITS];
	bool added;
};

struct ftc_xml {
	XML_Parser parser;
	struct entry *entries; /* of the line, owned */
	size_t count, room, taken;
	struct dnc_str line;
	uint64_t number;     /* of the line */
	uint64_t fed, lines; /* bytes and lines that were parsed before it */
	uint64_t fed_lines;  /* with it */
	bool in_list, in_ac, in_ph;
	bool list_seen; /* the first element is a list that can be read */
	bool change, no_memory;
	char area[AREA_DIGITS + 1]; /* empty if none is known */
	char list_area[AREA_DIGITS + 1];
	char fault[160]; /* why the document can't be read; empty if it can */
};

static void fail(struct ftc_xml *x, const char *what)
{
	if (!x->fault[0])
		snprintf(x->fault, sizeof x->fault, "%s", what);
	XML_StopParser(x->parser, XML_FALSE);
}

static const char *attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

static void start_list(struct ftc_xml *x, const char *name, const char **attributes)
{
	const char *type = attribute(attributes, "type"), *area = attribute(attributes, "val");

	if (strcmp(name, "list") != 0)
		fail(x, "its first element is not <list>");
	else if (!type || (strcmp(type, "full") != 0 && strcmp(type, "change") != 0))
		fail(x, "<list> has no type=\"full\" or type=\"change\"");
	else
		x->list_seen = true;
	x->change = type && strcmp(type, "change") == 0;
	if (source_is_digits(dnc_str(area), AREA_DIGITS))
		strcpy(x->list_area, area);
	strcpy(x->area, x->list_area);
}

/* Writes the ten digits of a number. Returns why it can't. */
static const char *read_number(const struct ftc_xml *x, const char *val, char number[DIGITS])
{
	struct dnc_str digits = dnc_str(val);

	if (!val)
		return "<ph> has no attribute val";
	if (source_is_digits(digits, DIGITS)) {
		memcpy(number, digits.p, DIGITS);
		if (x->area[0] && memcmp(number, x->area, AREA_DIGITS) != 0)
			return "the number has another area code than its <ac>";
		return NULL;
	}
	if (!source_is_digits(digits, LOCAL_DIGITS))
		return "val is neither seven nor ten digits";
	if (!x->area[0])
		return "seven digits without an <ac> of three digits around them";
	memcpy(number, x->area, AREA_DIGITS);
	memcpy(number + AREA_DIGITS, digits.p, LOCAL_DIGITS);
	return NULL;
}

static const char *read_entry(const struct ftc_xml *x, const char **attributes, struct entry *e)
{
	const char *val = attribute(attributes, "val"), *type = attribute(attributes, "type");
	const char *date = attribute(attributes, "date");
	size_t known = (size_t)(val != NULL) + (size_t)(type != NULL) + (size_t)(date != NULL),
	       n = 0;

	while (attributes[2 * n])
		n++;
	/* It may say that the number was deleted. */
	if (n != known || (!x->change && n > 1))
		return x->change ? "<ph> has an attribute that is none of val, date and type"
		                 : "<ph> of a full list has an attribute other than val";
	if (x->change && (!date || !dnc_clock_parse_local(dnc_str(date), &e->ms) ||
				 e->ms < DNC_EVENT_TIME_MIN))
		return "date is not a date-time";
	if (x->change && (!type || (strcmp(type, "A") != 0 && strcmp(type, "D") != 0)))
		return "type is neither A (added) nor D (deleted)";
	e->added = x->change && type[0] == 'A';
	return read_number(x, val, e->number);
}

/* Where the parser stands, in the stream. */
static uint64_t current_line(const struct ftc_xml *x)
{
	return x->number - x->lines + XML_GetCurrentLineNumber(x->parser) - 1;
}

static void add_entry(struct ftc_xml *x, const char **attributes)
{
	int64_t at = (int64_t)XML_GetCurrentByteIndex(x->parser) - (int64_t)x->fed;
	size_t n = (size_t)XML_GetCurrentByteCount(x->parser);
	struct entry *e;

	if (!dnc_array_grow(&x->entries, &x->room, x->count + 1)) {
		x->no_memory = true;
		fail(x, "no memory");
		return;
	}
	e = &x->entries[x->count++];
	*e = (struct entry){.line = current_line(x), .raw_n = x->line.n};
	if (at >= 0 && (size_t)at + n <= x->line.n) {
		e->raw_at = (size_t)at;
		e->raw_n = n;
	}
	e->fault = read_entry(x, attributes, e);
}

static void XMLCALL on_start(void *ctx, const char *name, const char **attributes)
{
	struct ftc_xml *x = ctx;

	if (x->fault[0])
		return;
	if (!x->in_list) {
		x->in_list = true;
		start_list(x, name, attributes);
	} else if (x->in_ph || (x->in_ac && strcmp(name, "ac") == 0)) {
		fail(x, "it has an <ac> in an <ac>, or an element in a <ph>");
	} else if (strcmp(name, "ac") == 0) {
		const char *area = attribute(attributes, "val");

		x->in_ac = true;
		if (source_is_digits(dnc_str(area), AREA_DIGITS))
			strcpy(x->area, area);
		else
			x->area[0] = '\0';
	} else if (strcmp(name, "ph") == 0) {
		x->in_ph = true;
		add_entry(x, attributes);
	} else {
		fail(x, "it has an element other than <list>, <ac> and <ph>");
	}
}

static void XMLCALL on_end(void *ctx, const char *name)
{
	struct ftc_xml *x = ctx;

	x->in_ph = false;
	if (strcmp(name, "ac") != 0)
		return;
	x->in_ac = false;
	strcpy(x->area, x->list_area);
}

/* Text between the elements may be a number in a form that is not known. */
static void XMLCALL on_text(void *ctx, const char *text, int n)
{
	if (dnc_str_trim((struct dnc_str){text, (size_t)n}).n)
		fail(ctx, "it has text between its elements");
}

static void XMLCALL on_doctype(
	void *ctx, const char *name, const char *system, const char *public, int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	fail(ctx, "it has a document type declaration, which could define entities; remove it");
}

static struct ftc_xml *new_xml(void)
{
	struct ftc_xml *x = calloc(1, sizeof *x);

	/* Whatever its declaration says, the text was converted to UTF-8. */
	if (!x || !(x->parser = XML_ParserCreate("UTF-8"))) {
		free(x);
		return NULL;
	}
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	return x;
}

static void free_xml(struct ftc_xml *x)
{
	if (!x)
		return;
	XML_ParserFree(x->parser);
	free(x->entries);
	free(x);
}

static void parse(struct ftc_xml *x, struct dnc_str text, bool last)
{
	if (x->fault[0] || XML_Parse(x->parser, text.p, (int)text.n, last) != XML_STATUS_ERROR)
		return;
	if (XML_GetErrorCode(x->parser) == XML_ERROR_NO_MEMORY)
		x->no_memory = true;
	if (!x->fault[0])
		fail(x, XML_ErrorString(XML_GetErrorCode(x->parser)));
}

static enum dnc_source_result read_next(struct dnc_source *s)
{
	struct ftc_xml *x = s->xml;
	const struct entry *e;

	if (!x || s->refused)
		return DNC_SOURCE_MORE;
	if (x->change && s->options.numbers)
		return source_refuse_changes(s, "is a change list");
	if (s->at_end && x->taken == x->count)
		parse(x, DNC_STR(""), true);
	if (x->taken == x->count && x->no_memory)
		return DNC_SOURCE_FAILED;
	if (x->taken == x->count && x->fault[0])
		return source_refuse(s, DNC_REFUSED_REST,
			"is not read beyond line %llu, column %lu: %s",
			(unsigned long long)current_line(x),
			(unsigned long)XML_GetCurrentColumnNumber(x->parser) + 1, x->fault);
	if (x->taken == x->count)
		return DNC_SOURCE_MORE;
	e = &x->entries[x->taken++];
	s->record = (struct dnc_record){.line = e->line, .raw = {x->line.p + e->raw_at, e->raw_n}};
	if (e->fault)
		return source_reject(s, DNC_REJECT_INVALID_ROW, "", "%s", e->fault);
	return x->change ? ftc_change_event(s, (struct dnc_str){e->number, DIGITS}, e->ms, e->added)
	                 : ftc_full_event(s, (struct dnc_str){e->number, DIGITS});
}

static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct ftc_xml *x = s->xml;

	if (s->options.reject_lines)
		return source_refuse(s, DNC_REFUSED_CONTENT,
			"is XML, which a socket can't carry: its lines are acknowledged one by one");
	if (!x && !(x = s->xml = new_xml()))
		return DNC_SOURCE_FAILED;
	x->count = x->taken = 0;
	x->line = line->text;
	x->number = line->number;
	x->lines = x->fed_lines++;
	parse(x, line->text, false);
	parse(x, DNC_STR("\n"), false);
	x->fed += line->text.n + 1;
	/* What is not complete is parsed again with each line. */
	if ((uint64_t)XML_GetCurrentByteIndex(x->parser) + s->options.max_record < x->fed)
		fail(x, "a tag does not end");
	return read_next(s);
}

static void detect(const struct sample *sample, struct verdict *v)
{
	struct dnc_str first = {0};
	struct ftc_xml *x;

	sample_next(sample, &(size_t){0}, &first);
	if (!first.n || first.p[0] != '<') {
		verdict_set(v, FORMAT_NO, "it does not start with \"<\"");
		return;
	}
	if (!(x = new_xml())) {
		verdict_set(v, FORMAT_MAYBE, "there is no memory to read it");
		return;
	}
	parse(x, (struct dnc_str){first.p, (size_t)(sample->text.p + sample->text.n - first.p)},
		false);
	if (x->list_seen)
		verdict_set(v, FORMAT_SURE, "it is XML and starts with a %s list",
			x->change ? "change" : "full");
	else if (x->fault[0])
		verdict_set(v, FORMAT_NO, "%s", x->fault);
	else
		verdict_set(v, FORMAT_MAYBE, "it starts like XML");
	free_xml(x);
}

static void finish(struct dnc_source *s)
{
	free_xml(s->xml);
}

static bool is_full(const struct dnc_source *s)
{
	return s->xml && s->xml->list_seen && !s->xml->change;
}

const struct format format_ftc_xml = {
	.about = {"ftc-xml", "the National Registry's lists as XML",
		DNC_FORMAT_LIST | DNC_FORMAT_NAMELESS | DNC_FORMAT_LAYOUT},
	.origin = {"federal_dnc", "federal", "regulatory", "regulatory_change"},
	.detect = detect,
	.line = read_line,
	.next = read_next,
	.full = is_full,
	.finish = finish};
