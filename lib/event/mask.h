/* mask.h - an event as it is shown to clients without the permission to see numbers (dnc:pii).
 *
 * The masked form is built of fields that are known to be safe; it is not searched for numbers. The tables in
 * priv/fields.h and derive.c say for each field whether and how it is shown, and its value is checked: a known word, a
 * time, a number and so on (dnc-events(7), "Masked events"). Every other field is left out, so two events that
 * differ only in what is hidden have the same masked form. Ids become pseudonyms: UUIDs made of the id and a
 * secret key of the log, the same for one log wherever the event is shown. */
#pragma once
#include "event.h"

#define DNC_MASK_KEY_BYTES 32

/* A change of the table for one role: fields that it sees besides or does not see. It never changes and is
 * reference counted; any thread may use it. */
struct dnc_mask;

/* Compiles lists of fields, separated by commas or blanks: `provider`, `event_data.NAME`, `metadata.NAME`, or NAME,
 * which is a field of the top level or, if there is none, of both objects. Values of fields in SHOWS are shown if they
 * are a boolean or a text or number with six digits at most, of any script; fields in HIDES are not shown, nor is
 * what is derived from those of event_data (derivation.c): the severity that follows from one is "info". Returns a
 * new reference, to be dropped with dnc_mask_unref(), or NULL with ERR (EINVAL, or DNC_ERROR_NO_MEMORY). */
const struct dnc_mask *dnc_mask_new(
	struct dnc_str shows, struct dnc_str hides, struct dnc_error *err);

/* Adds a reference to M, of which the caller has one, and returns it. NULL gives NULL. */
const struct dnc_mask *dnc_mask_ref(const struct dnc_mask *m);

/* Drops a reference; the last one frees M. NULL is allowed. */
void dnc_mask_unref(const struct dnc_mask *m);

/* The two lists, in the order given, separated by ", ". Borrowed from M; empty if M is NULL. */
struct dnc_str dnc_mask_shows(const struct dnc_mask *m);
struct dnc_str dnc_mask_hides(const struct dnc_mask *m);

/* Those of the hidden fields that masked events do not show anyhow, which may be spelled wrong. As above. */
struct dnc_str dnc_mask_idle(const struct dnc_mask *m);

/* True if A and B, which may be NULL, change the table in the same way. */
bool dnc_mask_same(const struct dnc_mask *a, const struct dnc_mask *b);

/* True if a masked event of TYPE may have something at the dotted PATH ("event_data.reason"), as filters name it. */
bool dnc_mask_may_show(const struct dnc_mask *m, enum dnc_type type, struct dnc_str path);

/* How a view masks; all borrowed. */
struct dnc_masking {
	const struct dnc_mask *mask; /* NULL: as the table says */
	const unsigned char *key;    /* DNC_MASK_KEY_BYTES: dnc_journal_mask_key() */
};

/* Appends the masked form of E to OUT, and sets MASKED to it: whatever is matched with a masked view must be matched
 * with MASKED, whose phone_number, provider and so on (p is NULL if it is not shown) and dnc_event_doc() are what the
 * client sees. R is the reader of MASKED, not that of E. Neither E nor the result is parsed. The masked form is a
 * canonical line, shorter than DNC_EVENT_MAX_BYTES. MASKED points into OUT and is valid until OUT changes. Returns -1
 * if there is no memory. */
int dnc_event_mask(struct dnc_event_reader *r, struct dnc_buf *out, const struct dnc_event *e,
	const struct dnc_masking *how, struct dnc_event *masked);
