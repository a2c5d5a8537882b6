/* list_fields.h - what the records of a full list say beside their numbers, which is all that a set keeps. */
#pragma once
#include "ingest.h"
#include "list.h"
#include "source/source.h"

/* Says which fields of the stream S are not used, by its columns or else by EVENT, its first event. */
void list_fields_note(const struct dnc_stream *s, const struct dnc_source *source,
	const struct dnc_event *event, const struct list *list);

/* True if the suppression EVENT has expired by NOW_MS; EXPIRY is then the time as it is written, in EVENT's document. */
bool list_fields_expired(const struct dnc_event *event, int64_t now_ms, struct dnc_str *expiry);
