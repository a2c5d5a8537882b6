/* cloudevent.h - an event as a CloudEvent. Thread safe. */
#pragma once
#include "event.h"

/* Appends E as a CloudEvents 1.0 object in JSON. Its source is /dnc/ and the provider, or "hub";
 * its subject is the number; sequence and severity are extensions; data is the event unchanged. */
void dnc_event_write_cloudevent(struct dnc_buf *out, const struct dnc_event *e);
