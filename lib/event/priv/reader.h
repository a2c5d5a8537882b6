/* reader.h - a reader of events: what normalizing and parsing keep between two uses. */
#pragma once
#include "draft.h"

struct dnc_event_reader {
	struct dnc_event_options options;
	struct dnc_json_parser *parser;
	struct dnc_json doc; /* what the parser parsed last */
	uint64_t events;     /* made so far: the number of the newest */
	uint64_t doc_of;     /* number of the event that doc is of; 0: of none */
	bool no_memory;      /* why the last dnc_event_parse() failed */
	struct draft draft;
	struct record_place place; /* of the record that comes next */
	struct dnc_buf out, scratch;
};
