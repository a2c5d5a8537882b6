/* messages.h - the messages to the hub, and the hub's messages as warnings on standard error. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "json/json.h"
#include "options.h"

/* Where a subscription starts. */
struct resume {
	const char *epoch; /* NULL if it is not known */
	uint64_t seq;
	bool known; /* epoch and seq are of events that were seen, by this process or the one that wrote the state file */
	bool may_replay; /* the role has dnc:replay */
};

/* Appends the subscribe message. Returns false if a position is known but the role may not resume from it: the
 * subscription then starts with the next event. */
bool message_subscribe(struct dnc_buf *out, const struct options *options, struct dnc_str filter,
	const struct resume *resume);

/* Appends a subscribe message that no event matches: its confirmation says which event is the first that was logged at MS or
 * later. */
void message_find_time(struct dnc_buf *out, int64_t ms);

/* Members of an object of DOC; 0 and "" if they are missing. */
uint64_t message_number(const struct dnc_json *doc, uint32_t object, const char *key);
struct dnc_str message_text(const struct dnc_json *doc, uint32_t object, const char *key);

/* True if PERMISSION is among those that the hub listed, or it listed none. */
bool message_may(const struct dnc_json *doc, uint32_t metadata, struct dnc_str permission);

/* Warn of the message with METADATA. OTHER_HUB: the position was one of another hub. */
void message_warn_gap(const struct dnc_json *doc, uint32_t metadata, bool other_hub);
void message_warn_held_back(const struct dnc_json *doc, uint32_t metadata);
/* Warns that a role without dnc:replay continues at FROM instead of after SEQ. Returns false if that leaves nothing out. */
bool message_warn_missed(uint64_t seq, uint64_t from);
