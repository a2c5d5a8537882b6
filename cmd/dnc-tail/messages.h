/* messages.h - what dnc-tail says to the hub, and what the hub's messages say to people. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "json/json.h"
#include "options.h"

/* Where a subscription begins. */
struct resume {
	const char *epoch; /* NULL when it is not known */
	uint64_t seq;
	bool known;    /* EPOCH and SEQ were seen, by this process or the state file's last one */
	bool may_past; /* the role may start in the past */
};

/* Appends the subscribe message. False when a place is known and the role may not go on from it: the
 * subscription begins at the present. */
bool message_subscribe(struct dnc_buf *out, const struct options *options, struct dnc_str filter,
	const struct resume *resume);

/* Members of an object of DOC; 0 and "" when there are none. */
uint64_t message_number(const struct dnc_json *doc, uint32_t object, const char *key);
struct dnc_str message_text(const struct dnc_json *doc, uint32_t object, const char *key);

/* Is PERMISSION among those that the hub told? True when it told none. */
bool message_may(const struct dnc_json *doc, uint32_t metadata, struct dnc_str permission);

/* Tell on standard error what the message with METADATA means. */
void message_tell_gap(const struct dnc_json *doc, uint32_t metadata);
void message_tell_held_back(const struct dnc_json *doc, uint32_t metadata);
/* A role without dnc:replay goes on at FROM instead of after SEQ. */
void message_tell_missed(uint64_t seq, uint64_t from);
