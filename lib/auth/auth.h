/* auth.h - who may come in: keys, roles and revoked tokens together, read again while the hub runs.
 *
 * What was read at one time is an access: it never changes, is held by whoever uses it, and goes when the last
 * one lets it go. Any thread. */
#pragma once
#include "token.h"

struct dnc_auth_options {
	const char *const *key_files;
	size_t key_file_count;                            /* 0: nobody is asked who he is */
	const char *roles_file, *revoked_file, *audience; /* may be NULL */
	const char *default_role;                         /* of everybody, when nobody is asked */
};

struct dnc_auth_snapshot {
	const struct dnc_keys *keys; /* NULL: nobody is asked who he is */
	const struct dnc_roles *roles;
	const struct dnc_revoked *revoked; /* NULL: none */
	const char *audience;              /* NULL: any */
	const struct dnc_role *default_role;
};

struct dnc_auth;

/* Reads the files. OPTIONS and its strings must outlive it. NULL with ERR, whose code is an errno: EINVAL for what
 * is wrong inside a file, EACCES for a secret that others can read. */
struct dnc_auth *dnc_auth_new(const struct dnc_auth_options *options, struct dnc_error *err);

/* All accesses must have been let go. NULL is allowed. */
void dnc_auth_free(struct dnc_auth *auth);

/* Reads the files again: all of them, or, with -1 and ERR, nothing changes. */
int dnc_auth_reload(struct dnc_auth *auth, struct dnc_error *err);

/* The newest access, to be let go. */
const struct dnc_auth_snapshot *dnc_auth_acquire(struct dnc_auth *auth);
/* One more user of ACCESS, which the caller holds. */
const struct dnc_auth_snapshot *dnc_auth_ref(
	struct dnc_auth *auth, const struct dnc_auth_snapshot *access);
void dnc_auth_release(struct dnc_auth *auth, const struct dnc_auth_snapshot *access);

/* True when ACCESS is not the newest any more. */
bool dnc_auth_is_old(struct dnc_auth *auth, const struct dnc_auth_snapshot *access);

/* A ticket stands for a token where none can be sent: once, for 30 s. */
enum { DNC_TICKET_LEN = 43, DNC_TICKET_S = 30 };

/* Makes a ticket for IDENTITY. False when too many are open, or there is no memory. */
bool dnc_ticket_make(struct dnc_auth *auth, const struct dnc_identity *identity,
	char ticket[DNC_TICKET_LEN + 1]);

/* Takes the ticket, which is gone then. False when there is none, or it is too old. */
bool dnc_ticket_take(struct dnc_auth *auth, struct dnc_str ticket, struct dnc_identity *identity);
