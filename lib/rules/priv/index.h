/* index.h - which of many rules can match an event, by its type and by what its number starts with. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "event/event.h"
#include "filter/filter.h"
#include "phone/phone.h"

struct rule_prefix;

/* Sets of rules are bits, in words of 64. All zero is empty. */
struct rule_index {
	size_t words;
	uint64_t *by_type[DNC_TYPES];    /* owned: rules that can match the type */
	uint64_t *open;                  /* owned: and those of them that any number can match */
	struct rule_prefix *prefixes;    /* owned */
	unsigned lengths[DNC_PHONE_MAX]; /* how many prefixes have this length */
	uint64_t *found;                 /* owned: of the present event */
};

/* Makes room for COUNT rules. False without memory. */
bool rule_index_start(struct rule_index *x, size_t count);

/* Adds the rule number AT, whose words are FILTER (NULL: it can match everything). False without memory. */
bool rule_index_add(struct rule_index *x, size_t at, const struct dnc_filter *filter);

/* The rules that can match EVENT: `words` words, valid until the next call. */
const uint64_t *rule_index_find(struct rule_index *x, const struct dnc_event *event);

void rule_index_finish(struct rule_index *x);
