/* filter.h - decides whether an event matches a subscription.
 *
 * A filter is compiled once from JSON and constant from then on, so any number of threads may use it. It is
 * reference counted: the owner of each stored pointer holds a reference. Its fields are joined by AND, the values
 * of a field by OR, a list of filters by OR. words.h lists the fields, dnc-events(7) explains them. Patterns
 * are untrusted: their size, their nesting and the cost of one match are bounded. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "event/event.h"
#include "event/mask.h"
#include "json/json.h"

#define DNC_FILTER_MAX_VALUES  25  /* in all lists of a filter together */
#define DNC_FILTER_RULE_VALUES 256 /* of a rule's, which an operator has written */
#define DNC_FILTER_MAX_PATTERN 256 /* bytes */

struct dnc_filter;

/* Compiles node INDEX of DOC: a filter object, or an array of them. Returns a new reference, to be dropped
 * with dnc_filter_unref(), or NULL with ERR: its place is the path of the field inside the node
 * ("phone_patterns[0]"), its offset the byte at fault in an invalid pattern.
 * Compiles every pattern: for subscriptions, not for events. */
const struct dnc_filter *dnc_filter_compile(
	const struct dnc_json *doc, uint32_t index, struct dnc_error *err);

/* The same from N bytes of JSON text, which are copied. */
const struct dnc_filter *dnc_filter_compile_text(const char *json, size_t n, struct dnc_error *err);

/* What an operator has written and no client or caller may end: what a role sees, or the conditions of a rule. */
enum dnc_filter_owner { DNC_FILTER_OF_ROLE, DNC_FILTER_OF_RULE };

/* The same for OWNER: patterns that need many steps on numbers of common shapes are refused, and one that does so on another
 * number makes that event alone DNC_MATCH_TOO_COSTLY. */
const struct dnc_filter *dnc_filter_compile_owned(
	const char *json, size_t n, enum dnc_filter_owner owner, struct dnc_error *err);

/* Adds a reference to F, of which the caller has one, and returns it. NULL gives NULL. Any thread. */
const struct dnc_filter *dnc_filter_ref(const struct dnc_filter *f);

/* Drops a reference; the last one frees F. NULL is allowed. Any thread. */
void dnc_filter_unref(const struct dnc_filter *f);

/* Whether an event matches is not known: for want of memory (try again, or report the event as lost), or because it takes
 * too much work to know (report it). The latter is for dnc_filter_compile_owned() alone; the first of F is logged. */
enum { DNC_MATCH_NO_MEMORY = -1, DNC_MATCH_TOO_COSTLY = -2 };

/* Returns 1 if EVENT matches and 0 if not, or one of the above. A pattern that exceeds its budget does not match, is
 * counted in dnc_filter_limit_hits(), and from then on F matches nothing (dnc_filter_over_budget()), unless it has an
 * owner. Any thread. */
int dnc_filter_match(const struct dnc_filter *f, const struct dnc_event *event);

/* True after one of F's patterns has exceeded its budget on some number. A pattern that does so on numbers of
 * common shapes is refused when it is compiled. Any thread. */
bool dnc_filter_over_budget(const struct dnc_filter *f);

/* True after a pattern of F has taken more than a few steps on some number: a match may then take up to some hundreds of
 * microseconds, and is to be timed. Until then it takes about one. It never becomes false again. Any thread. */
bool dnc_filter_costly(const struct dnc_filter *f);

/* False if F has no patterns, so that it never becomes costly. */
bool dnc_filter_has_patterns(const struct dnc_filter *f);

/* The types that F can match, a bit for each enum dnc_type. */
unsigned dnc_filter_types(const struct dnc_filter *f);

/* For indexes: prefixes ("+1916"), one of which every number that F matches starts with. The count is 0 if F also
 * matches events without a number, or numbers with any start. Prefixes are borrowed from F. */
size_t dnc_filter_prefix_count(const struct dnc_filter *f);
struct dnc_str dnc_filter_prefix(const struct dnc_filter *f, size_t index);

/* False if F, which can match some event, can match no masked one: each of its alternatives compares a field that MASK
 * (NULL: none but the table) does not show. HIDDEN is then the first such field (a path of
 * custom_filters itself), borrowed from F or constant. */
bool dnc_filter_sees_masked(
	const struct dnc_filter *f, const struct dnc_mask *mask, struct dnc_str *hidden);

/* The number of alternatives in F; 0 if it matches every event. */
size_t dnc_filter_count(const struct dnc_filter *f);

/* F as JSON in canonical form: filters with equal texts are equal. Borrowed from F. */
struct dnc_str dnc_filter_text(const struct dnc_filter *f);

/* What audit records may say of F, in JSON: for each field its known words (types, severities, reasons and the like) with
 * null in place of each other value, and of fields that can hold a number or a name the count of the values. Borrowed from F. */
struct dnc_str dnc_filter_outline(const struct dnc_filter *f);

/* How many matches in this process exceeded a pattern's budget. Any thread. */
uint64_t dnc_filter_limit_hits(void);
