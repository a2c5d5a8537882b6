/* record.h - a stream that is being read, and how a format makes its records. */
#pragma once
#include "csv.h"
#include "documents.h"
#include "event/event.h"
#include "json/json.h"
#include "phone/beside.h"
#include "phone/phone.h"
#include "sample.h"
#include "source/source.h"

struct format;
struct ftc_xml;

/* A page of reported calls: the next one, and the end. Nodes of `doc`. */
struct page {
	struct dnc_json doc;
	struct dnc_str text;
	uint32_t next, end;
	uint64_t line, item;
};

struct dnc_source {
	struct dnc_source_options options;
	const struct format *format; /* NULL until it is known */
	const struct format *given;  /* if `format` is to be set to it later */
	struct dnc_line fed;         /* the last one that was fed */
	bool waiting;                /* it was not read yet */
	struct kept kept;            /* lines before it that were not read yet */
	struct dnc_buf event;        /* the raw event being written */
	struct dnc_fact fact;        /* of the current row of a list */
	char digits[10];             /* its number, where that is written in two parts */
	struct dnc_buf decoded;      /* a CloudEvent with decoded data */
	struct dnc_json_parser *parser;
	struct csv_state csv;
	struct documents documents;
	struct page page;
	struct ftc_xml *xml;              /* of ftc-xml, owned; NULL before its first line */
	struct dnc_beside_context beside; /* for what is beside numbers */
	bool headed;              /* a list: its first line was seen, which may be a header */
	struct dnc_record record; /* the current one */
	struct dnc_error err;     /* why it is rejected */
	bool started, refused;    /* a line that is not blank was seen; the stream is passed over */
	bool any;                 /* a line was fed */
	bool settling;            /* the input pauses: the format is to be chosen now */
	size_t settled;           /* lines that were kept when it did so last */
	bool ended, at_end;       /* no more lines are fed; all of them were read */
	bool cut;                 /* it ended too early */
	enum dnc_refusal refusal; /* if refused, with the reason */
	char doubt[300];          /* the first value that is not clear; see dnc_source_doubt() */
	char choice[500]; /* of "auto": the format, why, and the options that are not used */
	char why[2400];
};

/* The raw event in S's buffer is the record. */
enum dnc_source_result source_record(struct dnc_source *s);

/* The fact in S is the record, or its number alone if that is what the options ask for. */
enum dnc_source_result source_fact(struct dnc_source *s);

enum dnc_source_result source_reject(struct dnc_source *s, enum dnc_reject code, const char *place,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Rejects the record because of what is beside its number, as ERR says; DNC_SOURCE_FAILED if there is no memory. */
enum dnc_source_result source_reject_beside(struct dnc_source *s, const struct dnc_error *err);

/* Parses TEXT, an object, as DOC. False with RESULT if it is none. */
bool source_parse(struct dnc_source *s, struct dnc_str text, struct dnc_json *doc,
	enum dnc_source_result *result);

/* The record is TEXT, JSON that DNC_JSON_PADDING readable bytes follow, or what the map makes of it. */
enum dnc_source_result source_text(struct dnc_source *s, struct dnc_str text);

/* Adds "id": the UUID that follows from the parts which identify the record at its source. */
void source_add_identity(struct dnc_source *s, const struct dnc_str *parts, size_t count);

/* Rejects a line of a stream that was refused. */
enum dnc_source_result source_reject_refused(struct dnc_source *s);

/* Passes over the whole stream from here on, or rejects this line and each that follows. */
enum dnc_source_result source_refuse(struct dnc_source *s, enum dnc_refusal kind, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));

/* Keeps for dnc_source_doubt() that it is not clear what VALUE of COLUMN means, and that the current record is taken for a
 * suppression. */
void source_doubt(struct dnc_source *s, struct dnc_str column, struct dnc_str value);

/* True if TEXT is the zero of a time (0001-01-01T00:00:00Z), which Go and .NET write for none. */
bool source_is_no_time(struct dnc_str text);

/* With the option numbers: refuses a stream that "is" or "has" WHAT: changes. */
enum dnc_source_result source_refuse_changes(struct dnc_source *s, const char *what);

/* What a stream is that starts with these bytes and that no format can read, for a message: "a gzip
 * file; ...". NULL if it may be text. */
const char *source_probe(struct dnc_str start);

/* Starts a raw event; appends a member to it, unless the value is missing. */
void source_begin(struct dnc_source *s, enum dnc_type type);
void source_add(struct dnc_source *s, const char *key, struct dnc_str value);

/* Adds a number that was read with what is beside it: in E.164, so that nothing is asked again. One that is none is added as it
 * is, and the event's reader says why. */
void source_add_number(struct dnc_source *s, struct dnc_str read);

/* Adds the values of the options provider, provider_id, reason and source that were given and that the record lacks:
 * HAS(CTX, key) says that it has one of its own. */
void source_add_given(
	struct dnc_source *s, bool (*has)(const void *ctx, const char *key), const void *ctx);

/* Adds provider, reason and source: those of the options, else the defaults. */
void source_add_origin(
	struct dnc_source *s, const char *provider, const char *reason, const char *source);

/* Starts the fact of a row: TYPE and NUMBER, REASON, and provider and source of the options, else these. */
void source_begin_fact(struct dnc_source *s, enum dnc_type type, struct dnc_str number,
	const char *provider, const char *reason, const char *source);

/* Reads CELL, the phone number of a CSV field, which a spreadsheet may have written as 12025550143.0; DIGITS is memory for
 * *NUMBER. False if it has lost digits; then source_reject_cell() rejects the row. */
bool source_cell_number(struct dnc_source *s, struct dnc_str cell, struct dnc_str *number,
	char digits[CSV_CELL_DIGITS]);

/* Adds the number of such a field. */
bool source_add_cell_number(struct dnc_source *s, struct dnc_str cell);
enum dnc_source_result source_reject_cell(struct dnc_source *s);

/* True if the cell is a phone number, also one that has lost digits. */
bool source_is_cell_number(const struct dnc_source *s, struct dnc_str cell);

/* Reads a change captured from a database, with RESULT. False if the record has another shape. */
bool capture_record(
	struct dnc_source *s, const struct dnc_json *doc, enum dnc_source_result *result);

/* Finds the column *PHONE of the ROW in DOC, 0 if there is none, and reads its NUMBER with the columns beside it.
 * DNC_SOURCE_MORE, or the record is rejected: also if the row has another number, or was DELETED and has one of a call. */
enum dnc_source_result capture_read_number(struct dnc_source *s, const struct dnc_json *doc,
	uint32_t row, bool deleted, uint32_t *phone, struct dnc_beside_number *number);

/* True if DOC is what captures write after a deletion, which was a record before: no value. */
bool capture_is_tombstone(const struct dnc_json *doc);

/* True if DOC, an object, is a CloudEvent. */
bool cloudevents_are(const struct dnc_json *doc);

/* The record is the CloudEvent DOC. */
enum dnc_source_result cloudevents_record(struct dnc_source *s, struct dnc_json *doc);

/* True if NAME means a type of events: "dnc.number.suppressed", "number.suppressed", or that of the reference system. */
bool source_type_by_name(struct dnc_str name, enum dnc_type *type);

/* True if LINE is one phone number, as people write it. */
bool numbers_is_number(struct dnc_str line);

/* True if S is N decimal digits. */
bool source_is_digits(struct dnc_str s, size_t n);

/* Splits S at its first comma; false if there is none. */
bool source_cut(struct dnc_str s, struct dnc_str *head, struct dnc_str *tail);
