/* template.h - the event of one kind of fact, with the places of what differs from row to row. */
#pragma once
#include "base/clock.h"
#include "event/fact.h"
#include "draft.h"

enum { TEMPLATE_PLACES = 8 };

/* Where one text stands in another. */
struct places {
	uint16_t at[TEMPLATE_PLACES];
	uint32_t count;
};

/* A text with holes, which are filled where they are: nothing but them is written for a row. */
struct holes {
	struct dnc_buf text; /* N bytes; there is room for what is appended to it */
	size_t n;
	struct places number, mask, time;
};

struct template
{
	/* The kind. */
	enum dnc_type type;
	bool dated;
	const char *source_format; /* borrowed, as in the reader */
	char *words[4];            /* of the fact; NULL if absent */
	size_t number_n;           /* length of the E.164 number */

	bool valid; /* it was compared with what it is to replace; else it is not used */
	struct dnc_event_shape shape;
	uint16_t timestamp; /* where the line's timestamp starts */
	struct holes line, content;
};

/* The number and the times of one event. */
struct filling {
	struct dnc_str e164;
	int64_t at_ms, now_ms; /* at_ms is now_ms if the fact has no date */
	char at[DNC_TIME_LEN], now[DNC_TIME_LEN], mask[DNC_PHONE_MAX];
};

/* True if T is of the kind of FACT, whose number has NUMBER_N bytes. */
bool template_fits(const struct template *t, const struct dnc_fact *fact, const char *source_format,
	size_t number_n);

/* Makes the template of FACT's kind, to be freed with template_finish(). DRAFT, DOC and PARSER are memory to work in. Returns
 * -1 with ERR as draft_read() does; a template that is not valid is no error. */
int template_make(struct template *t, const struct dnc_fact *fact,
	const struct dnc_event_options *options, struct draft *draft, struct dnc_json *doc,
	struct dnc_json_parser *parser, struct dnc_error *err);

void template_finish(struct template *t);

/* Sets F for a number and a time; NOW_MS is the time of arrival. */
void filling_set(struct filling *f, struct dnc_str e164, int64_t at_ms, int64_t now_ms);

/* Returns the content of which the id is made (draft_write_content()), filled with F. It is part of T; what is appended to it
 * is gone when it is filled again. */
struct dnc_buf *template_content(struct template *t, const struct filling *f);

/* Returns the event with this UUID, whose shape is then T's; DNC_JSON_PADDING readable bytes follow. It is part of T, until it
 * is filled again. */
struct dnc_str template_line(
	struct template *t, const struct filling *f, const char uuid[DNC_UUID_LEN]);
