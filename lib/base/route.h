/* route.h - where rules send events beside the output, as it is written in rules files (dnc-rules(5)). Thread safe. */
#pragma once
#include <stdint.h>
#include "err.h"
#include "str.h"

/* At once, in all rules together. */
#define DNC_ROUTES_MAX 64

enum dnc_route_kind {
	DNC_ROUTE_UNIX, /* a socket whose reader acknowledges, or several of which any will do */
	DNC_ROUTE_FD,
	DNC_ROUTE_FILE, /* lines are appended to it */
	DNC_ROUTE_EXEC, /* a shell command that reads lines, and acknowledges them by its exit status */
};

/* What becomes of events while they can't be delivered. */
enum dnc_when_down {
	DNC_WHEN_DOWN_STALL, /* nothing is read */
	DNC_WHEN_DOWN_SPOOL, /* they wait in files */
	DNC_WHEN_DOWN_SKIP,  /* they are left out, and counted */
};

/* "stall spool skip" */
extern const char dnc_when_down_words[];

struct dnc_route {
	char *name;    /* as it is written: "file:fraud.ndjson" */
	char *address; /* with its whole path; what has the same one is the same route */
	enum dnc_route_kind kind;
	enum dnc_when_down when_down;
	char *spool;        /* its directory; NULL without when_down = spool */
	int64_t timeout_ms; /* of an exec: how long a command may take; 0: the default */
};

enum { DNC_ROUTE_TIMEOUT_MS = 60000 };

/* Reads NAME, "unix:PATH", "fd:N", "file:PATH" or "exec:COMMAND", or several "unix:PATH" (base/addresses.h); a
 * relative path starts at DIRECTORY (NULL: stays as it is). Nothing is opened. -1 with ERR: EINVAL, or no memory;
 * OUT is to be freed in any case. */
int dnc_route_read(struct dnc_route *out, struct dnc_str name, struct dnc_str directory,
	struct dnc_error *err);

/* PATH, or if it is relative, that in DIRECTORY; to be freed. NULL when there is no memory. */
char *dnc_route_path(struct dnc_str path, struct dnc_str directory);

/* What comes behind the kind; not of several sockets. */
const char *dnc_route_rest(const struct dnc_route *r);

void dnc_route_finish(struct dnc_route *r);
