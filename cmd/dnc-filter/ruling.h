/* ruling.h - the rules of --rules: read, asked, explained, counted. */
#pragma once
#include "absence.h"
#include "options.h"
#include "routing.h"
#include "rules/rules.h"

/* Reads the rules of O. Faults are printed, each with its line and a caret, and the program exits with 2. NULL if O has
 * none. */
struct dnc_rules *ruling_load(const struct options *o);

/* Reads the rules again in place of OLD, which is freed then, and opens their routes; ABSENCE goes on with them. If anything is
 * wrong with them, prints what, and that the old ones stay in use, and returns OLD. */
struct dnc_rules *ruling_reload(
	const struct options *o, struct dnc_rules *old, struct routing *g, struct absence *absence);

/* Prints which rule decided about EVENT, and why the ones before it did not. */
void ruling_explain(
	const struct dnc_rules *r, const struct dnc_event *event, const struct dnc_decision *d);

/* What a rule can do with events, as --stats and --metrics name it. */
struct ruling_column {
	const char *name;
	size_t slot; /* offset of a uint64_t in struct dnc_rule_counts */
};

enum { RULING_COLUMNS = 14, RULING_OUTCOMES = 13 }; /* the outcomes count events, and come first */
extern const struct ruling_column ruling_columns[RULING_COLUMNS];

/* Prints what each rule did. */
void ruling_stats(const struct dnc_rules *r);
