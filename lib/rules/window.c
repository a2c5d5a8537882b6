#include "priv/window.h"
#include <sodium.h>
#include <stdlib.h>
#include "priv/place.h"

void rule_window_start(struct rule_window *w)
{
	w->seen.max = w->counted.max = WINDOW_KEYS;
	w->answers.max = WINDOW_ANSWERS;
	randombytes_buf(w->secret, sizeof w->secret);
}

static void finish_fields(struct dnc_str *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)fields[i].p);
	free(fields);
}

void rule_window_finish(struct rule_window *w)
{
	finish_fields(w->unique_by, w->unique_count);
	finish_fields(w->limit_by, w->limit_count);
	keyed_finish(&w->seen);
	keyed_finish(&w->counted);
	keyed_finish(&w->answers);
	dnc_buf_free(&w->text);
	dnc_buf_free(&w->scratch);
	sodium_memzero(w->secret, sizeof w->secret);
}

static bool same_fields(
	const struct dnc_str *a, size_t a_count, const struct dnc_str *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!dnc_str_eq(a[i], b[i]))
			return false;
	return true;
}

static void swap(struct keyed *a, struct keyed *b)
{
	struct keyed t = *a;

	*a = *b;
	*b = t;
}

void rule_window_inherit(struct rule_window *w, struct rule_window *old)
{
	unsigned char secret[sizeof w->secret];

	if (w->unique_ms != old->unique_ms || w->limit != old->limit ||
		w->limit_ms != old->limit_ms ||
		!same_fields(w->unique_by, w->unique_count, old->unique_by, old->unique_count) ||
		!same_fields(w->limit_by, w->limit_count, old->limit_by, old->limit_count))
		return;
	memcpy(secret, w->secret, sizeof secret);
	memcpy(w->secret, old->secret, sizeof secret);
	memcpy(old->secret, secret, sizeof secret);
	sodium_memzero(secret, sizeof secret);
	swap(&w->seen, &old->seen);
	swap(&w->counted, &old->counted);
	swap(&w->answers, &old->answers);
}

static void hash(const struct rule_window *w, struct dnc_str text, unsigned char key[KEYED_BYTES])
{
	_Static_assert(crypto_shorthash_siphashx24_BYTES == KEYED_BYTES, "a key is a hash");
	crypto_shorthash_siphashx24(key, (const unsigned char *)text.p, text.n, w->secret);
}

/* The values of FIELDS, each after its length. Returns 0 if the event lacks one, 1 with KEY, -1 without memory. */
static int make_key(struct rule_window *w, const struct dnc_event *event,
	const struct dnc_str *fields, size_t count, unsigned char key[KEYED_BYTES])
{
	dnc_buf_clear(&w->text);
	for (size_t i = 0; i < count; i++) {
		struct dnc_str value;
		uint64_t n;

		if (rule_field(event, fields[i], &w->scratch, &value) < 0)
			return -1;
		if (!value.n)
			return 0;
		n = value.n;
		dnc_buf_add(&w->text, &n, sizeof n);
		dnc_buf_str(&w->text, value);
	}
	if (!dnc_buf_reserve(&w->text, 1) || !dnc_buf_ok(&w->text))
		return -1;
	hash(w, dnc_buf_view(&w->text), key);
	return 1;
}

/* An event opens the window at `at`, in milliseconds; those of less than its length after or before it are repeats, in whatever
 * order they come. KEPT with *OPENS: it opens one, at the key KEY, once it is known to be kept. */
static int ask_unique(struct rule_window *w, const struct dnc_event *event, int64_t at_ms,
	unsigned char key[KEYED_BYTES], bool *opens)
{
	const struct keyed_entry *e;
	int rc = make_key(w, event, w->unique_by, w->unique_count, key);

	if (rc <= 0)
		return rc < 0 ? -1 : WINDOW_LACKING;
	e = keyed_find(&w->seen, key);
	*opens = !e || at_ms >= e->at + w->unique_ms;
	/* An event from before the window leaves it as it is. */
	return *opens || at_ms <= e->at - w->unique_ms ? WINDOW_KEPT : WINDOW_REPEATED;
}

static int open_unique(struct rule_window *w, const unsigned char key[KEYED_BYTES], int64_t at_ms)
{
	struct keyed_entry *e = keyed_find(&w->seen, key);

	if (!e && !(e = keyed_add(&w->seen, key)))
		return -1;
	e->at = at_ms;
	return 0;
}

/* Generic cell rate algorithm (ITU-T I.371), in microseconds, which hold all years: `at` is when the events so far will
 * have been due, at an even rate, and `last` the time of the last one. LIMIT events may come at once, and one more each limit_ms / limit. */
static int count_limit(struct rule_window *w, const struct dnc_event *event, int64_t at_ms)
{
	unsigned char key[KEYED_BYTES];
	struct keyed_entry *e;
	int rc = make_key(w, event, w->limit_by, w->limit_count, key);
	int64_t window_us = w->limit_ms * 1000, each_us = window_us / (int64_t)w->limit,
		at_us = at_ms * 1000, due;

	if (rc <= 0)
		return rc < 0 ? -1 : WINDOW_LACKING;
	e = keyed_find(&w->counted, key);
	if (!e) {
		e = keyed_add(&w->counted, key);
		if (!e)
			return -1;
		e->at = e->last = at_us;
	}
	/* What was counted since says nothing of a time before its window. */
	if (at_us <= e->last - window_us)
		return WINDOW_KEPT;
	/* A late event takes its share as if it came with the last one: by its own time, the share would not have grown yet. */
	if (at_us < e->last)
		at_us = e->last;
	due = e->at < at_us ? at_us : e->at;
	if (due + each_us > at_us + window_us)
		return WINDOW_ABOVE;
	e->at = due + each_us;
	e->last = at_us;
	return WINDOW_KEPT;
}

static int count(struct rule_window *w, const struct dnc_event *event, int64_t now_ms)
{
	int64_t at_ms = now_ms;
	int answer = WINDOW_KEPT, limited = WINDOW_KEPT;
	unsigned char key[KEYED_BYTES];
	bool opens = false;

	if (event->timestamp_ms < now_ms - WINDOW_PAST_MS)
		at_ms = event->timestamp_ms;
	if (w->unique_ms)
		answer = ask_unique(w, event, at_ms, key, &opens);
	if (w->limit && (answer == WINDOW_KEPT || answer == WINDOW_LACKING))
		limited = count_limit(w, event, at_ms);
	/* Not for an event that is over the limit: of its repeats, one must be kept. */
	if (opens && (limited == WINDOW_KEPT || limited == WINDOW_LACKING) &&
		open_unique(w, key, at_ms) < 0)
		return -1;
	return limited == WINDOW_KEPT ? answer : limited;
}

int rule_window_count(struct rule_window *w, const struct dnc_event *event, int64_t now_ms)
{
	unsigned char key[KEYED_BYTES];
	struct keyed_entry *known;
	int answer;

	hash(w, event->id, key);
	known = keyed_find(&w->answers, key);
	if (known)
		return known->answer;
	answer = count(w, event, now_ms);
	if (answer < 0)
		return -1;
	known = keyed_add(&w->answers, key);
	if (!known)
		return -1;
	known->answer = (uint8_t)answer;
	return answer;
}
