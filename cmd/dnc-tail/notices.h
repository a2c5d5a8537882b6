/* notices.h - what is said about the connection, on standard error. Each outage is told once. */
#pragma once
#include "connection.h"

/* The connection to FAILED, or an attempt, was lost because of WHY; the hub that C has now is next. */
void notice_lost(struct connection *c, struct hub *failed, const char *why);

/* The same, and it is the last one. */
void notice_end(const struct connection *c, const struct address *address, const char *why);

/* The hub has accepted the subscription. */
void notice_confirmed(struct connection *c);
