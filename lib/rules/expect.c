#include "priv/expect.h"
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/decide.h"

/* 9999-12-31T23:59:59.999Z: later ones can't be written. */
#define LAST_MS INT64_C(253402300799999)

size_t dnc_expect_count(const struct dnc_rules *r)
{
	return r->expectation_count;
}

const char *dnc_expect_name(const struct dnc_rules *r, size_t expectation)
{
	return r->expectation[expectation].rule.name;
}

const char *dnc_expect_path(const struct dnc_rules *r)
{
	return r->state_path;
}

struct dnc_expect_counts dnc_expect_counts(const struct dnc_rules *r, size_t expectation)
{
	struct dnc_expect_counts counts = r->expectation[expectation].counts;

	counts.waiting = r->expectation[expectation].waiting;
	return counts;
}

uint64_t dnc_expect_changes(const struct dnc_rules *r)
{
	return r->expect_changes;
}

static int64_t add_time(int64_t at_ms, int64_t within_ms)
{
	return at_ms > LAST_MS - within_ms ? LAST_MS : at_ms + within_ms;
}

static int watch(struct dnc_rules *r, struct expectation *x, struct dnc_str text, int64_t last_ms,
	int64_t at_ms)
{
	struct expect_key *key = expect_key_new(text.p, text.n);

	if (!key)
		return -1;
	key->last_ms = last_ms;
	key->due_ms = add_time(at_ms, x->within_ms);
	if (!expectation_add(x, key, false)) {
		expect_key_free(key);
		return -1;
	}
	x->started = true;
	r->expect_changes++;
	return 0;
}

int dnc_expect_start(struct dnc_rules *r, int64_t now_ms)
{
	int rc = 0;

	for (size_t i = 0; i < r->expectation_count; i++) {
		struct expectation *x = &r->expectation[i];

		if (!x->by_count && !x->started && watch(r, x, DNC_STR("[]"), now_ms, now_ms) < 0)
			rc = -1;
	}
	return rc;
}

/* The values of EVENT as a JSON array. Returns 0 if it lacks one of the fields, 1, or -1 without memory. */
static int write_key(
	struct dnc_rules *r, const struct expectation *x, const struct dnc_event *event)
{
	struct dnc_buf *b = &r->edit;

	dnc_buf_clear(b);
	dnc_buf_chr(b, '[');
	for (size_t i = 0; i < x->by_count; i++) {
		struct dnc_str value;

		if (rule_field(event, x->by[i], &r->expect_text, &value) < 0)
			return -1;
		if (!value.n)
			return 0;
		if (i)
			dnc_buf_chr(b, ',');
		dnc_json_write_str(b, value);
	}
	dnc_buf_chr(b, ']');
	return dnc_buf_ok(b) ? 1 : -1;
}

static void forget(struct expectation *x, const char *why)
{
	if (!x->counts.forgotten++)
		dnc_warn("expect %s: %s: they are not waited for", x->rule.name, why);
}

/* EVENT, which matches, came at AT_MS. */
static int see(
	struct dnc_rules *r, struct expectation *x, const struct dnc_event *event, int64_t at_ms)
{
	struct expect_key *key;
	int64_t due_ms = add_time(at_ms, x->within_ms);
	int rc = write_key(r, x, event);

	x->counts.matched++;
	if (rc < 0)
		return -1;
	if (rc == 0) {
		if (!x->counts.lacking++)
			dnc_warn(
				"expect %s: there are events without a field of \"by\": they do not "
				"count as having come",
				x->rule.name);
		return 0;
	}
	HASH_FIND(hh, x->keys, r->edit.p, r->edit.n, key);
	if (!key && r->edit.n > EXPECT_KEY_BYTES) {
		forget(x, "there are values of more than 1,000 bytes");
		return 0;
	}
	if (!key && HASH_COUNT(x->keys) >= DNC_EXPECT_MAX_KEYS) {
		forget(x, "more than 100,000 different values came");
		return 0;
	}
	if (!key)
		return watch(r, x, dnc_buf_view(&r->edit), event->timestamp_ms, at_ms);
	if (due_ms < key->due_ms)
		return 0;
	key->last_ms = event->timestamp_ms;
	key->due_ms = due_ms;
	expectation_delayed(x, key);
	r->expect_changes++;
	return 0;
}

int dnc_expect_seen(
	struct dnc_rules *r, const struct dnc_event *event, int64_t at_ms, struct dnc_error *err)
{
	for (size_t i = 0; i < r->expectation_count; i++) {
		struct expectation *x = &r->expectation[i];
		struct dnc_str failed;
		int holds = rule_match(&x->rule, event, false, &failed, err);

		if (holds < 0) {
			x->counts.failed++;
			return -1;
		}
		if (holds && see(r, x, event, at_ms) < 0)
			return dnc_error_nomem(err);
	}
	return 0;
}

/* The section whose next event is the first of all; NULL if there is none. */
static struct expectation *find_next(const struct dnc_rules *r)
{
	struct expectation *first = NULL;

	for (size_t i = 0; i < r->expectation_count; i++) {
		struct expectation *x = &r->expectation[i];

		if (x->waiting && (!first || x->heap[0]->due_ms < first->heap[0]->due_ms))
			first = x;
	}
	return first;
}

int64_t dnc_expect_next(const struct dnc_rules *r)
{
	const struct expectation *x = find_next(r);

	return x ? x->heap[0]->due_ms : INT64_MAX;
}

/* Makes the event of KEY, which has it then. */
static int make(struct dnc_rules *r, const struct expectation *x, struct expect_key *key,
	struct dnc_error *err)
{
	struct dnc_event made;

	if (expectation_make(r, x, (struct dnc_str){key->text, key->n}, key->last_ms, &made, err) <
		0)
		return -1;
	return expect_key_made(key, made.line) ? 0 : dnc_error_nomem(err);
}

int dnc_expect_due(struct dnc_rules *r, int64_t now_ms, size_t *expectation, struct dnc_str *line,
	struct dnc_error *err)
{
	struct expectation *x = find_next(r);
	struct expect_key *key;

	if (!x || x->heap[0]->due_ms > now_ms)
		return 0;
	key = x->heap[0];
	*expectation = (size_t)(x - r->expectation);
	if (!key->made.p && make(r, x, key, err) < 0) {
		if (err->code == DNC_ERROR_NO_MEMORY)
			return -1;
		x->counts.failed++;
		expect_key_free(expectation_remove(x));
		r->expect_changes++;
		return -1;
	}
	key = expectation_remove(x);
	key->line = UINT64_MAX;
	key->next = NULL;
	*(x->made ? x->made_end : &x->made) = key;
	x->made_end = &key->next;
	x->counts.made++;
	r->expect_changes++;
	*line = key->made;
	return 1;
}

void dnc_expect_written(struct dnc_rules *r, uint64_t lines)
{
	for (size_t i = 0; i < r->expectation_count; i++)
		for (struct expect_key *key = r->expectation[i].made; key; key = key->next)
			if (key->line == UINT64_MAX)
				key->line = lines;
}

void dnc_expect_safe(struct dnc_rules *r, uint64_t lines)
{
	for (size_t i = 0; i < r->expectation_count; i++) {
		struct expectation *x = &r->expectation[i];

		while (x->made && x->made->line <= lines) {
			struct expect_key *next = x->made->next;

			expect_key_free(x->made);
			x->made = next;
			r->expect_changes++;
		}
	}
}
