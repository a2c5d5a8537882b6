/* priv/expect.h - a section [expect NAME] and the keys that it waits for. */
#pragma once
#include "base/hash.h"
#include "rule.h"
#include "rules/expect.h"

enum { EXPECT_DIGEST_BYTES = 16 };

/* Longer ones are not waited for: what an event may hold 100,000 times has a bound. */
enum { EXPECT_KEY_BYTES = 1024 };

/* The values of the fields `by`. */
struct expect_key {
	UT_hash_handle hh;       /* in `keys`, while it is waited for */
	struct expect_key *next; /* in `made` */
	int64_t last_ms;         /* of the last event that matched: its own time */
	int64_t due_ms;
	bool again;          /* it was made, and is not known to be safe: not in `keys` */
	size_t at;           /* in `heap`: its index */
	uint64_t line;       /* in `made`: it is safe with this line of the output */
	struct dnc_str made; /* owned: the event, once it was made; p NULL before */
	size_t n;
	char text[]; /* a JSON array of strings */
};

struct expectation {
	struct rule rule; /* its name, conditions and emission */
	int64_t within_ms;
	struct dnc_str *by; /* owned, and their texts */
	size_t by_count, by_room;
	unsigned char digest[EXPECT_DIGEST_BYTES]; /* of conditions and `within` */
	bool started;                              /* without `by`: it waits, or has waited */
	struct expect_key *keys;                   /* owned */
	struct expect_key **heap;                  /* owned: what is due, the next one first */
	size_t waiting, room;
	struct expect_key *made, **made_end; /* owned: not known to be safe, in order */
	struct dnc_expect_counts counts;
};

/* deadlines.c. Adds KEY, which has its text and times. False without memory; KEY is then the caller's. */
bool expectation_add(struct expectation *x, struct expect_key *key, bool again);

/* deadlines.c. A new key with the N bytes at TEXT; NULL without memory. */
struct expect_key *expect_key_new(const char *text, size_t n);

void expect_key_free(struct expect_key *key);

/* deadlines.c. The event of KEY was made: LINE is copied. False without memory. */
bool expect_key_made(struct expect_key *key, struct dnc_str line);

/* deadlines.c. X, which has waited for nothing yet, goes on with what OLD has. */
void expectation_inherit(struct expectation *x, struct expectation *old);

/* deadlines.c. The same, but of other conditions: only events that were made, and are not known to be safe, go on. */
void expectation_inherit_made(struct expectation *x, struct expectation *old);

/* deadlines.c. KEY, which is waited for, is due later than before. */
void expectation_delayed(struct expectation *x, struct expect_key *key);

/* deadlines.c. Takes the next one away, which is the caller's then. */
struct expect_key *expectation_remove(struct expectation *x);

/* deadlines.c. All but its `rule`. */
void expectation_finish(struct expectation *x);

/* expect_event.c. Makes the event of X for a key with TEXT. OUT is valid until the rules are asked again. -1 with ERR as
 * dnc_expect_due(). */
int expectation_make(struct dnc_rules *r, const struct expectation *x, struct dnc_str text,
	int64_t last_ms, struct dnc_event *out, struct dnc_error *err);

/* expect_event.c. The number of FIELD among `by`; by_count if it is none of them. */
size_t expectation_field(const struct expectation *x, struct dnc_str field);
