/* cloudevent.h - an event in the form that CloudEvents prescribes. Thread safe. */
#pragma once
#include "event.h"

/* A CloudEvents 1.0 object in JSON: source is /dnc/<provider, or hub>, subject the number, sequence
 * and severity are extensions, data is the event as it is. */
void dnc_event_write_cloudevent(struct dnc_buf *out, const struct dnc_event *e);
