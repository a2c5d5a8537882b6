/* filter.h - decides whether an event belongs to a subscription.
 *
 * A filter is compiled once from JSON and then only read, so one filter may serve many threads. It is
 * reference counted: whoever keeps one holds it (dnc_filter_ref()).
 * Its fields are joined by AND, the values of a field by OR, and a list of filters by OR; they are
 * listed in dnc-filter(1). Patterns come from strangers: their size, nesting and the work of one
 * match are bounded. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "event/event.h"
#include "json/json.h"

/* Values in all the lists of one filter together. */
#define DNC_FILTER_MAX_VALUES  25
#define DNC_FILTER_MAX_PATTERN 256 /* bytes */

struct dnc_filter;

/* Compiles node INDEX of DOC: a filter object, or an array of them. Returns a filter that the
 * caller holds (dnc_filter_unref()), or NULL with ERR's place set to the field's path inside the node
 * ("phone_patterns[0]") and, for a bad pattern, its offset to the byte at fault.
 * Cost: compiles every pattern; call it on (re)subscription, never per event. */
const struct dnc_filter *dnc_filter_compile(
	const struct dnc_json *doc, uint32_t index, struct dnc_error *err);

/* The same from N bytes of JSON text, copied. */
const struct dnc_filter *dnc_filter_compile_text(const char *json, size_t n, struct dnc_error *err);

/* One more holder of F, which the caller holds: returns F. NULL gives NULL. Any thread. */
const struct dnc_filter *dnc_filter_ref(const struct dnc_filter *f);

/* One holder of F less; the last one frees it. NULL is allowed. Any thread. */
void dnc_filter_unref(const struct dnc_filter *f);

/* True when EVENT belongs. Never fails: a pattern that takes too much work counts as no match and in
 * dnc_filter_limit_hits(), and from then on F matches nothing (dnc_filter_over_budget()). Thread safe. */
bool dnc_filter_match(const struct dnc_filter *f, const struct dnc_event *event);

/* True once one of F's patterns took too much work on a number: F is of no more use. Patterns that do so
 * with numbers of every kind are refused when they are compiled. */
bool dnc_filter_over_budget(const struct dnc_filter *f);

/* A bit for each enum dnc_type that F can match. */
unsigned dnc_filter_types(const struct dnc_filter *f);

/* Digits ("+1916") one of which starts every number that F matches; none when F also matches events
 * without a number, or numbers that start with anything. For indexes. */
size_t dnc_filter_prefix_count(const struct dnc_filter *f);
struct dnc_str dnc_filter_prefix(const struct dnc_filter *f, size_t index);

/* How many alternatives F has, 0 when it lets everything through. */
size_t dnc_filter_count(const struct dnc_filter *f);

/* The text that F was compiled of, in one spelling: equal texts are equal filters. Borrowed. */
struct dnc_str dnc_filter_text(const struct dnc_filter *f);

/* Matches, in this process, that were given up because a pattern took too much work. */
uint64_t dnc_filter_limit_hits(void);
