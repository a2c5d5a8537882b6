/* decide.h - one event and the rules. */
#pragma once
#include "rule.h"

/* rules.c. After the files were read: what the first event needs. -1 with ERR. */
int rules_prepare(struct dnc_rules *r, struct dnc_error *err);

/* decide.c. Returns 1 if all conditions of RULE hold for EVENT, 0 with the one that does not in *FAILED (a
 * word of the filter, such as "phone", only with EXPLAIN: else p is NULL for it), or -1 with ERR as dnc_rules_decide(). */
int rule_match(struct rule *rule, const struct dnc_event *event, bool explain,
	struct dnc_str *failed, struct dnc_error *err);

/* change.c. Sets severity and metadata of EVENT as RULE says. OUT's line is memory of INTO, one of R's, valid until the next
 * call with it, whatever that returns; EVENT may be one that was changed into it before. -1 with ERR as dnc_rules_decide(). */
int rules_change(struct dnc_rules *r, const struct rule *rule, const struct dnc_event *event,
	struct rule_changed *into, struct dnc_event *out, struct dnc_error *err);

/* change.c. Appends the event that RULE makes of EVENT to what was made, and returns 1; if it is no event, appends it to what was
 * not, and returns 0. -1 without memory. */
int rules_make(struct dnc_rules *r, const struct rule *rule, const struct dnc_event *event,
	struct dnc_error *err);

/* change.c. Forgets what was made, and what was not, of the last event. */
void rules_forget_made(struct dnc_rules *r);

/* routed.c. Adds the routes of RULE to those of the event. -1 without memory. */
int rules_route(struct dnc_rules *r, struct rule *rule, struct dnc_error *err);

/* routed.c. Before the event, which is LINE now, is changed: keeps it for the copies that rules before have asked for. -1 without
 * memory. */
int rules_keep_routed(struct dnc_rules *r, struct dnc_str line, struct dnc_error *err);

/* routed.c. Completes the decision; LINE is the event in the end. */
void rules_end_routed(struct dnc_rules *r, struct dnc_str line, struct dnc_decision *d);

/* program.c. Starts the process of RULE's program. -1 with ERR, an errno. */
int rule_program_start(
	struct rule *rule, const struct dnc_rules_options *options, struct dnc_error *err);

/* program.c. Returns whether the program holds for EVENT: 1 or 0; -1 with ERR as dnc_rules_decide(). */
int rule_program_holds(struct rule *rule, const struct dnc_event *event, struct dnc_error *err);

void rule_program_finish(struct rule_program *p);
