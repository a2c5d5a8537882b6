/* identity.h - who is at the other end, and what he may do. */
#pragma once
#include <libwebsockets.h>
#include "auth/auth.h"

struct dnc_web;

enum { ADDRESS_MAX = 48 };

struct who {
	const struct dnc_role *role; /* of the web's access */
	unsigned permissions;        /* the role's, and the token's */
	struct dnc_identity identity;
};

enum identity_verdict {
	WHO_KNOWN,
	WHO_SILENT, /* no token, no ticket */
	WHO_WRONG,  /* one that is not taken */
	WHO_BARRED, /* too many wrong ones came from there */
};

/* True when the connection came by a Unix socket. */
bool identity_is_local_socket(struct lws *wsi);

/* Where the connection comes from: its address, or what a proxy that is trusted says. */
void identity_address(struct dnc_web *w, struct lws *wsi, char address[ADDRESS_MAX]);

/* Where a request may show a ticket: a ticket opens a stream and nothing else. */
enum ticket_place { TICKET_NONE, TICKET_SUBPROTOCOL, TICKET_QUERY };

/* Looks at the request: a bearer token, or a ticket in PLACE. */
enum identity_verdict identity_of_request(
	struct dnc_web *w, struct lws *wsi, enum ticket_place place, struct who *out);

/* Looks at a token that came otherwise. */
enum identity_verdict identity_of_token(
	struct dnc_web *w, const char *address, struct dnc_str token, struct who *out);

/* What the identity in OUT may do now, by the web's access. */
void identity_resolve(struct dnc_web *w, struct who *out);
