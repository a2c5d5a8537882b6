/* client_list.h - the JSON of one server's clients. Any thread may append it; it is refreshed in the server's
 * thread. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

/* A client, as administrators see it. Strings are borrowed. */
struct client_list_entry {
	uint64_t number;
	const char *subject; /* NULL if authentication is disabled */
	const char *role, *address;
	int64_t connected_ms, active_ms; /* since 1970 */
	uint64_t messages, events;       /* received, and sent */
	size_t filters;
	uint64_t channel; /* 0: none */
	uint64_t lag;     /* events that it has yet to get */
	bool subscribed, rate_limited;
};

struct client_list {
	pthread_mutex_t lock;
	struct dnc_buf text; /* objects, with a comma between them; under the lock */
};

void client_list_init(struct client_list *l);
void client_list_destroy(struct client_list *l);

/* Begins the list anew, which is locked until client_list_end(). */
void client_list_begin(struct client_list *l);
void client_list_add(struct client_list *l, const struct client_list_entry *c);
void client_list_end(struct client_list *l);

/* Appends the list to OUT, after a comma if other objects precede it. OUT has failed (dnc_buf_ok()) if there was
 * no memory for the whole list. */
void client_list_append(struct client_list *l, struct dnc_buf *out);
