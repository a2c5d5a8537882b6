/* rules.h - rules files: which events pass, which are dropped or changed, and which events are made of them.
 *
 * dnc-rules(5) has the grammar. Rules are read once, which finds all that is wrong with them, and then asked about one event
 * after the other. Rules that can't match its type or the start of its number are skipped, 64 at a step, so that what an event
 * costs hardly grows with the number of rules.
 *
 * A struct dnc_rules belongs to one thread. Conditions in jq run in a process of their own (source/mapper.h), for which
 * the asking function waits. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/route.h"
#include "base/str.h"
#include "event/event.h"

/* In all files that are read together. */
#define DNC_RULES_MAX 10000

struct dnc_rules;

/* What is wrong with a file, and where. */
struct dnc_rules_fault {
	bool warning; /* the rules can be used, but hardly do what is meant */
	const char *path;
	unsigned line;       /* from 1; 0: the file as a whole */
	size_t at;           /* byte in TEXT */
	struct dnc_str text; /* the line; p NULL for a file as a whole */
	struct dnc_str message;
};

struct dnc_rules_options {
	/* Gets each fault and each warning, DNC_RULES_MAX_FAULTS at most of either. */
	void (*fault)(void *ctx, const struct dnc_rules_fault *fault);
	void *ctx;
	/* For conditions in jq; as in struct dnc_mapper_options. */
	int64_t jq_timeout_ms;
	uint64_t jq_memory;
	bool (*stopped)(void *ctx);
	int64_t (*now_ms)(void); /* for limit and unique; NULL: dnc_clock_now_ms() */
	const struct dnc_rules *
		before; /* rules that are read again: lists that did not change are shared; or NULL */
	bool explain;   /* dnc_rules_explain() will be called */
	bool mark; /* events that pass or are routed get the name of the rule that decided as metadata.rule, if
	            * they have room for it */
};

enum { DNC_RULES_MAX_FAULTS = 50, DNC_RULES_TIMED = 64 };

/* Reads the file PATH, or the files of the directory PATH whose names end with ".rules", in order of name. OPTIONS is copied;
 * its `fault` is called in this call only. NULL with ERR: EINVAL after faults (ERR says how many), DNC_ERROR_NO_MEMORY, or an
 * errno if a file can't be read or a process not be started. */
struct dnc_rules *dnc_rules_load(
	const char *path, const struct dnc_rules_options *options, struct dnc_error *err);

/* Before FRESH, which was read from the same files again, takes the place of OLD: it goes on with what limit and unique of OLD
 * have counted, rule by rule of the same name, and with the counts of rules. A rule whose limit or unique is another one
 * starts anew, as does a section [expect NAME] of other conditions, which a warning names. OLD is only to be freed then. */
void dnc_rules_inherit(struct dnc_rules *fresh, struct dnc_rules *old);

/* NULL is allowed. */
void dnc_rules_free(struct dnc_rules *r);

/* What becomes of an event. */
enum dnc_verdict { DNC_VERDICT_PASS, DNC_VERDICT_DROP, DNC_VERDICT_ROUTE, DNC_VERDICTS };

/* "pass", "drop" and "route". */
extern const struct dnc_str dnc_verdict_names[DNC_VERDICTS];

/* What goes to a route. */
struct dnc_routed {
	size_t route;        /* see dnc_rules_route() */
	struct dnc_str line; /* the event as the rule had it that says so */
};

/* An event that a rule could not make. */
struct dnc_unmade {
	struct dnc_str record; /* what it would have been */
	struct dnc_error why;  /* an enum dnc_reject, with the name of the rule in the message */
};

/* Valid until the rules are asked again, and as long as the event is. */
struct dnc_decision {
	enum dnc_verdict verdict;
	size_t rule;         /* which decided, see dnc_rules_name(); DNC_RULES_MAX: the default */
	struct dnc_str line; /* the event, if it passes: as it was given, or as rules changed it */
	const struct dnc_routed *routed; /* each route once, whatever the verdict is */
	size_t routed_count;
	const struct dnc_str *made; /* canonical events that rules made of it */
	size_t made_count;
	const struct dnc_unmade *unmade; /* and those that are no events: to be told */
	size_t unmade_count;
};

/* Asks the rules in their order about EVENT, which is canonical. -1 with ERR: DNC_ERROR_NO_MEMORY (try again); an enum
 * dnc_reject if no decision is possible (a condition failed, a change made it invalid), with the name of the rule in the
 * message: the event is to be rejected; or an errno if the process of a condition can't be run. */
int dnc_rules_decide(struct dnc_rules *r, const struct dnc_event *event,
	struct dnc_decision *decision, struct dnc_error *err);

/* Why the last dnc_rules_decide() came to what it did: calls EACH for each rule up to the one that decided, in order. FAILED is
 * the condition that did not hold, as the file has it ("not.provider"); p is NULL if all of them hold. The options must have
 * had `explain`. */
void dnc_rules_explain(const struct dnc_rules *r,
	void (*each)(void *ctx, size_t rule, struct dnc_str failed), void *ctx);

/* The routes of all rules, by their numbers: each address once. Nothing is opened. */
size_t dnc_rules_routes(const struct dnc_rules *r);
const struct dnc_route *dnc_rules_route(const struct dnc_rules *r, size_t route);

/* The files that they were read from, and those of their lists, by numbers from 0; NULL behind the last one. */
const char *dnc_rules_file(const struct dnc_rules *r, size_t number);

size_t dnc_rules_count(const struct dnc_rules *r);

/* Its name; "default" for DNC_RULES_MAX. */
const char *dnc_rules_name(const struct dnc_rules *r, size_t rule);

/* What a rule did so far. All rules that matched an event count it, not only the one that decided. */
struct dnc_rule_counts {
	uint64_t matched, passed, dropped, routed, copied, sampled, repeated, limited, changed,
		made, failed;
	uint64_t lacking;   /* without a field of `by`: limit or unique did not ask them */
	uint64_t unmarked;  /* events that had no room for metadata.rule, and went on without */
	uint64_t forgotten; /* keys of limit and unique, because there were too many */
};

/* About how many seconds the rule took, its process included: measured on one event of DNC_RULES_TIMED, and multiplied. */
double dnc_rules_seconds(const struct dnc_rules *r, size_t rule);

/* For DNC_RULES_MAX: of events that no rule decided. */
const struct dnc_rule_counts *dnc_rules_counts(const struct dnc_rules *r, size_t rule);
