/* tickets.c - the table of open tickets, and how many each subject and each address has in it. */
#include "priv/tickets.h"
#include <sodium.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/hash.h"

enum { TICKETS_MAX = 4096, TICKET_BYTES = 32 };

_Static_assert(DNC_SUBJECT_MAX <= DNC_COUNT_NAME_MAX, "a subject is counted by its whole name");

struct ticket {
	char text[DNC_TICKET_LEN + 1];
	struct dnc_identity identity;
	int64_t made_ms;
	struct dnc_count *subject, *address;
	UT_hash_handle hh;
};

void tickets_init(struct tickets *t)
{
	*t = (struct tickets){0};
	pthread_mutex_init(&t->lock, NULL);
}

static void free_ticket(struct tickets *t, struct ticket *ticket)
{
	dnc_count_down(&t->subjects, &ticket->subject);
	dnc_count_down(&t->addresses, &ticket->address);
	sodium_memzero(ticket, sizeof *ticket);
	free(ticket);
}

static void remove_ticket(struct tickets *t, struct ticket *ticket)
{
	HASH_DEL(t->table, ticket);
	free_ticket(t, ticket);
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

/* With the lock held: counts one more ticket, if it may be made. */
static enum dnc_ticket_verdict count(struct tickets *t, struct ticket *ticket, const char *address)
{
	static const enum dnc_ticket_verdict of_subject[] = {
		DNC_TICKET_MADE, DNC_TICKET_SUBJECT, DNC_TICKET_NO_MEMORY};
	static const enum dnc_ticket_verdict of_address[] = {
		DNC_TICKET_MADE, DNC_TICKET_ADDRESS, DNC_TICKET_NO_MEMORY};
	enum dnc_ticket_verdict verdict;

	verdict = of_subject[dnc_count_up(
		&t->subjects, ticket->identity.subject, DNC_TICKETS_OF_SUBJECT, &ticket->subject)];
	if (verdict == DNC_TICKET_MADE)
		verdict = of_address[dnc_count_up(
			&t->addresses, address, DNC_TICKETS_OF_ADDRESS, &ticket->address)];
	if (verdict == DNC_TICKET_MADE && HASH_COUNT(t->table) >= TICKETS_MAX)
		verdict = DNC_TICKET_TOO_MANY;
	return verdict;
}

/* With the lock held: adds TICKET, which is freed if it can't be added. */
static enum dnc_ticket_verdict add_ticket(
	struct tickets *t, struct ticket *ticket, const char *address)
{
	enum dnc_ticket_verdict verdict = count(t, ticket, address);
	unsigned char bytes[TICKET_BYTES];

	if (verdict == DNC_TICKET_MADE) {
		randombytes_buf(bytes, sizeof bytes);
		sodium_bin2base64(ticket->text, sizeof ticket->text, bytes, sizeof bytes,
			sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		sodium_memzero(bytes, sizeof bytes);
		HASH_ADD(hh, t->table, text, DNC_TICKET_LEN, ticket);
		if (ticket->hh.tbl)
			return DNC_TICKET_MADE;
		verdict = DNC_TICKET_NO_MEMORY;
	}
	free_ticket(t, ticket);
	return verdict;
}

enum dnc_ticket_verdict tickets_make(struct tickets *t, const struct dnc_identity *identity,
	const char *address, char text[DNC_TICKET_LEN + 1])
{
	int64_t now_ms = dnc_clock_mono_ms();
	struct ticket *ticket = calloc(1, sizeof *ticket);
	enum dnc_ticket_verdict verdict;

	if (!ticket)
		return DNC_TICKET_NO_MEMORY;
	ticket->identity = *identity;
	ticket->made_ms = now_ms;
	pthread_mutex_lock(&t->lock);
	remove_expired(t, now_ms);
	verdict = add_ticket(t, ticket, address);
	if (verdict == DNC_TICKET_MADE)
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
