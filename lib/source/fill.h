/* fill.h - values of options in the events that a map makes. A fill belongs to one thread. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "source.h"

struct dnc_fill;

/* Creates a fill with the provider, provider_id, reason and source of OPTIONS, whose strings are borrowed. NULL with ERR
 * when there is no memory. */
struct dnc_fill *dnc_fill_new(const struct dnc_source_options *options, struct dnc_error *err);

/* Frees F; NULL is allowed. */
void dnc_fill_free(struct dnc_fill *f);

/* Adds to *EVENT, a raw event, the values that it lacks or has as null; the reason and the source only if its type has
 * them and the value is one of this type. What is no event stays as it is. *EVENT must be followed by DNC_JSON_PADDING readable bytes,
 * and is so afterwards; it is valid until the next call. -1 with ERR when there is no memory. */
int dnc_fill_add(struct dnc_fill *f, struct dnc_str *event, struct dnc_error *err);
