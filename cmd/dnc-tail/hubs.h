/* hubs.h - the hubs that may be connected to, in their order, and which one is next after a failure. Pure: time is passed
 * in. For one thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "address.h"
#include "failure.h"

enum {
	HUBS_MAX = 8,       /* that the user gives */
	HUBS_NAMED_MAX = 8, /* that hubs have named, besides those */
};

struct hubs {
	struct hub {
		struct address address;
		int64_t after_ms; /* the hub asked not to come before; 0: it did not */
		bool tried;       /* in this round */
		bool final;       /* another attempt would fail, too */
		bool told;        /* since the last connection: the user knows why it failed */
		bool learned;     /* a hub has named it, not the user */
		unsigned
			rank; /* its place, from 1 on, among those that the hub in use named; 0: it did not */
	} hub[HUBS_MAX + HUBS_NAMED_MAX];
	size_t count, at; /* `at` is the one in use */
	size_t room;      /* which one gives way first to another that a hub names */
};

enum hubs_next {
	HUBS_SAME,  /* the same hub, after a pause */
	HUBS_OTHER, /* another one, now */
	HUBS_ROUND, /* all have failed: from the next one on again, after a pause */
	HUBS_END,   /* no attempt would succeed */
};

/* Adds the hub at URL. Returns -1 with ERR: EINVAL if it is no address, E2BIG if there are HUBS_MAX. */
int hubs_add(struct hubs *h, const char *url, struct dnc_error *err);

/* Returns the hub in use. */
struct hub *hubs_now(struct hubs *h);

/* Whether the user trusts hubs to name addresses that he did not give; then whether a token is sent there. */
enum hubs_trust { HUBS_GIVEN, HUBS_ANY, HUBS_ANY_WITH_TOKEN };

/* The hub in use ends, and names the one at URL, after those that it named before: they come before all others. One that was not
 * given is used only as TRUST allows, with TLS if any other has it, and with a token never in the clear, unless it is on this
 * host. False if it is not used. */
bool hubs_name(struct hubs *h, const char *url, enum hubs_trust trust);

/* The hub in use names the one at URL, and does not end: it is asked as if it had been given, as far as hubs_name() would use it. */
bool hubs_know(struct hubs *h, const char *url, enum hubs_trust trust);

/* The hub in use has failed at NOW_MS with what F says, and asked to wait WAIT_MS (0: it did not). Moves on to the
 * hub that is next. If it denies access, and the user did not give it, another one may not. *PAUSE_MS is how long
 * that one still asks to wait, 0 if it does not. */
enum hubs_next hubs_failed(struct hubs *h, const struct failure *f, int64_t wait_ms, int64_t now_ms,
	int64_t *pause_ms);

/* True if one of them asks to wait at NOW_MS. */
bool hubs_asks_to_wait(const struct hubs *h, int64_t now_ms);

/* The hub in use has accepted the subscription. */
void hubs_confirmed(struct hubs *h);

/* True if one of them is to be connected to with TLS. */
bool hubs_use_tls(const struct hubs *h);
