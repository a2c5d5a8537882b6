/* auth.c - the newest snapshot of keys, roles and revoked tokens, and the tickets. */
#include "auth.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/file.h"
#include "revoked.h"
#include "priv/tickets.h"

struct snapshot {
	struct dnc_auth_snapshot face; /* first: both have the same address */
	atomic_uint refs;
	char *audience;
	/* Whose keys, roles and list of a file these are, of which there is a reference; NULL: its own. */
	const struct dnc_auth_snapshot *files;
};

struct dnc_auth {
	struct dnc_auth_options options;
	pthread_mutex_t lock; /* of the next two */
	struct snapshot *newest;
	const struct dnc_revoked *revoked_by_log; /* a reference */
	struct tickets tickets;
};

static void free_list(const struct dnc_revoked *list)
{
	dnc_revoked_free((struct dnc_revoked *)(uintptr_t)list);
}

static void free_snapshot(struct snapshot *s)
{
	if (!s)
		return;
	free_list(s->face.revoked_by_log);
	dnc_auth_snapshot_unref(s->files);
	if (!s->files) {
		dnc_keys_free((struct dnc_keys *)(uintptr_t)s->face.keys);
		dnc_roles_free((struct dnc_roles *)(uintptr_t)s->face.roles);
		free_list(s->face.revoked);
		free(s->audience);
	}
	free(s);
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

/* Puts the hub's option before the message, for the start and for each reload. Returns -1. */
static int name_option(struct dnc_error *err, const char *option)
{
	struct dnc_error why;

	if (!err)
		return -1;
	why = *err;
	return dnc_error_set(err, why.code, "%s: %s", option, why.message);
}

static int read_files(struct snapshot *s, const struct dnc_auth_options *o, struct dnc_error *err)
{
	struct dnc_auth_snapshot *face = &s->face;

	if (o->audience && !(face->audience = s->audience = strdup(o->audience)))
		return dnc_error_nomem(err);
	face->roles = dnc_roles_load(o->roles_file, err);
	if (!face->roles)
		return name_option(err, "--roles");
	if (o->key_file_count && !(face->keys = read_keys(o, err)))
		return name_option(err, "--keys");
	if (o->revoked_file && !(face->revoked = dnc_revoked_load(o->revoked_file, err)))
		return name_option(err, "--revoked");
	face->default_role = dnc_roles_find(face->roles, dnc_str(o->default_role));
	if (strcmp(face->default_role->name, o->default_role) != 0)
		return dnc_error_set(
			err, EINVAL, "--default-role: unknown role \"%s\"", o->default_role);
	return 0;
}

/* What a shell's <(COMMAND) had was read at the start. */
static int check_files(const struct dnc_auth_options *o, struct dnc_error *err)
{
	for (size_t i = 0; i < o->key_file_count; i++)
		if (dnc_file_check_again(o->key_files[i], err) < 0)
			return name_option(err, "--keys");
	if (o->roles_file && dnc_file_check_again(o->roles_file, err) < 0)
		return name_option(err, "--roles");
	if (o->revoked_file && dnc_file_check_again(o->revoked_file, err) < 0)
		return name_option(err, "--revoked");
	return 0;
}

/* With one reference, the caller's. */
static struct snapshot *new_snapshot(const struct dnc_auth_options *o, struct dnc_error *err)
{
	struct snapshot *s = calloc(1, sizeof *s);

	if (!s) {
		dnc_error_nomem(err);
		return NULL;
	}
	atomic_init(&s->refs, 1);
	if (read_files(s, o, err) == 0)
		return s;
	free_snapshot(s);
	return NULL;
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
	tickets_init(&auth->tickets);
	auth->newest = new_snapshot(options, err);
	if (auth->newest)
		return auth;
	dnc_auth_free(auth);
	return NULL;
}

void dnc_auth_free(struct dnc_auth *auth)
{
	if (!auth)
		return;
	tickets_finish(&auth->tickets);
	if (auth->newest)
		dnc_auth_snapshot_unref(&auth->newest->face);
	free_list(auth->revoked_by_log);
	pthread_mutex_destroy(&auth->lock);
	free(auth);
}

const struct dnc_auth_snapshot *dnc_auth_read(struct dnc_auth *auth, struct dnc_error *err)
{
	struct snapshot *s =
		check_files(&auth->options, err) == 0 ? new_snapshot(&auth->options, err) : NULL;

	return s ? &s->face : NULL;
}

void dnc_auth_use(struct dnc_auth *auth, const struct dnc_auth_snapshot *snapshot)
{
	struct snapshot *s = (struct snapshot *)(uintptr_t)snapshot, *old;

	pthread_mutex_lock(&auth->lock);
	old = auth->newest;
	s->face.revoked_by_log = dnc_revoked_ref(auth->revoked_by_log);
	auth->newest = s;
	pthread_mutex_unlock(&auth->lock);
	dnc_auth_snapshot_unref(&old->face);
}

int dnc_auth_revoke(struct dnc_auth *auth, const struct dnc_revoked *revoked, struct dnc_error *err)
{
	struct snapshot *s = calloc(1, sizeof *s), *old;
	const struct dnc_revoked *old_list;

	if (!s)
		return dnc_error_nomem(err);
	atomic_init(&s->refs, 1);
	pthread_mutex_lock(&auth->lock);
	old = auth->newest;
	old_list = auth->revoked_by_log;
	s->face = old->face;
	s->files = dnc_auth_snapshot_ref(old->files ? old->files : &old->face);
	s->face.revoked_by_log = dnc_revoked_ref(revoked);
	auth->newest = s;
	auth->revoked_by_log = dnc_revoked_ref(revoked);
	pthread_mutex_unlock(&auth->lock);
	free_list(old_list);
	dnc_auth_snapshot_unref(&old->face);
	return 0;
}

int dnc_auth_reload(struct dnc_auth *auth, struct dnc_error *err)
{
	const struct dnc_auth_snapshot *s = dnc_auth_read(auth, err);

	if (!s)
		return -1;
	dnc_auth_use(auth, s);
	return 0;
}

/* The lock keeps a reload from releasing the newest snapshot between the load and the increment. */
const struct dnc_auth_snapshot *dnc_auth_acquire(struct dnc_auth *auth)
{
	const struct dnc_auth_snapshot *newest;

	pthread_mutex_lock(&auth->lock);
	newest = dnc_auth_snapshot_ref(&auth->newest->face);
	pthread_mutex_unlock(&auth->lock);
	return newest;
}

const struct dnc_auth_snapshot *dnc_auth_snapshot_ref(const struct dnc_auth_snapshot *snapshot)
{
	struct snapshot *s = (struct snapshot *)(uintptr_t)snapshot;

	if (s)
		atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return snapshot;
}

void dnc_auth_snapshot_unref(const struct dnc_auth_snapshot *snapshot)
{
	struct snapshot *s = (struct snapshot *)(uintptr_t)snapshot;

	if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
		free_snapshot(s);
}

bool dnc_auth_is_old(struct dnc_auth *auth, const struct dnc_auth_snapshot *snapshot)
{
	bool old;

	pthread_mutex_lock(&auth->lock);
	old = &auth->newest->face != snapshot;
	pthread_mutex_unlock(&auth->lock);
	return old;
}

enum dnc_token_fault dnc_auth_recheck(
	const struct dnc_auth_snapshot *snapshot, const struct dnc_identity *who)
{
	if (snapshot->keys && !dnc_keys_has(snapshot->keys, &who->key))
		return DNC_TOKEN_UNKNOWN_KEY;
	return dnc_revoked_has(snapshot->revoked, who->jti) ||
	                       dnc_revoked_has(snapshot->revoked_by_log, who->jti)
	               ? DNC_TOKEN_REVOKED
	               : DNC_TOKEN_GOOD;
}

enum dnc_ticket_verdict dnc_ticket_make(struct dnc_auth *auth, const struct dnc_identity *identity,
	const char *address, char ticket[DNC_TICKET_LEN + 1])
{
	return tickets_make(&auth->tickets, identity, address, ticket);
}

/* The caller's snapshot may be older than the last reload: a revocation counts as soon as it is read. */
bool dnc_ticket_redeem(struct dnc_auth *auth, struct dnc_str ticket, struct dnc_identity *identity)
{
	const struct dnc_auth_snapshot *newest;
	bool good;

	memset(identity, 0, sizeof *identity);
	if (!tickets_redeem(&auth->tickets, ticket, identity))
		return false;
	newest = dnc_auth_acquire(auth);
	good = dnc_clock_now_ms() < identity->expires_ms &&
	       dnc_auth_recheck(newest, identity) == DNC_TOKEN_GOOD;
	dnc_auth_snapshot_unref(newest);
	if (!good)
		memset(identity, 0, sizeof *identity);
	return good;
}
