#include "auth.h"
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <uthash.h>
#include "base/clock.h"
#include "priv/base64url.h"

enum { TICKETS_MAX = 4096, TICKET_BYTES = 32 };

struct held {
	struct dnc_auth_snapshot access; /* first: an access is the address of this */
	size_t users;
};

struct ticket {
	char text[DNC_TICKET_LEN + 1];
	struct dnc_identity identity;
	int64_t made_ms;
	UT_hash_handle hh;
};

struct dnc_auth {
	struct dnc_auth_options options;
	pthread_mutex_t lock; /* of all below */
	struct held *newest;
	struct ticket *tickets; /* the oldest first */
};

static void free_held(struct held *h)
{
	if (!h)
		return;
	dnc_keys_free((struct dnc_keys *)(uintptr_t)h->access.keys);
	dnc_roles_free((struct dnc_roles *)(uintptr_t)h->access.roles);
	dnc_revoked_free((struct dnc_revoked *)(uintptr_t)h->access.revoked);
	free(h);
}

static struct dnc_keys *read_keys(const struct dnc_auth_options *o, struct dnc_error *err)
{
	struct dnc_keys *keys = dnc_keys_new();

	for (size_t i = 0; keys && i < o->key_file_count; i++)
		if (dnc_keys_add_file(keys, o->key_files[i], err) < 0) {
			dnc_keys_free(keys);
			return NULL;
		}
	if (!keys)
		dnc_error_nomem(err);
	return keys;
}

static struct held *read_all(const struct dnc_auth_options *o, struct dnc_error *err)
{
	struct held *h = calloc(1, sizeof *h);
	struct dnc_auth_snapshot *a = &h->access;

	if (!h) {
		dnc_error_nomem(err);
		return NULL;
	}
	h->users = 1;
	a->audience = o->audience;
	a->roles = dnc_roles_load(o->roles_file, err);
	if (!a->roles || (o->key_file_count && !(a->keys = read_keys(o, err))) ||
		(o->revoked_file && !(a->revoked = dnc_revoked_load(o->revoked_file, err)))) {
		free_held(h);
		return NULL;
	}
	if (!dnc_roles_has(a->roles, dnc_str(o->default_role))) {
		dnc_error_set(err, EINVAL, "there is no role \"%s\"", o->default_role);
		free_held(h);
		return NULL;
	}
	a->default_role = dnc_roles_find(a->roles, dnc_str(o->default_role));
	return h;
}

struct dnc_auth *dnc_auth_new(const struct dnc_auth_options *options, struct dnc_error *err)
{
	struct dnc_auth *auth = calloc(1, sizeof *auth);

	if (!auth) {
		dnc_error_nomem(err);
		return NULL;
	}
	auth->options = *options;
	pthread_mutex_init(&auth->lock, NULL);
	auth->newest = read_all(options, err);
	if (auth->newest)
		return auth;
	dnc_auth_free(auth);
	return NULL;
}

static void free_ticket(struct dnc_auth *auth, struct ticket *t)
{
	HASH_DEL(auth->tickets, t);
	sodium_memzero(t, sizeof *t);
	free(t);
}

void dnc_auth_free(struct dnc_auth *auth)
{
	if (!auth)
		return;
	while (auth->tickets)
		free_ticket(auth, auth->tickets);
	free_held(auth->newest);
	pthread_mutex_destroy(&auth->lock);
	free(auth);
}

/* Under the lock. */
static void let_go(struct held *h)
{
	if (--h->users == 0)
		free_held(h);
}

int dnc_auth_reload(struct dnc_auth *auth, struct dnc_error *err)
{
	struct held *h = read_all(&auth->options, err);

	if (!h)
		return -1;
	pthread_mutex_lock(&auth->lock);
	let_go(auth->newest);
	auth->newest = h;
	pthread_mutex_unlock(&auth->lock);
	return 0;
}

const struct dnc_auth_snapshot *dnc_auth_acquire(struct dnc_auth *auth)
{
	struct held *h;

	pthread_mutex_lock(&auth->lock);
	h = auth->newest;
	h->users++;
	pthread_mutex_unlock(&auth->lock);
	return &h->access;
}

const struct dnc_auth_snapshot *dnc_auth_ref(
	struct dnc_auth *auth, const struct dnc_auth_snapshot *access)
{
	pthread_mutex_lock(&auth->lock);
	((struct held *)(uintptr_t)access)->users++;
	pthread_mutex_unlock(&auth->lock);
	return access;
}

void dnc_auth_release(struct dnc_auth *auth, const struct dnc_auth_snapshot *access)
{
	if (!access)
		return;
	pthread_mutex_lock(&auth->lock);
	let_go((struct held *)(uintptr_t)access);
	pthread_mutex_unlock(&auth->lock);
}

bool dnc_auth_is_old(struct dnc_auth *auth, const struct dnc_auth_snapshot *access)
{
	bool old;

	pthread_mutex_lock(&auth->lock);
	old = &auth->newest->access != access;
	pthread_mutex_unlock(&auth->lock);
	return old;
}

/* Under the lock. Those that nobody came for go: they stand in the order in which they were made. */
static void clear_tickets(struct dnc_auth *auth, int64_t now)
{
	while (auth->tickets && now - auth->tickets->made_ms > DNC_TICKET_S * 1000)
		free_ticket(auth, auth->tickets);
}

bool dnc_ticket_make(
	struct dnc_auth *auth, const struct dnc_identity *identity, char ticket[DNC_TICKET_LEN + 1])
{
	unsigned char bytes[TICKET_BYTES];
	struct ticket *t = NULL;

	pthread_mutex_lock(&auth->lock);
	clear_tickets(auth, dnc_clock_mono_ms());
	if (HASH_COUNT(auth->tickets) < TICKETS_MAX && (t = calloc(1, sizeof *t))) {
		randombytes_buf(bytes, sizeof bytes);
		sodium_bin2base64(t->text, sizeof t->text, bytes, sizeof bytes,
			sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		t->identity = *identity;
		t->made_ms = dnc_clock_mono_ms();
		memcpy(ticket, t->text, sizeof t->text);
		HASH_ADD(hh, auth->tickets, text, DNC_TICKET_LEN, t);
	}
	pthread_mutex_unlock(&auth->lock);
	return t;
}

bool dnc_ticket_take(struct dnc_auth *auth, struct dnc_str ticket, struct dnc_identity *identity)
{
	struct ticket *t = NULL;

	if (ticket.n != DNC_TICKET_LEN)
		return false;
	pthread_mutex_lock(&auth->lock);
	clear_tickets(auth, dnc_clock_mono_ms());
	HASH_FIND(hh, auth->tickets, ticket.p, DNC_TICKET_LEN, t);
	if (t) {
		*identity = t->identity;
		free_ticket(auth, t);
	}
	pthread_mutex_unlock(&auth->lock);
	return t;
}
