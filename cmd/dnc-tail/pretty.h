/* pretty.h - one event as a line for people. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "event/event.h"

/* Appends time (UTC), severity, type, number and summary; control characters become "?", because
 * text from upstream must not steer a terminal. No newline. */
void pretty_event(struct dnc_buf *out, const struct dnc_event *event, bool color);
