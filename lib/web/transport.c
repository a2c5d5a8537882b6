/* transport.c - how the hub reaches sessions. */
#include "priv/messages.h"
#include "priv/requests.h"
#include "priv/session_audit.h"
#include "web.h"

static enum dnc_sent put(void *conn, const void *frames, size_t n)
{
	return conn_put(conn, frames, n);
}

static void soon(void *conn)
{
	enum { LINE = 64, HOT = 640 }; /* what a write reads of the library's connection */
	const struct session *s = conn;

	for (size_t at = 0; at < HOT; at += LINE)
		__builtin_prefetch((const char *)s->conn.wsi + at);
}

static enum dnc_sent started(void *conn)
{
	struct session *s = conn;

	requests_answer_superseded(s);
	if (!conn_accepts(&s->conn))
		return DNC_SENT_DEAD;
	audit_subscription(s, "subscribed");
	return send_confirmed(s, dnc_buf_view(&s->pending_id));
}

static void failed(void *conn)
{
	struct session *s = conn;

	conn_close(&s->conn, CLOSE_LOG);
}

const struct dnc_transport dnc_web_transport = {
	put, soon, send_gap, send_epoch, send_over_budget, started, failed};
