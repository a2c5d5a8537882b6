/* recent.h - the newest of what went wrong, for people who look: the oldest gives way. Any thread; nothing blocks for longer
 * than a copy. */
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

enum {
	DNC_RECENT = 50, /* entries */
	DNC_RECENT_TEXT =
		160, /* bytes of a text, with its NUL; longer ones are cut between characters */
};

struct dnc_recent_entry {
	int64_t at_ms;               /* since 1970 */
	char where[DNC_RECENT_TEXT]; /* an address, or the name of a source */
	uint64_t line;               /* of the source; 0: none */
	char what[DNC_RECENT_TEXT];  /* the reason, or a code */
};

struct dnc_recent;

/* To be freed with dnc_recent_free(). NULL when there is no memory. */
struct dnc_recent *dnc_recent_new(void);

/* NULL is allowed. */
void dnc_recent_free(struct dnc_recent *r);

/* Notes that WHAT happened now. R NULL: nothing is noted. */
void dnc_recent_add(struct dnc_recent *r, const char *where, uint64_t line, const char *what);

/* Copies the entries, the newest first, to OUT. Returns how many there are. */
size_t dnc_recent_copy(struct dnc_recent *r, struct dnc_recent_entry out[DNC_RECENT]);
