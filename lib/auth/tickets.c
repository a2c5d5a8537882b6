/* tickets.c - the table of open tickets, and how many each subject and each address has in it. */
#include "priv/tickets.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/hash.h"

enum { TICKETS_MAX = 4096, TICKET_BYTES = 32 };

/* A subject or an address that has open tickets. */
struct owner {
	char name[DNC_SUBJECT_MAX];
	unsigned tickets;
	UT_hash_handle hh;
};

struct ticket {
	char text[DNC_TICKET_LEN + 1];
	struct dnc_identity identity;
	int64_t made_ms;
	struct owner *subject, *address;
	UT_hash_handle hh;
};

void tickets_init(struct tickets *t)
{
	*t = (struct tickets){0};
	pthread_mutex_init(&t->lock, NULL);
}

/* The owner NAME in TABLE, with one more ticket. NULL without memory. */
static struct owner *own(struct owner **table, const char *name)
{
	struct owner *o;

	HASH_FIND_STR(*table, name, o);
	if (!o) {
		o = calloc(1, sizeof *o);
		if (!o)
			return NULL;
		snprintf(o->name, sizeof o->name, "%s", name);
		HASH_ADD_STR(*table, name, o);
		if (!o->hh.tbl) {
			free(o);
			return NULL;
		}
	}
	o->tickets++;
	return o;
}

/* NULL is allowed. */
static void disown(struct owner **table, struct owner *o)
{
	if (!o || --o->tickets)
		return;
	HASH_DEL(*table, o);
	free(o);
}

static bool has_too_many(struct owner *table, const char *name, unsigned most)
{
	struct owner *o;

	HASH_FIND_STR(table, name, o);
	return o && o->tickets >= most;
}

static void free_ticket(struct tickets *t, struct ticket *ticket)
{
	disown(&t->subjects, ticket->subject);
	disown(&t->addresses, ticket->address);
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

/* With the lock held. NULL without memory. */
static struct ticket *add_ticket(
	struct tickets *t, const struct dnc_identity *identity, const char *address, int64_t now_ms)
{
	struct ticket *ticket = calloc(1, sizeof *ticket);
	unsigned char bytes[TICKET_BYTES];

	if (!ticket)
		return NULL;
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(ticket->text, sizeof ticket->text, bytes, sizeof bytes,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof bytes);
	ticket->identity = *identity;
	ticket->made_ms = now_ms;
	ticket->subject = own(&t->subjects, identity->subject);
	ticket->address = own(&t->addresses, address);
	if (ticket->subject && ticket->address)
		HASH_ADD(hh, t->table, text, DNC_TICKET_LEN, ticket);
	if (ticket->hh.tbl)
		return ticket;
	free_ticket(t, ticket);
	return NULL;
}

/* With the lock held: whether one more ticket may be made. */
static enum dnc_ticket_verdict judge(
	const struct tickets *t, const struct dnc_identity *identity, const char *address)
{
	if (has_too_many(t->subjects, identity->subject, DNC_TICKETS_OF_SUBJECT))
		return DNC_TICKET_SUBJECT;
	if (has_too_many(t->addresses, address, DNC_TICKETS_OF_ADDRESS))
		return DNC_TICKET_ADDRESS;
	return HASH_COUNT(t->table) < TICKETS_MAX ? DNC_TICKET_MADE : DNC_TICKET_TOO_MANY;
}

enum dnc_ticket_verdict tickets_make(struct tickets *t, const struct dnc_identity *identity,
	const char *address, char text[DNC_TICKET_LEN + 1])
{
	int64_t now_ms = dnc_clock_mono_ms();
	enum dnc_ticket_verdict verdict;
	struct ticket *ticket = NULL;

	pthread_mutex_lock(&t->lock);
	remove_expired(t, now_ms);
	verdict = judge(t, identity, address);
	if (verdict == DNC_TICKET_MADE) {
		ticket = add_ticket(t, identity, address, now_ms);
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
