/* reader.h - a reader of events: the memory of normalizing and parsing. */
#pragma once
#include "draft.h"
#include "mold.h"
#include "template.h"

/* Kinds of facts that a list has at once: added and deleted, with and without a date. */
enum { READER_TEMPLATES = 4 };

struct dnc_event_reader {
	struct dnc_event_options options;
	struct dnc_json_parser *parser;
	struct dnc_json doc; /* of the text that was parsed last */
	uint64_t events;     /* the number of the newest event */
	uint64_t doc_of;     /* number of the event that doc belongs to; 0: none */
	bool no_memory;      /* the last dnc_event_parse() failed for lack of memory */
	struct draft draft;
	struct dnc_beside_context beside; /* for records whose number has no country code */
	struct record_position position;  /* of the next record */
	struct dnc_buf out, scratch;
	/* For facts. */
	struct template templates[READER_TEMPLATES];
	size_t next_template;
	struct filling filling;
	char e164[DNC_PHONE_MAX];
	struct dnc_buf record;
	struct mold *molds; /* MOLDS kinds of rows, each at its hash; NULL before the first row */
};

/* dnc_event_normalize() for a record whose number was read with what is beside it. */
int reader_normalize_read(struct dnc_event_reader *r, const char *text, size_t n,
	struct dnc_event *out, struct dnc_error *err);
