/* list.h - what list a set holds, and how its events look: the text in the set, a JSON object with these members. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "set/set.h"

/* NULL: none. Format and reasons are always there. */
struct list {
	const char *format, *provider, *provider_id, *source, *reason, *release_reason;
	bool first; /* there was none before, and all of its numbers are published */
};

/* Appends LIST as text. */
void list_write(struct dnc_buf *b, const struct list *list);

/* A list that was read from a text, and its memory. */
struct list_text {
	struct list list;
	char text[2 * DNC_SET_TEXT_MAX];
};

/* Reads TEXT, which the set at PATH has. -1 with ERR, DNC_SET_DAMAGED, if it is none that list_write() wrote. */
int list_read(const char *path, struct dnc_str text, struct list_text *out, struct dnc_error *err);

/* True if both come from the same place. */
bool list_same(const struct list *a, const struct list *b);
