/* hubs.h - the hubs that share a log: which others live, and where clients reach them.
 *
 * The journal keeps the list, as far as it can be read: while it can't, the last one stays. What is in it was written by whoever
 * may append to the log. All functions may be called by any thread, and none waits, unless said otherwise. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DNC_HUBS_MAX = 64,         /* others in the list */
	DNC_HUBS_ADDRESS_MAX = 256 /* with the NUL */
};

struct dnc_hubs;

struct dnc_hubs_row {
	char address[DNC_HUBS_ADDRESS_MAX]; /* empty: it does not tell */
	int64_t connections;
};

/* True if clients can be told this address: ws:// or wss://, one host, a port or none, and a path without a query; shorter than
 * DNC_HUBS_ADDRESS_MAX. */
bool dnc_hubs_check(const char *address);

/* Copies the others that live, MAX at most. Returns how many. */
size_t dnc_hubs_others(struct dnc_hubs *h, struct dnc_hubs_row *rows, size_t max);

/* So many clients are connected to this hub. */
void dnc_hubs_count(struct dnc_hubs *h, size_t connections);

/* After dnc_writer_leave(): waits until the others were told, MS at most; at once if they do not know this hub. */
void dnc_hubs_wait(struct dnc_hubs *h, int64_t ms);
