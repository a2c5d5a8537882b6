/* hubs.h - what the journal does with the list of hubs. */
#pragma once
#include "log/hubs.h"

enum hubs_duty {
	HUBS_NOTHING, /* this hub has left, or the others never knew it */
	HUBS_SHOW,    /* it is to be shown to the others */
	HUBS_HIDE,    /* it ends, and they know it */
};

/* NULL when there is no memory. */
struct dnc_hubs *hubs_new(void);

/* NULL is allowed. */
void hubs_free(struct dnc_hubs *h);

/* This hub ends. */
void hubs_leave(struct dnc_hubs *h);

/* What is to be told of this hub now; *CONNECTIONS is how many it has. After HUBS_SHOW the others may know it, until hubs_hidden(). */
enum hubs_duty hubs_next(struct dnc_hubs *h, int64_t *connections);

/* Replaces the list by N rows; addresses that nobody may be told are left out, and so are rows beyond DNC_HUBS_MAX. */
void hubs_replace(struct dnc_hubs *h, const struct dnc_hubs_row *rows, size_t n);

/* The others do not know this hub any more, or can't be told. */
void hubs_hidden(struct dnc_hubs *h);
