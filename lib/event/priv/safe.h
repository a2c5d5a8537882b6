/* safe.h - values of fields in masked views: checked, and written anew where their form could hold more than they say.
 * One struct safe is for one event. */
#pragma once
#include "shown.h"

/* The pseudonyms of one event that were made last: metadata repeats the ids of event_data. */
enum { SAFE_PSEUDONYMS = 4 };

struct safe {
	enum dnc_type type;
	const unsigned char *key; /* DNC_MASK_KEY_BYTES */
	struct {
		struct dnc_str of, domain;
		char uuid[DNC_UUID_LEN];
	} made[SAFE_PSEUDONYMS];
	unsigned pseudonyms; /* made so far */
};

/* Appends the JSON value RAW, as a canonical line has it, in the way SHOWN, or returns false, with OUT unchanged, if it
 * does not pass the check. */
bool safe_write(struct safe *s, struct dnc_buf *out, struct dnc_shown shown, struct dnc_str raw);

/* As safe_write(), for VALUE, a text of the top level, which is written as a JSON string. SHOWN is SHOW_PHONE, SHOW_PROVIDER
 * or SHOW_LITERAL. */
bool safe_write_top(
	const struct safe *s, struct dnc_buf *out, struct dnc_shown shown, struct dnc_str value);

/* Appends the pseudonym of TEXT in DOMAIN, whose first 16 bytes go into the keyed hash, and which must outlive S. An event's
 * own id has the domain "", and no field has it: else whoever may publish could write guesses of ids into the fields of one
 * event, and compare their pseudonyms with the ids of others. */
void safe_write_pseudonym(
	struct safe *s, struct dnc_buf *out, struct dnc_str domain, struct dnc_str text);

/* MS in whole seconds, because the digits of a fraction may be anything. 0 if it is not in the years 1900 to 2199: digits
 * of a number could be read as another year. */
int64_t safe_time(int64_t ms);
