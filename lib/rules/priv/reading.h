/* reading.h - a rules file while it is read. */
#pragma once
#include <sodium.h>
#include "base/ini.h"
#include "filter/draft.h"
#include "rule.h"

enum rules_place_kind {
	RULES_PLACE_ASKED, /* a value of `by`, or a where.PATH */
	RULES_PLACE_TEXT,  /* {field} */
	RULES_PLACE_MADE,  /* emit.event_data.NAME: the name */
	RULES_PLACE_MADE_METADATA,
	RULES_PLACE_SET_METADATA,
};

/* A field that a section names, to be checked at the end of the section, when its types and `by` are known. */
struct rules_place {
	enum rules_place_kind kind;
	unsigned line;
	size_t at, n; /* bytes of TEXT: the field */
	char *text;   /* owned: the line */
};

/* Keys whose values may stand on several lines end when another key comes. */
struct rules_reading {
	struct dnc_rules *rules;
	const char *path;
	const struct dnc_ini_entry *entry; /* that is being read; NULL at the end of a section */
	size_t faults, warnings;
	bool no_memory;
	bool all_decided; /* that a rule decides about all events was told */
	bool default_given;
	struct rules_place
		default_at; /* a default in a section, which must end the file; text NULL: none */
	struct rule *rule;  /* the section; NULL before the first one */
	struct expectation *expectation; /* whose `rule` it is; NULL: it is a rule */
	crypto_generichash_state digest; /* of its conditions so far */
	struct rules_place *places;
	size_t place_count, place_room;
	bool above_given;                           /* limit.action */
	bool limit_given, within_given, emit_given; /* whatever their values are */
	bool action_given, continue_given, when_down_given;
	struct dnc_route route; /* of the rule's routes: when_down, spool, timeout_ms */
	unsigned given;         /* keys of it that may be given once: a bit for each row */
	struct dnc_filter_draft words, negated;
	size_t value_count; /* of them, so that there are not too many before they are compiled */
	struct dnc_buf jq;  /* the program so far */
	struct rules_place jq_at;
	struct dnc_buf scratch;
};

/* fault.c. Reports what is wrong at byte AT of the present line. Always -1, so that `return rules_fault(...)` ends a value. */
int rules_fault(struct rules_reading *r, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for what can be used, but hardly does what is meant. */
void rules_warn(struct rules_reading *r, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Reports what is wrong in the value: OFFSET of DNC_NO_OFFSET is its start. The value is put before a WHY that starts with "is". */
int rules_fault_value(struct rules_reading *r, size_t offset, const char *why);

int rules_no_memory(struct rules_reading *r);

/* keys.c. Reads the entry. -1 after a fault. */
int rules_read_key(struct rules_reading *r);

/* default_key.c. Reads a value that is pass or drop. -1 after a fault. */
int rules_read_verdict(struct rules_reading *r, enum dnc_verdict *out);

/* default_key.c. Reads the entry, which is `default`. -1 after a fault. */
int rules_read_default(struct rules_reading *r);

/* default_key.c. Something follows in the file: a default before it in a section is misplaced. */
void rules_follow_default(struct rules_reading *r);

/* fault.c. The value must be one of WORDS, which blanks separate. -1 after a fault. */
int rules_check_word(struct rules_reading *r, const char *words);

/* numbers.c. Loads the list that the value names, for a condition `numbers`, or `not.numbers`. -1 after a fault. */
int rules_read_numbers(struct rules_reading *r, bool negated);

/* window_keys.c. Read the values of unique, limit and limit.action; NAME is not used. -1 after a fault. */
int rules_read_unique(struct rules_reading *r, struct dnc_str name);
int rules_read_limit(struct rules_reading *r, struct dnc_str name);
int rules_read_above(struct rules_reading *r, struct dnc_str name);

/* route_keys.c. Read the values of route, copy, when_down, spool and exec.timeout; NAME is not used. -1 after a fault. */
int rules_read_route(struct rules_reading *r, struct dnc_str name);
int rules_read_copy(struct rules_reading *r, struct dnc_str name);
int rules_read_when_down(struct rules_reading *r, struct dnc_str name);
int rules_read_spool(struct rules_reading *r, struct dnc_str name);
int rules_read_timeout(struct rules_reading *r, struct dnc_str name);

/* route_keys.c. At the end of a rule: checks what it says of its routes. */
void rules_end_routes(struct rules_reading *r);

/* window_keys.c. What follows " by " in the value; VALUE is cut there. p is NULL if there is none. */
struct dnc_str rules_cut_by(struct dnc_str *value);

/* window_keys.c. Adds the fields of LIST, which commas separate. -1 after a fault. */
int rules_read_fields(struct rules_reading *r, struct dnc_str list, struct dnc_str **fields,
	size_t *count, size_t *room);

/* numbers.c. The path that the value names, for free(); a relative one starts at the directory of the rules file. NULL without
 * memory. */
char *rules_find_path(const struct rules_reading *r);

/* expect_keys.c. At the start of [expect NAME], and for each of its entries. */
void rules_begin_digest(struct rules_reading *r);
void rules_digest_entry(struct rules_reading *r);

/* expect_keys.c. Read the values of within and state; NAME is not used. -1 after a fault. */
int rules_read_within(struct rules_reading *r, struct dnc_str name);
int rules_read_state(struct rules_reading *r);

/* field_names.c. Keep the N bytes at AT of the present line, a field of KIND, or the places of T, whose text is the value, for
 * the end of the section. -1 without memory. */
int rules_note_field(struct rules_reading *r, enum rules_place_kind kind, size_t at, size_t n);
int rules_note_places(struct rules_reading *r, const struct rule_text *t);
void rules_forget_places(struct rules_reading *r);

/* field_names.c. At the end of a section: finds fields that events of its types do not have, and those of the event it
 * makes that it can't set. */
void rules_check_fields(struct rules_reading *r);

/* doubts.c. What can be used, but hardly does what is meant: a value of phone (-1 after a fault); one of a list; at the end of a
 * section, all that it says. */
int rules_doubt_pattern(struct rules_reading *r);
void rules_doubt_value(struct rules_reading *r);
void rules_doubt_rule(struct rules_reading *r);

/* emit_check.c. At the end of a rule: finds what it makes that can't be an event. */
void rules_check_made(struct rules_reading *r);

/* types.c. The types that the rule can match, a bit for each, when its words were compiled. */
unsigned rules_types(const struct rule *rule);

/* expect_keys.c. At the end of [expect NAME]: checks what its keys say together. -1 after a fault. */
int rules_end_expectation(struct rules_reading *r);

/* expect_keys.c. After the last file, any of which may have `state`: reports the sections [expect NAME] that lack it. */
void rules_check_state(struct rules_reading *r);

/* words.c. The word of a filter that KEY names ("provider", "min-severity", "where.metadata.x"); NULL if it names none. */
const struct dnc_filter_word *rules_find_word(struct dnc_str key);

/* words.c. Adds the present value to the words of the rule, or to the negated ones. -1 after a fault. */
int rules_add_word(struct rules_reading *r, const struct dnc_filter_word *w, bool negated);

/* words.c. Appends the names of all words, a blank after each. */
void rules_list_words(struct dnc_buf *names);

/* words.c. At the end of a rule: compiles its words. -1 after a fault. */
int rules_compile_words(struct rules_reading *r);
