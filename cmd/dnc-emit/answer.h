/* answer.h - the hub's answer to POST /api/v1/events (dnc-wsd(8)), which may be of anybody: nothing of it is believed that
 * does not fit what was sent, and its texts are cut. They are escaped when they are printed (base/log.h). */
#pragma once
#include "event/event.h"
#include "json/json.h"

/* The hub describes so many rejects; so many events at most are sent at once. */
enum { ANSWER_REJECTS_MAX = 100, ANSWER_TEXT_BYTES = 320 };

struct answer_reject {
	size_t index;         /* of the event in the request */
	enum dnc_reject code; /* DNC_REJECTS: one that is not known here */
	char message[ANSWER_TEXT_BYTES];
};

struct answer {
	uint64_t accepted, duplicates;
	size_t reject_count;
	struct answer_reject rejects[ANSWER_REJECTS_MAX];
};

/* Reads TEXT, which DNC_JSON_PADDING readable bytes follow, as the answer to SENT events. False if it is no such answer:
 * its counts and its rejects must account for each event. */
bool answer_read(
	struct dnc_json_parser *parser, struct dnc_str text, size_t sent, struct answer *a);

/* Writes what TEXT, the body of an error, says into OUT: the hub's detail (RFC 9457), or the first line of plain text; an
 * empty text if it is something else. */
void answer_detail(
	struct dnc_json_parser *parser, struct dnc_str text, char out[ANSWER_TEXT_BYTES]);
