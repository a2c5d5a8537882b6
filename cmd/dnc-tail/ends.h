/* ends.h - where a stream ends: -e, --until, --timeout and --fail-on-gap. */
#pragma once
#include "stream_state.h"

/* Ends S with RC; 0 becomes 3 if events are missing and --fail-on-gap is given. */
void stream_stop(struct stream *s, enum dnc_exit rc);

/* True once the time of --until has come, until it is known what was logged then. */
bool ends_must_find_bound(const struct stream *s);

/* The stream ends after event SEQ, unless it ends before. */
void ends_after(struct stream *s, uint64_t seq);

/* The subscription is confirmed: from here on the hub is asked how far it is. */
void ends_find(struct stream *s);

/* Asks again in a while, when that may be of use. */
void ends_ask_again(struct stream *s);

/* Events are missing, which was told. */
void ends_gap(struct stream *s);

/* Starts to watch for --timeout, if it is given. */
void ends_watch(struct stream *s);
