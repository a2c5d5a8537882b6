/* rule.h - a rule as it was read, and the rules of one load. */
#pragma once
#include "base/buf.h"
#include "filter/filter.h"
#include "index.h"
#include "place.h"
#include "rules/rules.h"
#include "set/table.h"
#include "source/mapper.h"
#include "window.h"

/* A program of a condition, and the process that runs it. */
struct rule_program {
	struct dnc_map *map;
	struct dnc_mapper *mapper;
	bool holds;           /* the last result */
	struct dnc_error err; /* why it has failed; the message is empty if it has not */
};

/* A file of numbers; rules that name the same one share it. */
struct rule_list {
	char *path; /* owned */
	struct dnc_number_table *table;
};

/* A condition that is tried by itself: numbers, a negated word, and with `explain` each other word, too. */
struct rule_condition {
	char *key;                             /* as in the file; owned */
	const struct dnc_filter *filter;       /* NULL: numbers */
	const struct dnc_number_table **lists; /* any of them; the array is owned */
	size_t list_count, list_room;
	bool negated;
};

/* metadata.KEY or event_data.KEY is set to TEXT. */
struct rule_assignment {
	char *key; /* owned; without metadata. or event_data. */
	struct rule_text text;
};

struct rule_assignments {
	struct rule_assignment *v;
	size_t n, room;
};

/* The event that a rule makes. */
struct rule_emission {
	bool given;
	enum dnc_type type;
	const struct dnc_severity *severity;     /* NULL: what follows from the event */
	struct rule_text phone_number, provider; /* empty: those of the source */
	struct rule_assignments event_data, metadata;
};

struct rule_route {
	struct dnc_route what; /* owned */
	bool when_down_given;  /* a rule has said it */
};

/* What becomes of events above the limit: limit.action. */
enum rule_above { RULE_ABOVE_DROP, RULE_ABOVE_PASS, RULE_ABOVE_CONTINUE };

struct rule {
	char name[44];
	char *path; /* of its file; owned by the rules */
	unsigned line;
	const struct dnc_filter *all; /* all words that are not negated; NULL: none */
	struct rule_condition *conditions;
	size_t condition_count, condition_room;
	struct rule_program program; /* map NULL: none */
	bool goes_on;                /* continue = yes */
	enum dnc_verdict verdict;
	int route;   /* the number of the route, from 1; 0: none */
	int *copies; /* numbers of routes, from 0; owned */
	size_t copy_count, copy_room;
	uint64_t sample; /* one in so many is kept; 0: all */
	struct rule_window window;
	enum rule_above above;
	const struct dnc_severity *severity; /* to set; NULL: none */
	struct rule_assignments metadata;
	struct rule_emission emission;
	struct dnc_rule_counts counts;
	int64_t timed_ns; /* what the events took that were timed */
};

struct expectation; /* priv/expect.h */

/* An event that was changed: its text and what reads it. */
struct rule_changed {
	struct dnc_event_reader *reader;
	struct dnc_buf text;
};

/* How one rule took the last event. */
struct rule_trace {
	size_t rule;
	struct dnc_str failed;
};

struct dnc_rules {
	struct dnc_rules_options options;
	struct rule *rule; /* owned; does not move after loading */
	size_t count, room;
	char **paths; /* owned */
	size_t path_count, path_room;
	struct rule_list *lists; /* owned */
	size_t list_count, list_room;
	struct rule_route *routes; /* owned */
	size_t route_count, route_room;
	struct expectation *expectation; /* owned; does not move after loading */
	size_t expectation_count, expectation_room;
	char *state_path; /* owned; NULL: not given */
	uint64_t expect_changes;
	struct dnc_json_parser *expect_parser; /* of keys; NULL until it is needed */
	struct dnc_buf expect_text;
	enum dnc_verdict verdict;      /* the default */
	struct dnc_rule_counts counts; /* of the default */
	struct rule_index index;
	struct rule mark;        /* sets metadata.rule; its name is that of the rule that decided */
	uint64_t unmarked;       /* events that had no room for it */
	uint64_t decided, timed; /* events so far, and those of them that were timed */
	/* Of the event that is being decided. */
	bool timing;
	struct dnc_event_reader *made_reader;
	struct dnc_buf edit, made_text;
	struct rule_changed changed,
		marked; /* `marked` by `mark`: `changed` is still whole if that fails */
	struct dnc_str *made;
	size_t *made_at; /* where each starts in made_text */
	size_t made_count, made_room, made_at_room;
	struct dnc_unmade *unmade; /* owned, and their records */
	size_t unmade_count, unmade_room;
	struct dnc_routed *routed;
	size_t *routed_at; /* where the line of each starts in routed_text, or ROUTED_... */
	size_t routed_count, routed_room, routed_at_room;
	struct dnc_buf routed_text;
	struct rule_trace *trace;
	size_t trace_count, trace_room;
	/* What the present event has counted so far as changed, made and copied: taken back if it is rejected after all. */
	uint64_t **counted; /* owned; room for COUNTED_BY_RULE of each rule */
	size_t counted_count;
};

/* The line of what is routed: as it is at present, and will be kept before it changes; as it is in the end. */
#define ROUTED_PRESENT SIZE_MAX
#define ROUTED_LAST    (SIZE_MAX - 1)

/* How often rules_count() is called for a rule and an event at most. */
enum { COUNTED_BY_RULE = 3 };

/* Adds 1 to COUNTER, of a rule, for the present event. */
static inline void rules_count(struct dnc_rules *r, uint64_t *counter)
{
	++*counter;
	r->counted[r->counted_count++] = counter;
}
