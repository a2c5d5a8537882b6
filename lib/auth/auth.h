/* auth.h - keys, roles and revoked tokens, read from files and read again while the hub runs; and the tokens that a log
 * revokes, which change by themselves.
 *
 * One reading of all files, or a newer list of the log beside what was read, is a snapshot. It never changes and is
 * reference counted: it is freed when the last reference is dropped, which may be after a reload and after
 * dnc_auth_free(). All functions here may be called from any thread. */
#pragma once
#include "token.h"

struct dnc_auth_options {
	const char *const *key_files;
	size_t key_file_count;                            /* 0: authentication is disabled */
	const char *roles_file, *revoked_file, *audience; /* may be NULL */
	const char *default_role; /* of all clients without authentication */
};

struct dnc_auth_snapshot {
	const struct dnc_keys *keys; /* NULL: authentication is disabled */
	const struct dnc_roles *roles;
	const struct dnc_revoked *revoked, *revoked_by_log; /* NULL: none */
	const char *audience;                               /* NULL: any */
	const struct dnc_role *default_role;
};

struct dnc_auth;

/* Reads the files. OPTIONS is copied; the strings it points to must outlive the result. Returns NULL with ERR
 * on failure; its code is an errno: EINVAL for a fault inside a file, EACCES for a secret that others can
 * read, 0 when there is no memory. */
struct dnc_auth *dnc_auth_new(const struct dnc_auth_options *options, struct dnc_error *err);

/* Frees AUTH and its tickets. Snapshots stay valid until they are released. NULL is allowed. */
void dnc_auth_free(struct dnc_auth *auth);

/* Reads the files again, into a snapshot that is not in use yet. Pipes, which dnc_auth_new() takes, are refused.
 * Returns a reference to it, for dnc_auth_use() or dnc_auth_snapshot_unref(), or NULL with ERR as dnc_auth_new(). */
const struct dnc_auth_snapshot *dnc_auth_read(struct dnc_auth *auth, struct dnc_error *err);

/* Has SNAPSHOT, which dnc_auth_read() returned, replace the newest one, and takes over the caller's reference. */
void dnc_auth_use(struct dnc_auth *auth, const struct dnc_auth_snapshot *snapshot);

/* Both at once. Returns -1 with ERR if one of the files is at fault; then nothing changes. */
int dnc_auth_reload(struct dnc_auth *auth, struct dnc_error *err);

/* From now on the log revokes the tokens of REVOKED, of which a reference is taken, and no others. Waits for no file. -1 with ERR
 * when there is no memory; then nothing changes. */
int dnc_auth_revoke(
	struct dnc_auth *auth, const struct dnc_revoked *revoked, struct dnc_error *err);

/* Returns a new reference to the newest snapshot, to be dropped with dnc_auth_snapshot_unref(). */
const struct dnc_auth_snapshot *dnc_auth_acquire(struct dnc_auth *auth);

/* Adds a reference to SNAPSHOT, of which the caller has one, and returns it. NULL gives NULL. */
const struct dnc_auth_snapshot *dnc_auth_snapshot_ref(const struct dnc_auth_snapshot *snapshot);

/* Drops a reference; the last one frees SNAPSHOT with all its roles and their filters. NULL is allowed. */
void dnc_auth_snapshot_unref(const struct dnc_auth_snapshot *snapshot);

/* Checks WHO, whom a token or ticket has identified before, by the keys and the revoked tokens of SNAPSHOT: DNC_TOKEN_GOOD,
 * DNC_TOKEN_UNKNOWN_KEY if the key of the token was removed, or DNC_TOKEN_REVOKED. */
enum dnc_token_fault dnc_auth_recheck(
	const struct dnc_auth_snapshot *snapshot, const struct dnc_identity *who);

/* True if a reload or dnc_auth_revoke() has replaced SNAPSHOT. */
bool dnc_auth_is_old(struct dnc_auth *auth, const struct dnc_auth_snapshot *snapshot);

/* A ticket replaces a token where none can be sent. It is valid once, within 30 s, and as long as its token is. Those that
 * are unused are limited for each subject and each address, so that none can take what there is for all. */
enum {
	DNC_TICKET_LEN = 43,
	DNC_TICKET_S = 30,
	DNC_TICKETS_OF_SUBJECT = 64,
	DNC_TICKETS_OF_ADDRESS = 1024, /* many subjects may be behind one address */
};

enum dnc_ticket_verdict {
	DNC_TICKET_MADE,
	DNC_TICKET_SUBJECT,  /* the subject has DNC_TICKETS_OF_SUBJECT unused tickets */
	DNC_TICKET_ADDRESS,  /* the address has DNC_TICKETS_OF_ADDRESS */
	DNC_TICKET_TOO_MANY, /* 4096 tickets are unused */
	DNC_TICKET_NO_MEMORY,
};

/* Issues a ticket for IDENTITY, which asks from ADDRESS ("192.0.2.7"). TICKET is set with DNC_TICKET_MADE alone. */
enum dnc_ticket_verdict dnc_ticket_make(struct dnc_auth *auth, const struct dnc_identity *identity,
	const char *address, char ticket[DNC_TICKET_LEN + 1]);

/* Invalidates TICKET and sets IDENTITY to its owner. Returns false if it is unknown, used or expired, or if its token has
 * expired or, by the newest snapshot, was revoked; IDENTITY is then all zero. */
bool dnc_ticket_redeem(struct dnc_auth *auth, struct dnc_str ticket, struct dnc_identity *identity);
