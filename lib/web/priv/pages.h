/* pages.h - how many pages of the log are read and sent at once: of one subject, from one address, and how much memory they
 * have in all.
 *
 * One struct pages serves all web servers of the process; any thread may call, and nothing blocks for longer than a hash
 * lookup. A page counts from its request until the socket has taken all of it. */
#pragma once
#include <stddef.h>

enum {
	PAGES_PER_SUBJECT = 4,
	PAGES_PER_ADDRESS = 16,   /* a proxy or an office has many subjects */
	PAGES_BYTES = 32 << 20,   /* of all pages together */
	PAGES_RESERVED = 1 << 20, /* for one that is being read: HISTORY_PAGE_BYTES */
	PAGES_UNREAD_S = 60,      /* how long a client may take to receive one */
};

enum pages_verdict {
	PAGES_OK,
	PAGES_SUBJECT, /* too many of the subject */
	PAGES_ADDRESS, /* too many from the address */
	PAGES_FULL,    /* too many in all, or no memory to count one more */
};

struct dnc_count;
struct pages;

/* The slot of a counted page; all zero is empty. */
struct pages_slot {
	struct dnc_count *address, *subject;
	size_t bytes;
};

/* To be freed with pages_free(). NULL when there is no memory. */
struct pages *pages_new(void);

/* No page may be counted. NULL is allowed. */
void pages_free(struct pages *p);

/* Admits a page from ADDRESS, of SUBJECT (NULL if authentication is disabled), with PAGES_RESERVED bytes. SLOT is set with
 * PAGES_OK and cleared otherwise. */
enum pages_verdict pages_enter(
	struct pages *p, const char *address, const char *subject, struct pages_slot *slot);

/* The page of SLOT, which has one, was read and has BYTES. */
void pages_shrink(struct pages *p, struct pages_slot *slot, size_t bytes);

/* Releases and clears SLOT, which may be empty. */
void pages_leave(struct pages *p, struct pages_slot *slot);

/* The bytes of all pages. */
size_t pages_bytes(struct pages *p);
