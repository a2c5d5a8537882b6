/* tickets.c - the table of open tickets. */
#include "priv/tickets.h"
#include <sodium.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/hash.h"

enum { TICKETS_MAX = 4096, TICKET_BYTES = 32 };

struct ticket {
	char text[DNC_TICKET_LEN + 1];
	struct dnc_identity identity;
	int64_t made_ms;
	UT_hash_handle hh;
};

void tickets_init(struct tickets *t)
{
	pthread_mutex_init(&t->lock, NULL);
	t->table = NULL;
}

static void remove_ticket(struct tickets *t, struct ticket *ticket)
{
	HASH_DEL(t->table, ticket);
	sodium_memzero(ticket, sizeof *ticket);
	free(ticket);
}

void tickets_finish(struct tickets *t)
{
	while (t->table)
		remove_ticket(t, t->table);
	pthread_mutex_destroy(&t->lock);
}

/* With the lock held. The table keeps the order of insertion, so expired ones come first. */
static void remove_expired(struct tickets *t, int64_t now_ms)
{
	while (t->table && now_ms - t->table->made_ms > DNC_TICKET_S * 1000)
		remove_ticket(t, t->table);
}

/* With the lock held. NULL without memory. */
static struct ticket *add_ticket(
	struct tickets *t, const struct dnc_identity *identity, int64_t now_ms)
{
	struct ticket *ticket = calloc(1, sizeof *ticket);
	unsigned char bytes[TICKET_BYTES];

	if (!ticket)
		return NULL;
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(ticket->text, sizeof ticket->text, bytes, sizeof bytes,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	ticket->identity = *identity;
	ticket->made_ms = now_ms;
	HASH_ADD(hh, t->table, text, DNC_TICKET_LEN, ticket);
	if (ticket->hh.tbl)
		return ticket;
	sodium_memzero(ticket, sizeof *ticket);
	free(ticket);
	return NULL;
}

enum dnc_ticket_verdict tickets_make(
	struct tickets *t, const struct dnc_identity *identity, char text[DNC_TICKET_LEN + 1])
{
	int64_t now_ms = dnc_clock_mono_ms();
	enum dnc_ticket_verdict verdict = DNC_TICKET_TOO_MANY;
	struct ticket *ticket = NULL;

	pthread_mutex_lock(&t->lock);
	remove_expired(t, now_ms);
	if (HASH_COUNT(t->table) < TICKETS_MAX) {
		ticket = add_ticket(t, identity, now_ms);
		verdict = ticket ? DNC_TICKET_MADE : DNC_TICKET_NO_MEMORY;
	}
	if (ticket)
		memcpy(text, ticket->text, sizeof ticket->text);
	pthread_mutex_unlock(&t->lock);
	return verdict;
}

bool tickets_redeem(struct tickets *t, struct dnc_str text, struct dnc_identity *identity)
{
	struct ticket *ticket = NULL;

	if (text.n != DNC_TICKET_LEN)
		return false;
	pthread_mutex_lock(&t->lock);
	remove_expired(t, dnc_clock_mono_ms());
	HASH_FIND(hh, t->table, text.p, DNC_TICKET_LEN, ticket);
	if (ticket) {
		*identity = ticket->identity;
		remove_ticket(t, ticket);
	}
	pthread_mutex_unlock(&t->lock);
	return ticket;
}
