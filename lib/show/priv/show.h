/* show.h - what the formats share. */
#pragma once
#include "event/event.h"
#include "fields.h"
#include "highlight.h"
#include "show/show.h"
#include "template.h"
#include "zone.h"

struct dnc_show {
	struct dnc_show_options options; /* without its strings */
	const struct show_format *format;
	unsigned columns; /* 0: no limit */
	struct dnc_event_reader *reader;
	struct dnc_json_parser *parser;
	struct show_fields fields; /* of --fields, or the columns of a table */
	bool chosen;               /* the fields are those of --fields */
	struct show_template template;
	struct show_highlight highlight;
	struct show_zone zone;
	struct dnc_buf cell, text; /* scratch */
	size_t line_start;         /* of the event in the output */
};

/* A format: how one event is written. */
struct show_format {
	const char *name;
	bool takes_fields;
	bool foreign;        /* shows objects that are not canonical events, as JSON */
	const char *columns; /* unless there are --fields; NULL: there are none */
	void (*event)(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);
	void (*header)(struct dnc_show *s, struct dnc_buf *out); /* NULL: none */
};

void show_pretty(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);
void show_verbose(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);
void show_json(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);
void show_json_pretty(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);
void show_csv(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);
void show_csv_header(struct dnc_show *s, struct dnc_buf *out);
void show_tsv(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);
void show_tsv_header(struct dnc_show *s, struct dnc_buf *out);
void show_logfmt(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);
void show_cloudevents(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);
void show_template(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e);

/* Appends node INDEX of DOC with each member on a line of its own, two blanks deeper for each level. */
void show_indented(struct dnc_buf *out, const struct dnc_json *doc, uint32_t index);

/* Appends JSON, escaped if the output is a terminal. */
void show_json_text(const struct dnc_show *s, struct dnc_buf *out, struct dnc_str json);
