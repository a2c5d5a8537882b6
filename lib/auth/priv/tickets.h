/* tickets.h - tickets that are open: issued, and neither redeemed nor expired. */
#pragma once
#include <pthread.h>
#include "auth/auth.h"

struct ticket;

struct tickets {
	pthread_mutex_t lock;
	struct ticket *table; /* oldest first */
};

void tickets_init(struct tickets *t);

/* Wipes and frees all tickets. */
void tickets_finish(struct tickets *t);

/* As dnc_ticket_make() and dnc_ticket_redeem(). */
enum dnc_ticket_verdict tickets_make(
	struct tickets *t, const struct dnc_identity *identity, char text[DNC_TICKET_LEN + 1]);
bool tickets_redeem(struct tickets *t, struct dnc_str text, struct dnc_identity *identity);
