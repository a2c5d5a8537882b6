/* deliver.h - moves one subscriber along the ring or, further back, along the log. */
#pragma once
#include "hub.h"

struct chunk;
struct search;

/* Gives S its turn: sends what it may have and its transport accepts, within bounds. What is left puts it on the work
 * list, as does a costly filter: so many of them can't get turns at once. Between hub_enter() and hub_exit(). */
void deliver(struct dnc_subscriber *s);

/* Gives S, the first of the work list, its turn. */
void deliver_in_turn(struct dnc_subscriber *s);

/* The log's answers: struct replay's ARRIVED with a hub as CTX, and struct search's FOUND, which frees SEARCH. */
void on_chunk(void *ctx, const struct chunk *c);
void on_found(struct search *search);
