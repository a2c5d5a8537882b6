#include "web/http/upgrade.h"
#include <string.h>
#include "web/http/access.h"
#include "web/http/connection.h"
#include "web/http/handshake.h"
#include "web/http/reply.h"
#include "web/priv/requests.h"
#include "web/priv/sessions.h"
#include "web/web.h"

static unsigned rendering_of(const struct handshake *h)
{
	return (strcmp(h->protocol, "cloudevents.json") == 0 ? DNC_CLOUDEVENT : 0) |
	       (h->deflates ? DNC_DEFLATED : 0);
}

static int switch_protocols(struct http_request *r, struct handshake *h)
{
	struct http_connection *c = r->connection;
	if (h->deflates)
		dnc_buf_chr(&h->extensions, '\0');
	const struct extra_header extensions = {"sec-websocket-extensions:", h->extensions.p, NULL},
				  protocol = {"sec-websocket-protocol:", h->protocol,
					  h->deflates ? &extensions : NULL},
				  accept = {"sec-websocket-accept:", h->accept,
					  h->protocol_named ? &protocol : protocol.more},
				  upgrade = {"upgrade:", "websocket", &accept},
				  connection = {"connection:", "Upgrade", &upgrade};

	return dnc_buf_ok(&h->extensions) ? http_reply(c, 101, NULL, NULL, &connection) : -1;
}

/* PRINCIPAL is NULL if the first message must authenticate the client. */
static int open_session(
	struct http_request *r, struct handshake *h, const struct principal *principal)
{
	struct http_connection *c = r->connection;
	struct session *s = session_new(r->context->sessions, &c->session,
		&(struct session_source){
			c->wsi, &wire_ws, rendering_of(h), r->address, &c->admission});

	if (!s || switch_protocols(r, h) < 0)
		return HTTP_HANG_UP;
	c->phase = HTTP_PHASE_SESSION;
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0); /* heartbeats from here on */
	return requests_open(s, principal, r->head->query) < 0 ? HTTP_HANG_UP : HTTP_LATER;
}

static int upgrade(struct http_request *r, struct handshake *h)
{
	enum identity_verdict verdict;

	if (h->status != 101)
		return http_problem(r->connection, h->status, h->fault);
	verdict = identity_of_request(
		r->context->identity, r->head, TICKET_SUBPROTOCOL, r->address, &r->principal);
	if (verdict != IDENTITY_KNOWN && verdict != IDENTITY_NONE)
		return access_refuse(r->connection, verdict);
	return open_session(r, h, verdict == IDENTITY_KNOWN ? &r->principal : NULL);
}

int upgrade_begin(struct http_request *r)
{
	struct handshake handshake;
	int rc;

	if (r->context->draining)
		return http_problem(r->connection, 503, http_draining);
	if (r->only_head || !http_head_has_token(r->head, DNC_STR("upgrade"), DNC_STR("websocket")))
		return http_problem(r->connection, 426,
			"this path is a WebSocket: send Upgrade: websocket and the subprotocol dnc.v1");
	if (r->head->http_1_0) /* RFC 6455 section 4.2.1 */
		return http_problem(r->connection, 400,
			"a WebSocket needs HTTP/1.1: send the request in that version");
	handshake_read(r->head, r->context->options->compress, &handshake);
	rc = upgrade(r, &handshake);
	handshake_free(&handshake);
	return rc;
}
