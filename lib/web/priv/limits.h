/* limits.h - how many connections there may be, in all, from one address and of one subject; and how much
 * memory the bodies of HTTP requests may have.
 *
 * A connection is admitted when it is accepted, before anything is known of it, and counted as a client when it has become
 * a stream.
 *
 * One struct limits serves all web servers of the process; any thread may call, and nothing blocks for
 * longer than a hash lookup. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "web/web.h"

enum {
	LIMITS_BODY_BYTES = 128 << 20
}; /* of all bodies that are being received; one subject has half at most */

enum limits_verdict {
	LIMITS_OK,
	LIMITS_FULL, /* too many connections, or no memory to count one more */
	LIMITS_ADDRESS,
	LIMITS_SUBJECT,
};

enum {
	LIMITS_REQUESTS =
		256, /* connections that may be open besides those of clients: for HTTP requests */
	LIMITS_LOCAL = 64,          /* and those kept back for this machine */
	LIMITS_BODIES_SUBJECT = 16, /* requests with a body of one subject at once */
	LIMITS_BODIES_ADDRESS =
		64, /* and from one address: a proxy or an office has many subjects */
	LIMITS_WAITING =
		64, /* of one address, that are no clients yet; more if many clients are allowed */
};

struct dnc_count;
struct limits;

/* What an open connection has of the limits; released by limits_release(). All zero is nothing. */
struct limits_admission {
	bool open;
	struct dnc_count
		*waiting; /* of its address; NULL: not counted, or it has become a client */
};

/* Admits a connection that was accepted from ADDRESS; NULL: this machine, for which some are kept back and which may
 * have any number of them. False when there are too many, or no memory. */
bool limits_admit(struct limits *l, const char *address, struct limits_admission *a);

/* The connection has become a client: it no longer waits. */
void limits_settle(struct limits *l, struct limits_admission *a);

/* The connection has ended. Clears A, which may be empty. */
void limits_release(struct limits *l, struct limits_admission *a);

/* No more than N connections can be open, because of the system's limits; the default is what the options need. */
void limits_cap(struct limits *l, size_t n);

/* How many connections may be open at most with these options. */
size_t limits_wanted(const struct limits *l);

/* The slot of a counted connection; released by limits_leave(). All zero is empty. */
struct limits_slot {
	struct dnc_count *address, *subject;
};

/* To be freed with limits_free(). NULL when there is no memory. */
struct limits *limits_new(const struct dnc_web_limits *options);

/* All connections must have left. NULL is allowed. */
void limits_free(struct limits *l);

/* Admits one more connection, from ADDRESS ("192.0.2.7"), of SUBJECT (NULL if authentication is disabled).
 * SLOT is set with LIMITS_OK and cleared otherwise. */
enum limits_verdict limits_enter(
	struct limits *l, const char *address, const char *subject, struct limits_slot *slot);

/* Releases and clears SLOT, which may be empty. */
void limits_leave(struct limits *l, struct limits_slot *slot);

/* How many connections there are, and how many are allowed. */
size_t limits_count(struct limits *l);
unsigned limits_max(const struct limits *l);

/* Admits one more request with a body, as limits_enter() does a connection; LIMITS_FULL: no memory. */
enum limits_verdict limits_begin_body(
	struct limits *l, const char *address, const char *subject, struct limits_slot *slot);

/* The request was answered. Clears SLOT, which may be empty. */
void limits_end_body(struct limits *l, struct limits_slot *slot);

/* A number that no other connection of this process has had. */
uint64_t limits_number(struct limits *l);

/* Changes *RESERVED, the bytes that one request body has reserved so far, to BYTES; 0 releases all.
 * Returns false, with nothing changed, if all bodies together would exceed LIMITS_BODY_BYTES. */
bool limits_reserve(struct limits *l, size_t *reserved, size_t bytes);
