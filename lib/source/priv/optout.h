/* optout.h - what is in a message that a consumer sent to a messaging provider. */
#pragma once
#include "json/json.h"
#include "source/source.h"

/* What a message asks for. */
enum optout_action { OPTOUT_NONE, OPTOUT_STOP, OPTOUT_START, OPTOUT_HELP };

/* The action of a text that consists of keywords alone; OPTOUT_NONE if it says anything else. To start, the text must be one
 * plain word: what looks like it by chance must release no number. */
enum optout_action optout_action(struct dnc_str text);

/* The parts of a message, by the names that providers give them. */
enum optout_part {
	PART_SENDER,
	PART_RECEIVER,
	PART_TYPE, /* the provider's own word for the action */
	PART_BODY,
	PART_KEYWORD,
	PART_ID,
	PART_TIME,
	PART_SCOPE,
	PART_CHANNEL,
	OPTOUT_PARTS,
};

struct optout_message {
	const struct dnc_json *doc;
	uint32_t part[OPTOUT_PARTS]; /* the node of its value; 0: absent */
	uint32_t other_sender;       /* a second sender, with another number */
	uint32_t other_text;         /* a second text, which asks for something else */
	uint32_t no_start; /* a text that does not ask to start, or a member that asks to stop */
	bool stops;        /* a text asks to stop */
	uint32_t outbound; /* a member that says that the message is not of the consumer */
	uint32_t report;   /* one that says that it is a report of a message of the business */
	uint32_t perhaps_outbound; /* one that may say so */
	bool inbound;              /* a member says that the message is of the consumer */
	bool international;        /* the sender's number has a country code, and no plus sign */
};

/* Finds the parts in DOC, an object, and in the objects in it that providers wrap messages in. */
void optout_read(struct optout_message *m, const struct dnc_json *doc);

/* The text of a part without blanks around; p is NULL if it is absent. */
struct dnc_str optout_text(const struct optout_message *m, enum optout_part part);

/* Adds the sender's number, read with the country beside it, and the application before it as the channel. DNC_SOURCE_MORE, or
 * the record is rejected. */
enum dnc_source_result optout_add_sender(struct dnc_source *s, const struct optout_message *m);

/* What a member says of who sent the message. */
enum optout_direction {
	OPTOUT_SAYS_NOTHING,
	OPTOUT_INBOUND,          /* the consumer */
	OPTOUT_PERHAPS_OUTBOUND, /* perhaps the business: no number is released */
	OPTOUT_REPORT, /* it is a report of a message of the business, unless another member says inbound */
	OPTOUT_OUTBOUND, /* the business */
};

/* NAME is in lower case, letters and digits only. */
enum optout_direction optout_direction(struct dnc_str name, struct dnc_str value);

/* Appends FORM, a body in application/x-www-form-urlencoded, as a JSON object of strings. A plus sign before a digit at the
 * start of a value is kept, because senders forget to encode that of a telephone number. False if it is no such body. */
bool form_write_json(struct dnc_buf *out, struct dnc_str form);
