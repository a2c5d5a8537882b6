/* derivation.h - what is derived from a field of event_data, and so is hidden with it. Thread safe. */
#pragma once
#include "shown.h"

/* Gets the member NAME of OBJECT in events of TYPES, a bit each (T()). NAME is constant. */
typedef void derivation_each(
	void *ctx, unsigned types, enum dnc_object object, struct dnc_str name);

/* Calls EACH for what says something about FIELD; for some more than once. dnc_fields_init() must have run. */
void derivation_of(struct dnc_str field, derivation_each *each, void *ctx);
