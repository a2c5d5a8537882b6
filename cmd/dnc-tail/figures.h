/* figures.h - what a stream measures for its status. */
#pragma once
#include "stream_state.h"

/* Asks the hub for its figures. */
void figures_ask(struct stream *s);

/* The hub has answered: it is at POSITION, LAG events behind. */
void figures_answer(struct stream *s, uint64_t position, uint64_t lag);

/* TEXT is an event that was logged while the client waited for it: it says how long it took. */
void figures_latency(struct stream *s, struct dnc_str text);
