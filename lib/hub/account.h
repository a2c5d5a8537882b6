/* account.h - what the costly filters of one client may take of a hub's thread and of its log reader's.
 *
 * A client is a name: the subject of a token or, without authentication, an address; all connections and requests with
 * that name share its account. Only filters with costly patterns (dnc_filter_costly()) are charged, by the time that
 * matching them takes. A client that has used its budget up waits, while others go on. An account belongs to the hub's
 * thread, but for what dnc_account_reader() returns: while jobs of the client are queued or run, that is the log
 * reader's, under its lock (log/reader.h). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "log/reader.h"

struct dnc_hub;
struct dnc_account;

/* In the hub's thread an account gets 10 ms for each second and keeps two seconds' worth at most. In microseconds. */
enum { DNC_ACCOUNT_PER_MINUTE = 60 * 10000, DNC_ACCOUNT_BURST = 20000 };

/* The same for compiling filters: 5 ms for each second, and 20 ms at once. Simple filters are free, or a fleet that
 * connects at once would need more. */
enum {
	DNC_ACCOUNT_COMPILE_PER_MINUTE = 60 * 5000,
	DNC_ACCOUNT_COMPILE_BURST = 20000,
	DNC_ACCOUNT_COMPILE_FREE_NS = 100000,
};

/* The account of NAME, which is copied, with a reference that is to be dropped with dnc_account_unref(). NULL when there
 * is no memory. The hub must outlive it. */
struct dnc_account *dnc_hub_account(struct dnc_hub *h, const char *name);

/* Adds a reference and returns it. NULL gives NULL. */
struct dnc_account *dnc_account_ref(struct dnc_account *a);

/* Drops a reference. What the client owes is kept until it is paid. NULL is allowed. */
void dnc_account_unref(struct dnc_account *a);

/* Charges NS of work that was done. */
void dnc_account_spend(struct dnc_account *a, int64_t ns);

/* True when the account has something left. */
bool dnc_account_allows(struct dnc_account *a);

/* How long until it has again, in milliseconds; after dnc_account_allows() was false. */
int64_t dnc_account_wait_ms(const struct dnc_account *a);

/* Compiling a filter takes up to some milliseconds, and can't be put off: it has a budget of its own, of which a fleet that
 * connects at once with one subject needs less than an attacker does. True when the client may compile another one. */
bool dnc_account_may_compile(struct dnc_account *a);

/* Charges it with the CPU time since START, of dnc_clock_thread_ns(), if that is more than DNC_ACCOUNT_COMPILE_FREE_NS. */
void dnc_account_compiled(struct dnc_account *a, int64_t start);

/* For the jobs of the client; each must hold a reference to the account. */
struct dnc_reader_client *dnc_account_reader(struct dnc_account *a);
