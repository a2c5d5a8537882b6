/* show.h - events as text, in one of the formats of dnc-tail(1): a line for people, JSON, the rows of a table and
 * so on.
 *
 * What is shown comes from strangers. In formats for people, in templates, and wherever the output is a terminal,
 * characters that steer a terminal are escaped (base/escape.h). No format but DNC_SHOW_VERBOSE,
 * DNC_SHOW_JSON_PRETTY and DNC_SHOW_CSV makes more than one line of an event. Used by one thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

/* In the order of DNC_SHOW_NAMES. */
enum dnc_show_format {
	DNC_SHOW_PRETTY,
	DNC_SHOW_VERBOSE,
	DNC_SHOW_JSON,
	DNC_SHOW_JSON_PRETTY,
	DNC_SHOW_CSV, /* RFC 4180 */
	DNC_SHOW_TSV,
	DNC_SHOW_LOGFMT,
	DNC_SHOW_CLOUDEVENTS,
	DNC_SHOW_TEMPLATE,
	DNC_SHOW_FORMATS,
};

#define DNC_SHOW_NAMES "pretty verbose json json-pretty csv tsv logfmt cloudevents template"

struct dnc_show_options {
	enum dnc_show_format format;
	const char *fields;   /* separated by commas; NULL: those of the format */
	const char *template; /* of DNC_SHOW_TEMPLATE, else NULL */
	const char *filter;   /* JSON, whose matches are highlighted; NULL: none. Needs color */
	bool color;
	bool terminal; /* the output is one: lines are cut to its width, times are short, JSON is escaped */
	bool local; /* times of the local zone where people read them, not of UTC */
};

struct dnc_show;

/* OPTIONS is copied, its strings are not used later. NULL with ERR: EINVAL for a wrong field or template (place: the
 * name of the option), or DNC_ERROR_NO_MEMORY. A field that no event is known to have is logged. */
struct dnc_show *dnc_show_new(const struct dnc_show_options *options, struct dnc_error *err);

/* Frees S; NULL is allowed. */
void dnc_show_free(struct dnc_show *s);

/* The width of the terminal, in columns; 0: lines are not cut, as before the first call. */
void dnc_show_columns(struct dnc_show *s, unsigned columns);

/* Appends what stands before the first event: the names of the columns, without the newline at its end. False if
 * the format has no header. */
bool dnc_show_header(struct dnc_show *s, struct dnc_buf *out);

enum dnc_shown {
	DNC_SHOWN,
	DNC_SHOWN_INVALID,   /* TEXT is no JSON object: nothing was appended */
	DNC_SHOWN_FOREIGN,   /* TEXT is not a canonical event, and the format needs one: the same */
	DNC_SHOWN_NO_MEMORY, /* OUT may hold a part */
};

/* Appends the event TEXT, which DNC_JSON_PADDING readable bytes follow, without the newline at its end. A JSON
 * object that is not a canonical event is shown as compact JSON in the formats for people and in JSON. */
enum dnc_shown dnc_show_event(struct dnc_show *s, struct dnc_buf *out, struct dnc_str text);

/* The same for any JSON value, in DNC_SHOW_JSON or DNC_SHOW_JSON_PRETTY; RAW: a string as its content. */
enum dnc_shown dnc_show_json(
	struct dnc_show *s, struct dnc_buf *out, struct dnc_str text, bool raw);
