/* messages.h - messages of the hub to a client, besides events (dnc-wsd(8), "Messages"). ID is the raw JSON of
 * the request's `id`, empty if it had none. */
#pragma once
#include "base/err.h"
#include "others.h"
#include "session.h"

void send_established(struct session *s);
void send_renewed(struct session *s, struct dnc_str id);
enum dnc_sent send_confirmed(struct session *s, struct dnc_str id);
void send_error(struct session *s, struct dnc_str id, const struct dnc_error *err);
void send_pong(struct session *s, struct dnc_str id);
void send_stats(struct session *s, struct dnc_str id);

/* Notifies the client that it lags by BEHIND events because of REASON; 0: it has caught up. */
void send_held_back(struct session *s, const char *reason, uint64_t behind);

/* The connection ends: the client is to go to one of OTHERS, or to come back after RETRY_MS. */
void send_shutdown(struct session *s, unsigned retry_ms, struct others *others);
void send_hubs(struct session *s, struct others *others);

/* Of the hub's transport; CONN is a session. */
enum dnc_sent send_over_budget(void *conn, uint64_t from);
enum dnc_sent send_epoch(void *conn, const struct dnc_epoch *epoch);
enum dnc_sent send_gap(void *conn, uint64_t from, uint64_t to, const char *reason);
