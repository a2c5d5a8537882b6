/* tickets.h - tickets that are open: issued, and neither redeemed nor expired. */
#pragma once
#include <pthread.h>
#include "auth/auth.h"
#include "base/counts.h"

struct ticket;
struct tickets {
	pthread_mutex_t lock;
	struct ticket *table;                  /* oldest first */
	struct dnc_counts subjects, addresses; /* of the tickets in the table */
};

void tickets_init(struct tickets *t);

/* Wipes and frees all tickets. */
void tickets_finish(struct tickets *t);

/* As dnc_ticket_make(). */
enum dnc_ticket_verdict tickets_make(struct tickets *t, const struct dnc_identity *identity,
	const char *address, char text[DNC_TICKET_LEN + 1]);

/* Removes the ticket TEXT and sets IDENTITY to its owner, whose token may no longer be accepted. Returns false if it is
 * unknown, used or expired. */
bool tickets_redeem(struct tickets *t, struct dnc_str text, struct dnc_identity *identity);
