/* expect.h - what rules files expect: sections [expect NAME], of which an event is made when none that matches came in time.
 *
 * The caller gives the time, in milliseconds since 1970, and it is the caller's: that of a clock which does not jump while events
 * are live, that of the events while the past is replayed. It need not be in order: what is due is not moved to an earlier
 * time.
 *
 * An event that was made is remembered until the caller says that it is safe: until then the state has it, and it is made again,
 * with the same id and the same bytes, when the state is read, even if the section has other conditions or another emission then. */
#pragma once
#include "base/buf.h"
#include "rules/rules.h"

/* Sections, in all files that are read together. */
#define DNC_EXPECT_MAX 100

/* Keys of a section that are waited for; others are not, which is counted. */
#define DNC_EXPECT_MAX_KEYS 100000

size_t dnc_expect_count(const struct dnc_rules *r);
const char *dnc_expect_name(const struct dnc_rules *r, size_t expectation);

/* The file of `state`, from the directory of the process; NULL if the rules name none. */
const char *dnc_expect_path(const struct dnc_rules *r);

/* What a section did so far, and how many keys it waits for. */
struct dnc_expect_counts {
	uint64_t matched, made, failed;
	uint64_t
		forgotten; /* events whose key was one too many, or too long: it is not waited for */
	uint64_t lacking;  /* events without a field of `by`, which do not count as having come */
	uint64_t waiting;
};

struct dnc_expect_counts dnc_expect_counts(const struct dnc_rules *r, size_t expectation);

/* At the first time that is known: from here on sections without `by` wait, unless the state had them. -1 without memory: call it
 * again. */
int dnc_expect_start(struct dnc_rules *r, int64_t now_ms);

/* EVENT, which is canonical, came at AT_MS. -1 with ERR as dnc_rules_decide(). */
int dnc_expect_seen(
	struct dnc_rules *r, const struct dnc_event *event, int64_t at_ms, struct dnc_error *err);

/* When the next event is due; INT64_MAX: none is. */
int64_t dnc_expect_next(const struct dnc_rules *r);

/* Makes the next event that is due at NOW_MS, in order of time. Returns 1 with the canonical line in LINE, valid until the rules
 * are asked again; 0 if nothing is due; -1 with ERR: DNC_ERROR_NO_MEMORY (try again), or an enum dnc_reject: what the section
 * *EXPECTATION says is no event for this key. That is told once; call again for the next one. */
int dnc_expect_due(struct dnc_rules *r, int64_t now_ms, size_t *expectation, struct dnc_str *line,
	struct dnc_error *err);

/* All events that were made so far are among the first LINES lines of the output. */
void dnc_expect_written(struct dnc_rules *r, uint64_t lines);

/* The first LINES lines of the output are safe. */
void dnc_expect_safe(struct dnc_rules *r, uint64_t lines);

/* Grows with each change of the state. */
uint64_t dnc_expect_changes(const struct dnc_rules *r);

/* Appends the state at NOW_MS. -1 without memory. */
int dnc_expect_write(const struct dnc_rules *r, int64_t now_ms, struct dnc_buf *out);

/* Reads a state, before the first event; DNC_JSON_PADDING readable bytes follow TEXT. Sections of the same name and
 * conditions go on with it; those that have other ones, which a warning names, have only what they made from it.
 * NOW_MS gets the time of the state. -1 with ERR: EINVAL if it is damaged, DNC_ERROR_NO_MEMORY. */
int dnc_expect_read(
	struct dnc_rules *r, struct dnc_str text, int64_t *now_ms, struct dnc_error *err);
